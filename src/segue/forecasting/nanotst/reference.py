"""The reference forecast: the best of three naive forecasts of the next patch, which the network corrects.

Where repeating the cycle has been the better naive forecast over a patch, it is the reference. The network then
corrects seasonal naive in units of its mean error, as MASE does, instead of drawing the cycle itself. For lanes without
direction (white noise, rare sales) the mean is the best of the three: the last value is one draw, as far from the next
as any other. So the mean is the reference where neither the cycle nor the last value is clearly nearer.
Without this choice a network cannot know how much of the last cycle is chance, and repeats the cycle even in white
noise (docs/lab-notebook.md).
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Float64
from torch import Tensor

from segue.forecasting.nanotst.cycles import Cycle
from segue.forecasting.nanotst.past import Past, shifted
from segue.forecasting.nanotst.scaling import Scale, faded_sum

_CLEARLY = 0.8  # of the error of the mean: a smaller error lets the last value or the cycle replace it
_DOUBT = 4.0  # values: over the count of values, it is added to the above, since the mean of a few may not last
_FINEST = 0.01  # of the mean step: the least unit, since even an exact repetition is not trusted further
_AHEAD = (1, 3, 5, 7)  # eighths of a patch: the distances, besides one step, at which the last value is judged


@dataclass(frozen=True, eq=False)
class Reference:
    """The reference of predictions: they are distances from a path, in a unit; both are in the unit of the series.

    Attributes:
        path: The naive forecast of the patch after each patch.
        unit: Its mean absolute error so far; zero where all values so far are equal.
        count: The number of observed values so far.
    """

    path: Float64[Tensor, "lanes tokens patch"]
    unit: Float64[Tensor, "lanes tokens"]
    count: Float64[Tensor, "lanes tokens"]

    @property
    def divisor(self) -> Float64[Tensor, "lanes tokens 1"]:
        """The unit, or one where the unit is zero."""
        return torch.where(self.unit > 0, self.unit, 1.0)[..., None]

    def normalise(self, following: Float[Tensor, "lanes tokens patch"]) -> Float64[Tensor, "lanes tokens patch"]:
        """Returns (values - path) / unit, or the difference alone where the unit is zero."""
        return (following.double() - self.path) / self.divisor

    def restore(self, normal: Float[Tensor, "lanes tokens patch *rest"]) -> Float64[Tensor, "lanes tokens patch *rest"]:
        """Returns values * unit + path, which are in the unit of the series."""
        rest = [1] * (normal.dim() - 3)
        return normal.double() * self.unit.view(*self.unit.shape, 1, *rest) + self.path.view(*self.path.shape, *rest)

    def since(self, token: int) -> "Reference":
        """Returns the reference from one patch on."""
        return Reference(self.path[:, token:], self.unit[:, token:], self.count[:, token:])


@dataclass(frozen=True, eq=False)
class Choice:
    """The naive forecast that is the reference of each patch: the last value unless it is one of the others.

    Attributes:
        mean: True where the reference is the mean.
        seasonal: True where the reference is the last cycle.
        unit: The mean absolute error of the reference.
    """

    mean: Bool[Tensor, "lanes tokens"]
    seasonal: Bool[Tensor, "lanes tokens"]
    unit: Float64[Tensor, "lanes tokens"]


def choose_reference(
    past: Past,
    local: Scale,
    mean_error: Float64[Tensor, "lanes tokens"],
    cycle: Cycle,
    copy_error: Float64[Tensor, "lanes tokens"],
) -> Choice:
    """Compares the errors of the three naive forecasts up to each patch.

    Args:
        past: The lanes.
        local: Last value and mean step at each patch.
        mean_error: The mean distance of a value from the mean of the others.
        cycle: The cycle whose repetition is compared.
        copy_error: The mean distance of a value from the one a cycle before.
    """
    nearest = torch.minimum(local.unit, copy_error)
    mean = (_CLEARLY + _DOUBT / past.count.clamp(min=1)) * mean_error < nearest
    seasonal = ~mean & cycle.present & (copy_error < persistence_error(past, cycle, local))
    unit = torch.maximum(torch.where(seasonal, copy_error, mean_error), _FINEST * local.unit)
    return Choice(mean, seasonal, torch.where(seasonal | mean, unit, local.unit))


def persistence_error(past: Past, cycle: Cycle, local: Scale) -> Float64[Tensor, "lanes tokens"]:
    """The mean of |x[t] - x[t - ahead]| over one step and some parts of a patch, those shorter than the cycle.

    Over one step the last value is a good forecast of any smooth lane, however large its cycle. A patch is many steps,
    and in the middle of a smooth cycle the error of the last value is largest. A part longer than the cycle would not
    be fair: of two values of a random walk the nearer one is the better forecast, whether or not they are a cycle
    apart. A part does not count where no two observed values lie so far apart. One step goes from value to value,
    across gaps, as in `local.unit`. All means fade with time as running scales do.
    """
    total, number = local.unit, torch.ones_like(local.unit)
    for ahead in sorted({eighths * past.patch // 8 for eighths in _AHEAD} - {0, 1}):
        gap = (past.known - shifted(past.known, ahead, torch.nan)).abs()
        paired = ~gap.isnan()
        moved = faded_sum(past.by_patch(torch.where(paired, gap, 0.0)).sum(-1), past.patch)
        pairs = faded_sum(past.by_patch(paired.double()).sum(-1), past.patch)
        usable = (pairs > 0) & (cycle.length > ahead)
        total = total + torch.where(usable, moved / torch.where(pairs > 0, pairs, 1.0), 0.0)
        number = number + usable
    return total / number
