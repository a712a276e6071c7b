"""How long a translation may get, learnt from the pairs, so that nothing like them is ever cut off."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from segue.translate.data.batches import Example

_ROOM = 20


@dataclass(frozen=True)
class Lengths:
    """A line over the lengths of all training pairs: what a model writes for a source ends there at the latest."""

    ratio: float = 2.0
    """Target tokens for each token of the source, END included on both sides ..."""
    extra: int = _ROOM
    """... and so many beyond."""

    @classmethod
    def of(cls, examples: Sequence[Example]) -> "Lengths":
        """Twice the mean ratio; and beyond it as many tokens as the farthest pair lies above that, and 20 of room.

        The mean makes the line follow sources longer than any in training, and one odd pair does not tilt it.
        """
        lengths = [(len(source), len(target) - 1) for source, target in examples]  # BEGIN is not written
        ratio = 2 * sum(target for _, target in lengths) / sum(source for source, _ in lengths)
        above = max(target - ratio * source for source, target in lengths)
        return cls(ratio, _ROOM + max(0, math.ceil(above)))
