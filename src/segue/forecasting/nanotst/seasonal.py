"""Seasonal copies: what a lane did at the same point of its cycle before, and how good that is as a forecast.

A patch transformer would have to learn to detect a cycle of any length in patches of one length, and to carry its
values without loss over hundreds of steps. Both are plain arithmetic. Without seasonal copies, clean daily cycles are
missed by several times the error of repeating them (docs/lab-notebook.md).

Everything follows from what was observed up to the end of a patch: nothing of the future leaks.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float64
from torch import Tensor

from segue.forecasting.nanotst.cycles import LONGEST, Cycle, power_of_two
from segue.forecasting.nanotst.past import Past, at

_RECENT = 256  # steps over which the error of repeating a cycle is measured
_CYCLES = 4  # in the shorter mean; the longer one has twice as many


@dataclass(frozen=True, eq=False)
class SeasonalCopies:
    """What past cycles give for the patch after each patch, less the lane's first value.

    Attributes:
        last: The values one cycle before, or as many more cycles as it takes to meet an observed one.
        mean_of_four: Mean departures of the last four from the mean of their cycle, on the level of the last one.
        mean_of_eight: The same of the last eight.
        drift: How far the mean of the last cycle lies above that of the one before.
    """

    last: Float64[Tensor, "lanes tokens patch"]
    mean_of_four: Float64[Tensor, "lanes tokens patch"]
    mean_of_eight: Float64[Tensor, "lanes tokens patch"]
    drift: Float64[Tensor, "lanes tokens"]


def seasonal_copies(past: Past, cycle: Cycle) -> SeasonalCopies:
    """The last cycle, and the mean of four and of eight; cycles not seen whole do not count."""
    length, newest = cycle.length.clamp(min=1)[..., None], past.newest_of_patch[..., None]
    edge = newest + 1 - torch.arange(2 * _CYCLES + 1, device=length.device) * length  # where cycles begin, newest first
    sums, counts = (F.pad(part.cumsum(1), (1, 0)) for part in (past.held * past.weight, past.weight))
    upto, number = (at(part, edge.clamp(min=0)) for part in (sums, counts))
    total, count = upto[..., :-1] - upto[..., 1:], number[..., :-1] - number[..., 1:]
    mean = total / count.clamp(min=1)  # of each cycle

    values = past_cycles(past, cycle)
    usable = values == values  # NaN is not
    departure = torch.where(usable, values - mean[..., None], 0.0)
    sums = departure.unflatten(2, (2, _CYCLES)).sum(3)  # of the last four cycles, and of the four before them
    numbers = usable.to(torch.float32).unflatten(2, (2, _CYCLES)).sum(3).double()
    last = _newest(past, values)
    mean_of_four = _mean_cycle(sums[:, :, 0], numbers[:, :, 0], mean[..., :1], last)
    mean_of_eight = _mean_cycle(sums.sum(2), numbers.sum(2), mean[..., :1], last)
    whole = edge[..., 2] >= past.begin[:, None]
    drift = (mean[..., 0] - mean[..., 1]) * whole * (count[..., 0] > 0) * (count[..., 1] > 0)
    return SeasonalCopies(last, mean_of_four, mean_of_eight, drift)


def last_cycle(past: Past, cycle: Cycle) -> Float64[Tensor, "lanes tokens patch"]:
    """Goes back whole cycles, up to eight: into the last one that is over, the one before it, and so on.

    Where a cycle was not seen or a value is missing, the others serve; where all are, the newest value.
    """
    return _newest(past, past_cycles(past, cycle))


def past_cycles(past: Past, cycle: Cycle) -> Float64[Tensor, "lanes tokens cycles patch"]:
    """The values of the last eight cycles that are over, at the steps of the patch after each patch.

    Returns:
        The values, newest cycle first; NaN where none is observed, or where the cycle was not seen whole.
    """
    tokens, size = cycle.length.shape[1], past.patch
    length, newest = cycle.length.clamp(min=1)[..., None], past.newest_of_patch[..., None]
    target = torch.arange(size, (tokens + 1) * size, device=length.device).view(tokens, size)
    back = (target - newest + length - 1) // length  # cycles from each step to the last one that is over
    ago = torch.arange(2 * _CYCLES, device=length.device)
    index = (target - back * length)[:, :, None] - (ago * length)[..., None]
    whole = newest + 1 - (ago + 1) * length >= past.begin[:, None, None]
    known = F.pad(past.known, (0, 1), value=torch.nan)
    return at(known, torch.where(whole[..., None], index, past.known.shape[1]))


def _newest(past: Past, values: Tensor) -> Float64[Tensor, "lanes tokens patch"]:
    """The first along the cycles that is not NaN; the newest value of the lane where all are."""
    first = (values == values).int().argmax(2, keepdim=True)
    chosen = values.gather(2, first)[:, :, 0]
    return torch.where(chosen == chosen, chosen, past.last[..., None])


def _mean_cycle(departures: Tensor, number: Tensor, level: Tensor, otherwise: Tensor) -> Tensor:
    return torch.where(number > 0, level + departures / number.clamp(min=1), otherwise)


def copy_errors(past: Past, cycles: tuple[Cycle, Cycle], precision: torch.dtype) -> list[Tensor]:
    """For each cycle the mean of |x[t] - x[t - length]| over the pairs observed in the last 256 steps to each patch.

    The in-sample error of seasonal naive, the denominator of MASE (Hyndman & Koehler 2006), lately and for a season of
    its own at each patch; infinite where there is no cycle or no pair. Patches with no value count for no time.

    Args:
        past: The lanes.
        cycles: The cycles of each patch.
        precision: Of the differences: that of the network is enough.
    """
    unit, size = power_of_two(past.held), past.patch
    known = F.pad((past.known / unit).to(precision), (_RECENT + LONGEST, 0), value=torch.nan)
    tokens = past.known.shape[1] // size
    end = torch.arange(1, tokens + 1, device=known.device) * size + LONGEST
    index = end[:, None] + torch.arange(_RECENT, device=known.device)
    newer = at(known, index.expand(known.shape[0], -1, -1))
    latest = past.newest_of_patch.clamp(min=0) // size  # the patch of the newest value
    errors = []
    for cycle in cycles:
        gap = (newer - at(known, index - cycle.length[..., None])).abs()
        paired = ~gap.isnan()
        count = paired.to(precision).sum(-1).double()
        error = torch.where(paired, gap, 0.0).sum(-1).double() / count.clamp(min=1)
        error = torch.where((count > 0) & cycle.present, error, torch.inf)
        errors.append(error.gather(1, latest) * unit)
    return errors


def residuals(past: Past, cycle: Cycle) -> Float64[Tensor, "lanes tokens patch"]:
    """x[t] - x[t - length] within each patch; zero where one of the two is missing, or there is no cycle."""
    size = past.patch
    index = torch.arange(past.known.shape[1], device=past.known.device).unflatten(0, (-1, size))
    source = index - cycle.length[..., None]
    gap = past.by_patch(past.known) - at(past.known, source.clamp(min=0))
    return torch.where(cycle.present[..., None] & (source >= 0) & ~gap.isnan(), gap, 0.0)
