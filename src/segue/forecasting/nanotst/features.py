"""What a lane did at the same place of its cycle before, looked up for every patch to predict.

A patch transformer must learn to find a cycle of any length in patches of one length, and to carry its values without
loss over hundreds of steps. Both are plain arithmetic. So each patch is told, beside its own values, how the lane went
on one cycle earlier and on average over the last few cycles, one longer cycle earlier, and how far it is now from where
it was a cycle ago. And where repeating the cycle has been the better naive forecast over a patch, predictions are
expressed in it: the network corrects seasonal naive in units of its mean error, which is how MASE counts, instead of
drawing the cycle itself. Without this, clean daily cycles are missed by several times the error of repeating them
(docs/lab-notebook.md).
Where neither the cycle nor the last value is clearly nearer than the mean of all, predictions are expressed in that;
and of every other reference each patch is told how far the mean lies from it. Without this, a network can't tell how
much of the last cycle is chance, and repeats it with white noise.

Everything follows from what was observed up to the end of the patch: nothing of the future leaks.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Float64
from torch import Tensor

from segue.forecasting.nanotst.cycles import LONGEST, Cycle, Past, find_cycles, past_of, power_of_two
from segue.forecasting.nanotst.level import mean_level
from segue.forecasting.nanotst.lines import HALF_LIVES, fitted_lines
from segue.forecasting.nanotst.persistence import persistence_error
from segue.forecasting.nanotst.reference import Reference
from segue.forecasting.nanotst.scaling import Scale

_CLEARLY = 0.8  # of the error of the mean: enough for the last value or the cycle to take its place
_DOUBT = 4.0  # values: so many times their share of all is added to it, as the mean of a few may be a passing one
_BETTER = 0.9  # of the shorter cycle's error: enough for the longer one to take its place
_FINEST = 0.01  # of the mean step: an exact repetition is not trusted more than so
_RECENT = 256  # steps over which the error of repeating a cycle is measured
_CYCLES = 4  # that the typical one is an average of, and twice as many in the long run
_OTHERS = 7


def told_size(patch: int) -> int:
    """How many numbers each patch is told."""
    return 6 * patch + _OTHERS + 2 * len(HALF_LIVES)


def recall(
    patches: Float[Tensor, "lanes tokens patch"],
    observed: Bool[Tensor, "lanes tokens patch"],
    local: Scale,
    precision: torch.dtype = torch.float64,
) -> tuple[Float64[Tensor, "lanes tokens told"], Reference]:
    """What each patch is told, and the best of three naive forecasts of the patch after it.

    Args:
        patches: Values in the unit of the series.
        observed: False where a value is missing or to be predicted.
        local: Last value and mean step at each patch.
        precision: In which cycles are sought.

    Returns:
        In the unit of the reference: the patch itself less what was there a cycle ago; what one cycle before the next
        patch, a typical cycle, and one cycle of the other length give for it, less the reference; how far the last
        cycle lay above the one before. Then the similarities of both cycles, whether there is one, whether it is the
        reference, the logarithm of the reference's error in mean steps, and whether the mean is the reference. Then
        the mean and the usual cycle, less the reference; and the levels, less the last value, and slopes a patch of
        lines through the recent past.
    """
    past = past_of(patches, observed, local, precision)
    cycle, error, other = _choose(past, *find_cycles(past))
    mean, distance = mean_level(past)
    steady = (_CLEARLY + _DOUBT / local.count.clamp(min=1)) * distance < torch.minimum(local.spread, error)
    seasonal = ~steady & cycle.found & (error < persistence_error(past, cycle, local))
    levels, slopes = fitted_lines(past)
    again, elsewhere = look_up(past, cycle), last_cycle(past, other)
    last = local.location - past.first[:, None]
    mean = torch.where(past.newest >= 0, mean, last)  # before there is a value, neither tells anything
    level = torch.where(steady, mean, last)[..., None]
    path = torch.where(seasonal[..., None], again.last, level)
    unit = torch.where(seasonal, error, distance).clamp(min=_FINEST * local.spread)
    unit = torch.where(seasonal | steady, unit, local.spread)
    divisor = torch.where(unit > 0, unit, 1.0)[..., None]
    relative = torch.where(unit > 0, unit / torch.where(local.spread > 0, local.spread, 1.0), 1.0)
    told = [
        residuals(past, cycle) / divisor,
        (again.last - path) / divisor * cycle.found[..., None],
        (again.typical - path) / divisor * cycle.found[..., None],
        (elsewhere - path) / divisor * other.found[..., None],
        again.drift[..., None] / divisor * cycle.found[..., None],
        torch.stack([cycle.similarity, other.similarity, cycle.found, seasonal, relative.log(), steady], dim=-1),
        (mean[..., None] - path) / divisor,
        (again.usual - path) / divisor * cycle.found[..., None],
        (levels - last[..., None]) * (past.newest >= 0)[..., None] / divisor,
        slopes * past.patch / divisor,
    ]
    return torch.cat(told, dim=-1), Reference(path + past.first[:, None, None], unit)


@dataclass(frozen=True, eq=False)
class Repetition:
    """What past cycles give for the patch after each patch, counted from the lane's first value as in `Past`.

    Attributes:
        last: The values one cycle before, or as many more as it takes to meet an observed one.
        typical: Mean departures of the last four from the mean of their cycle, on the level of the last one.
        usual: The same of the last eight.
        drift: How far the mean of the last cycle lies above that of the one before.
    """

    last: Float64[Tensor, "lanes tokens patch"]
    typical: Float64[Tensor, "lanes tokens patch"]
    usual: Float64[Tensor, "lanes tokens patch"]
    drift: Float64[Tensor, "lanes tokens"]


def look_up(past: Past, cycle: Cycle) -> Repetition:
    """What the last cycle was, and what it is in the mean of four and of eight; cycles not seen whole do not count."""
    length, newest = cycle.length.clamp(min=1)[..., None], past.newest[..., None]
    edge = newest + 1 - torch.arange(2 * _CYCLES + 1, device=length.device) * length  # where cycles begin, newest first
    sums, counts = (F.pad(part.cumsum(1), (1, 0)) for part in (past.known.nan_to_num(), past.seen.double()))
    total, count = (-_at(part, edge.clamp(min=0)).diff(dim=-1) for part in (sums, counts))
    mean, whole = total / count.clamp(min=1), edge[..., 1:] >= past.begin[:, None, None]  # of each cycle

    level = torch.where(whole, mean, torch.nan)
    last, place = last_cycle(past, cycle), _source(past, cycle)
    departure, number, means = torch.zeros_like(last), torch.zeros_like(last), list[Tensor]()
    for ago in range(2 * _CYCLES):
        value = _at(past.known, place.clamp(min=0)) - level[..., ago, None]
        number += ~value.isnan()
        departure += value.nan_to_num()
        place = place - length
        if ago + 1 in (_CYCLES, 2 * _CYCLES):
            means.append(torch.where(number > 0, mean[..., :1] + departure / number.clamp(min=1), last))
    drift = (mean[..., 0] - mean[..., 1]) * whole[..., 1] * (count[..., :2] > 0).all(-1)
    return Repetition(last, means[0], means[1], drift)


def last_cycle(past: Past, cycle: Cycle) -> Float64[Tensor, "lanes tokens patch"]:
    """Goes back whole cycles, up to eight: into the last one that is over, the one before it, and so on.

    Where a cycle was not seen or a value is missing, the others do; where all are, the newest value.
    """
    length, source = cycle.length.clamp(min=1)[..., None], _source(past, cycle)
    found = torch.full(source.shape, torch.nan, dtype=torch.float64, device=source.device)
    for ago in range(2 * _CYCLES):
        whole = past.newest[..., None] + 1 - (ago + 1) * length >= past.begin[:, None, None]
        value = _at(past.known, (source - ago * length).clamp(0, past.known.shape[1] - 1))
        found = torch.where(found.isnan() & whole, value, found)
        if not found.isnan().any():
            break
    newest = _at(past.known, past.newest[..., None].clamp(min=0)).nan_to_num()  # a lane not begun has none
    return torch.where(found.isnan(), newest, found)


def _source(past: Past, cycle: Cycle) -> Tensor:
    """Where, in the last cycle that is over, the values of the patch after each patch have their like."""
    tokens, size = past.newest.shape[1], past.patch
    length, newest = cycle.length.clamp(min=1)[..., None], past.newest[..., None]
    target = torch.arange(size, (tokens + 1) * size, device=length.device).unflatten(0, (tokens, size))
    source: Tensor = target + (newest - target).div(length, rounding_mode="floor") * length
    return source


def repetition_error(past: Past, cycle: Cycle) -> Float64[Tensor, "lanes tokens"]:
    """The mean of |x[t] - x[t - length]| over the pairs observed in the last 256 steps up to each patch.

    The in-sample error of seasonal naive, the denominator of MASE (Hyndman & Koehler 2006), lately and for a season of
    its own at each patch; infinite where there is no cycle or no pair. Patches with no value count for no time.
    """
    unit, size = power_of_two(past.known.nan_to_num()), past.patch
    known = F.pad((past.known / unit).to(past.steps.dtype), (_RECENT + LONGEST, 0), value=torch.nan)
    tokens = past.newest.shape[1]
    newer = known[:, size + LONGEST :].unfold(1, _RECENT, size)
    ends = torch.arange(1, tokens + 1, device=known.device) * size + LONGEST
    place = ends[:, None] + torch.arange(_RECENT, device=known.device)
    gap = (newer - _at(known, place - cycle.length[..., None])).abs()
    count = gap.isnan().logical_not_().sum(-1)
    error = torch.where((count > 0) & cycle.found, gap.nansum(-1) / count.clamp(min=1), torch.inf)
    latest = (past.newest.clamp(min=0) // size).clamp(max=tokens - 1)  # the patch of the newest value
    return error.gather(1, latest) * unit


def residuals(past: Past, cycle: Cycle) -> Float64[Tensor, "lanes tokens patch"]:
    """x[t] - x[t - length] within each patch; zero where one of the two is missing, or there is no cycle."""
    tokens, size = past.newest.shape[1], past.patch
    place = torch.arange(tokens * size, device=past.newest.device).unflatten(0, (tokens, size))
    source = place - cycle.length[..., None]
    gap = past.known.unflatten(1, (tokens, size)) - _at(past.known, source.clamp(min=0))
    return torch.where(cycle.found[..., None] & (source >= 0), gap, 0.0).nan_to_num()


def _at(values: Tensor, place: Tensor) -> Tensor:
    """The values (lanes, time) at places (lanes, ...)."""
    return values.gather(1, place.flatten(1)).view_as(place)


def _choose(past: Past, short: Cycle, long: Cycle) -> tuple[Cycle, Float64[Tensor, "lanes tokens"], Cycle]:
    """The cycle whose repetition was the better forecast, its error, and the other one."""
    error, longer = repetition_error(past, short), repetition_error(past, long)
    swap = long.found & (longer < _BETTER * error)
    cycle = Cycle(torch.where(swap, long.length, short.length), torch.where(swap, long.similarity, short.similarity))
    other = Cycle(torch.where(swap, short.length, long.length), torch.where(swap, short.similarity, long.similarity))
    return cycle, torch.where(swap, longer, error), other
