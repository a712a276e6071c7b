"""The scale of series read as text: running mean and mean absolute deviation, at every single value."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Float64, Int
from torch import Tensor


@dataclass(frozen=True, eq=False)
class DeviationScale:
    """What normalises the value after each value.

    Attributes:
        location: The mean of the values so far, in the unit of the series.
        unit: Their mean absolute deviation; zero where all are equal.
        count: How many observed values both come from.
    """

    location: Float64[Tensor, "lanes time"]
    unit: Float64[Tensor, "lanes time"]
    count: Float64[Tensor, "lanes time"]

    def normalise(self, values: Float[Tensor, "lanes time *rest"]) -> Float64[Tensor, "lanes time *rest"]:
        """(values - location) / unit; where the unit is zero the difference alone."""
        rest = [1] * (values.dim() - 2)
        divisor = torch.where(self.unit > 0, self.unit, 1.0)
        return (values.double() - self.location.view(*self.location.shape, *rest)) / divisor.view(*divisor.shape, *rest)

    def restore(self, normal: Float[Tensor, "lanes time *rest"]) -> Float64[Tensor, "lanes time *rest"]:
        """Values * unit + location, the way back to the unit of the series."""
        shape = (*self.unit.shape, *[1] * (normal.dim() - 2))
        return normal.double() * self.unit.view(shape) + self.location.view(shape)

    def since(self, index: int) -> "DeviationScale":
        """The scale from one value on."""
        return DeviationScale(self.location[:, index:], self.unit[:, index:], self.count[:, index:])

    def select(self, lanes: Int[Tensor, "picked"]) -> "DeviationScale":
        """The scale of some lanes, which may be named more than once."""
        return DeviationScale(self.location[lanes], self.unit[lanes], self.count[lanes])


def deviation_scale(values: Float[Tensor, "lanes time"], observed: Bool[Tensor, "lanes time"]) -> DeviationScale:
    """The running mean, and the mean absolute deviation from it, at every single value: linear in time.

    Each value counts with its distance from the mean of its own time, so that nothing has to be gone over again. Values
    are measured from the lane's first one, so that equal values differ by exactly zero.
    """
    first = observed.to(torch.uint8).argmax(1, keepdim=True)
    origin = torch.where(observed.any(1, keepdim=True), values.double().gather(1, first), 0.0)
    moved = torch.where(observed, values.double() - origin, 0.0)
    count = observed.cumsum(1).double()
    mean = moved.cumsum(1) / count.clamp(min=1)
    deviation = torch.where(observed, (moved - mean).abs(), 0.0).cumsum(1) / count.clamp(min=1)
    return DeviationScale(mean + origin, deviation, count)
