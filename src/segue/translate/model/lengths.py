"""The limit of the length of an output, learnt from the training pairs, with room for all of them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from segue.errors import UserError

if TYPE_CHECKING:
    from segue.translate.data.batches import Example

_ROOM = 20
_MOST_RATIO, _MOST_EXTRA = 1e6, 10**6  # a decoder that never ends a sentence goes on up to the limit


@dataclass(frozen=True)
class Lengths:
    """A line above the lengths of all training pairs: an output for a source has at most so many tokens."""

    ratio: float = 2.0
    """Target tokens for each token of the source, END included on both sides."""
    extra: int = _ROOM
    """Target tokens beyond that."""

    def __post_init__(self) -> None:
        require_limits(self.ratio, self.extra, ("ratio", "extra"))

    @classmethod
    def of(cls, examples: "Sequence[Example]") -> "Lengths":
        """Twice the mean ratio, and as many extra tokens as the longest pair needs above that, with 20 to spare.

        The slope follows the mean. So it also suits sources longer than any in training, and one odd pair hardly
        changes it.
        """
        lengths = [(len(source), len(target) - 1) for source, target in examples]  # BEGIN is not part of an output
        ratio = 2 * sum(target for _, target in lengths) / sum(source for source, _ in lengths)
        above = max(target - ratio * source for source, target in lengths)
        return cls(ratio, _ROOM + max(0, math.ceil(above)))


def require_limits(ratio: float | None, extra: int | None, names: tuple[str, str]) -> None:
    """Refuses a ratio or a number of extra tokens that no output needs; `None` is always allowed.

    Raises:
        UserError: A number is out of range; the message gives its name.
    """
    if ratio is not None and not 0 <= ratio <= _MOST_RATIO:
        raise UserError(names[0], ratio, f"give a number from 0 to {_MOST_RATIO:,.0f}")
    if extra is not None and not 0 <= extra <= _MOST_EXTRA:
        raise UserError(names[1], extra, f"give a whole number from 0 to {_MOST_EXTRA:,}")
