"""The observed values of each lane, laid out once for all features that look back at them."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Float64, Int
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Past:
    """Lanes of values, step by step and patch by patch.

    Values are differences from the lane's first value. So equal values differ by exactly zero, and a ripple on a huge
    level keeps its digits.

    Attributes:
        known: The values less the lane's first value; NaN where not observed.
        held: The same values; the newest one so far replaces a value not observed; zero before the lane begins.
        seen: True where a value is observed.
        weight: `seen` as numbers: 1 where a value is observed, else 0.
        first: The lane's first observed value, in the unit of the series; zero if there is none.
        begin: The index of the first observed value; `time` if there is none.
        newest: The index of the newest observed value at each step; -1 before there is one.
        patch: Steps of a patch.
    """

    known: Float64[Tensor, "lanes time"]
    held: Float64[Tensor, "lanes time"]
    seen: Bool[Tensor, "lanes time"]
    weight: Float64[Tensor, "lanes time"]
    first: Float64[Tensor, "lanes"]
    begin: Int[Tensor, "lanes"]
    newest: Int[Tensor, "lanes time"]
    patch: int

    @property
    def newest_of_patch(self) -> Int[Tensor, "lanes tokens"]:
        """The index of the newest observed value at the end of each patch."""
        return self.by_patch(self.newest)[..., -1]

    @property
    def last(self) -> Float64[Tensor, "lanes tokens"]:
        """The newest value at the end of each patch, less the lane's first value."""
        return self.by_patch(self.held)[..., -1]

    @property
    def count(self) -> Float64[Tensor, "lanes tokens"]:
        """The number of values observed up to the end of each patch."""
        count: Tensor = self.by_patch(self.weight).sum(-1).cumsum(1)
        return count

    @property
    def age(self) -> Int[Tensor, "lanes tokens"]:
        """The number of steps from the first to the newest observed value, both included, at each patch."""
        return (self.newest_of_patch - self.begin[:, None] + 1).clamp(min=0)

    def by_patch(self, steps: Tensor) -> Tensor:
        """Reshapes (lanes, time) to (lanes, tokens, patch)."""
        patches: Tensor = steps.unflatten(1, (-1, self.patch))
        return patches


def past_of(patches: Float[Tensor, "lanes tokens patch"], observed: Bool[Tensor, "lanes tokens patch"]) -> Past:
    """Lays lanes out for features that look back.

    Args:
        patches: Values in the unit of the series.
        observed: False where a value is missing or to be predicted.
    """
    values, seen = patches.flatten(1).double(), observed.flatten(1)
    newest = newest_index(observed)
    begun = seen.any(1)
    index = seen.int().argmax(1)
    first = torch.where(begun, values.gather(1, index[:, None])[:, 0], 0.0)
    held = values.gather(1, newest.clamp(min=0)) - first[:, None]
    held = torch.where(newest >= 0, held, 0.0)
    known = torch.where(seen, held, torch.nan)
    begin = torch.where(begun, index, seen.shape[1])
    return Past(known, held, seen, seen.double(), first, begin, newest, patches.shape[2])


def newest_index(observed: Bool[Tensor, "lanes tokens patch"]) -> Int[Tensor, "lanes time"]:
    """The index of the newest observed value at each step: a running maximum, within patches and over them.

    ONNX has no running maximum. Within a patch, maxima over 2, 4, 8, ... steps give it. Over patches, a masked maximum
    gives it.
    """
    tokens, size = observed.shape[1], observed.shape[2]
    index = torch.arange(tokens * size, device=observed.device).unflatten(0, (-1, size))
    index = torch.where(observed, index, -1)
    span = 1
    while span < size:
        index = torch.maximum(index, F.pad(index[..., :-span], (span, 0), value=-1))
        span *= 2
    token = torch.arange(tokens, device=observed.device)
    earlier = torch.where(token[:, None] > token, index[:, None, :, -1], -1).amax(-1)
    return torch.maximum(index, earlier[..., None]).flatten(1)


def at(values: Tensor, index: Int[Tensor, "lanes *rest"]) -> Tensor:
    """Takes values (lanes, time) at the indices (lanes, ...) of each lane."""
    return values.gather(1, index.flatten(1)).view_as(index)


def shifted(steps: Tensor, count: int, fill: int | float) -> Tensor:
    """Moves steps (lanes, time) later by `count`, and puts `fill` in front."""
    return F.pad(steps[:, : steps.shape[1] - count], (count, 0), value=fill)
