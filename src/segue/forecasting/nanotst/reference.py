"""The reference forecast: a mean of naive forecasts, weighted by their errors, which the network corrects.

The naive forecasts are the last value, the mean, and the repetition of each of two cycles. The variogram shows how
large their errors have been at each lead time, and the better ones have nearly all of the weight. Weights change
smoothly with errors, so one more value cannot change a forecast abruptly. They depend on the lead time alone, so a
longer horizon does not change nearer steps. The network predicts distances from the reference in units of the
reference's error, as MASE does with seasonal naive. So the network need not learn the cycle itself.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Float64, Int
from torch import Tensor

from segue.forecasting.nanotst.cycles import Cycle
from segue.forecasting.nanotst.past import Past
from segue.forecasting.nanotst.scaling import Scale, step_scale
from segue.forecasting.nanotst.variogram import LAGS, Variogram

FARTHEST = 8.0  # squashed units: the largest distance of a prediction from the reference, sinh(8) = 1,490 units

# Weights fall with this power of the squared error: for white noise, the mean weighs 0.94 and the last value 0.06. With
# 2 or 8 the reference alone errs by 0.7 or 1.3 % more (41 validation tasks, docs/notebook/forecasting.md).
_SHARPNESS = 4.0
_FINEST = 0.01  # share of the mean step: the least error, because even an exact repetition may end
_TINY = 1e-30  # squared units of the lane: far below every error, and still above zero in single precision
_LEAST_PAIRS = 2  # pairs that a past without gaps has: longer lags take the variogram of the longest such lag
_PRIOR_PAIRS = 1.0  # pairs of lag 1 added to those of each lag, so that two values alike by chance prove little


@dataclass(frozen=True, eq=False)
class Reference:
    """The origin and the unit of predictions: a prediction is a distance from `path`, divided by `unit`.

    Attributes:
        path: The reference forecast of the patch after each patch, in the unit of the series.
        unit: Its root mean square error so far at each lead time, in the same unit; zero if all values so far agree.
        count: The number of observed values so far.
    """

    path: Float64[Tensor, "lanes tokens patch"]
    unit: Float64[Tensor, "lanes tokens patch"]
    count: Float64[Tensor, "lanes tokens"]

    @property
    def divisor(self) -> Float64[Tensor, "lanes tokens patch"]:
        """The unit, or one where the unit is zero."""
        return torch.where(self.unit > 0, self.unit, 1.0)

    def normalise(self, following: Float[Tensor, "lanes tokens patch"]) -> Float64[Tensor, "lanes tokens patch"]:
        """Returns (values - path) / unit, or the difference alone where the unit is zero."""
        return (following.double() - self.path) / self.divisor

    def restore(self, normal: Float[Tensor, "lanes tokens patch *rest"]) -> Float64[Tensor, "lanes tokens patch *rest"]:
        """Returns values * unit + path, which are in the unit of the series."""
        rest = [1] * (normal.dim() - 3)
        return normal.double() * self.unit.view(*self.unit.shape, *rest) + self.path.view(*self.path.shape, *rest)

    def since(self, token: int) -> "Reference":
        """Returns the reference from one patch on."""
        return Reference(self.path[:, token:], self.unit[:, token:], self.count[:, token:])


@dataclass(frozen=True, eq=False)
class NaiveErrors:
    """The squared errors of the naive forecasts at the steps of the patch after each patch, in the lane's squared unit.

    Attributes:
        last: Of the last value.
        mean: Of the running mean.
        cycle: Of the repetition of the first cycle; infinite where there is none.
        other: The same for the other cycle.
    """

    last: Float[Tensor, "lanes tokens patch"]
    mean: Float[Tensor, "lanes tokens patch"]
    cycle: Float[Tensor, "lanes tokens patch"]
    other: Float[Tensor, "lanes tokens patch"]

    def stacked(self) -> Float[Tensor, "lanes tokens patch 4"]:
        """Returns the errors side by side, in the order of the fields."""
        return torch.stack([self.last, self.mean, self.cycle, self.other], dim=-1)


def naive_errors(past: Past, differences: Variogram, overall: Scale, cycle: Cycle, other: Cycle) -> NaiveErrors:
    """Reads the errors of naive forecasts from the variogram.

    At lead time h, the error of the last value is the difference of values h apart. The error of a cycle is that of
    values whole cycles apart, as many cycles as the lead time needs; beyond the longest lag, one cycle. The error of
    the mean is computed at the middle step of the patch, and holds for all of its steps: the mean of the variogram over
    all lags from h on, where h is at most half of the past, less the variance of the values. This also holds for trends
    and random walks, whose deviation from their own mean says too little. The error is at least that variance.

    Args:
        past: The lanes.
        differences: Their variograms.
        overall: The running deviation.
        cycle: The cycle of each patch.
        other: The other cycle.
    """
    scales = step_scale(past), overall
    step, variance = (
        (scale.unit / differences.unit).square().to(differences.square.dtype)[..., None] for scale in scales
    )
    pairs = differences.pairs
    total = differences.square * pairs
    prior = torch.where(pairs[..., 1:2] > 0, differences.square[..., 1:2], step)  # gaps may leave no neighbours
    square = (total + prior * _PRIOR_PAIRS) / (pairs + _PRIOR_PAIRS)
    lead = lead_times(past)
    longest = (past.age - _LEAST_PAIRS).clamp(1, LAGS - 1)[..., None]

    def at_lag(values: Tensor, lag: Int[Tensor, "lanes tokens patch"]) -> Tensor:
        return values.gather(-1, torch.minimum(lag, longest))

    def repeated(length: Int[Tensor, "lanes tokens"]) -> Tensor:
        span = length.clamp(min=1)[..., None]
        cycles = (lead + span - 1) // span
        reach = torch.where(cycles * span < LAGS, cycles * span, span)
        known = (length[..., None] > 0) & (at_lag(pairs, reach) > 0)
        return torch.where(known, at_lag(square, reach), torch.inf)

    # the lags that give the error of the mean at the middle step; the shortest is at most half of the past
    middle = torch.minimum(lead[..., past.patch // 2], (past.age // 2).clamp(min=1))[..., None]
    lags = torch.arange(LAGS, device=lead.device) >= middle
    later, counted = (torch.where(lags, part, 0.0).sum(-1, keepdim=True) for part in (total, pairs))
    mean = later / torch.where(counted > 0, counted, 1.0) - variance
    mean = torch.maximum(mean, variance).expand_as(lead)
    return NaiveErrors(at_lag(square, lead), mean, repeated(cycle.length), repeated(other.length))


def lead_times(past: Past) -> Int[Tensor, "lanes tokens patch"]:
    """The steps from the newest value to each step of the patch after each patch, at least one."""
    tokens, size = past.newest_of_patch.shape[1], past.patch
    target = torch.arange(size, (tokens + 1) * size, device=past.newest.device).view(tokens, size)
    newest = past.newest_of_patch
    newest = torch.where(newest >= 0, newest, target[:, 0] - 1)  # padding before a lane adds no lead time
    return (target - newest[..., None]).clamp(1, LAGS - 1)


def weighted_reference(
    past: Past, local: Scale, errors: NaiveErrors, unit: Float64[Tensor, "lanes 1"], forecasts: list[Tensor]
) -> tuple[Reference, Float64[Tensor, "lanes tokens patch"]]:
    """Weighs the naive forecasts by their errors.

    Args:
        past: The lanes.
        local: Last value and mean step at each patch.
        errors: The squared errors of the naive forecasts.
        unit: The unit of these errors.
        forecasts: The naive forecasts (lanes, tokens, patch) in the same order, less the lane's first value.

    Returns:
        The reference, and its path less the lane's first value.
    """
    least = (_FINEST * local.unit / unit).square().to(errors.last.dtype)[..., None, None]
    squares = torch.maximum(errors.stacked(), least)
    weight = (-_SHARPNESS * squares.clamp(min=_TINY).log()).softmax(-1)
    mean_square = (weight * torch.where(weight > 0, squares, 0.0)).sum(-1).double()
    path = (weight.double() * torch.stack(forecasts, dim=-1)).sum(-1)
    return Reference(path + past.first[:, None, None], mean_square.sqrt() * unit[..., None], past.count), path
