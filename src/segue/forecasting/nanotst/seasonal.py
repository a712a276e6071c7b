"""Seasonal copies: the values of a lane at the same point of earlier cycles, and their errors as forecasts.

Without them a patch transformer would have to learn two tasks: to detect a cycle of any length in patches of one
length, and to carry its values without loss over hundreds of steps. Plain arithmetic does both. A network without
seasonal copies forecasts clean daily cycles with several times the error of repeating them (docs/lab-notebook.md).

Everything follows from values observed up to the end of a patch, so nothing of the future leaks.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float64
from torch import Tensor

from segue.forecasting.nanotst.cycles import Cycle
from segue.forecasting.nanotst.past import Past, at

_CYCLES = 4  # cycles of the shorter mean; the longer mean has twice as many


@dataclass(frozen=True, eq=False)
class SeasonalCopies:
    """The copies from past cycles for the patch after each patch, less the lane's first value.

    Attributes:
        last: The values one cycle before, or more cycles before where that value is not observed.
        mean_of_four: The mean departure from the mean of the cycle, over the last four cycles, plus the mean of the
            last cycle.
        mean_of_eight: The same for the last eight cycles.
        drift: The mean of the last cycle less that of the cycle before.
    """

    last: Float64[Tensor, "lanes tokens patch"]
    mean_of_four: Float64[Tensor, "lanes tokens patch"]
    mean_of_eight: Float64[Tensor, "lanes tokens patch"]
    drift: Float64[Tensor, "lanes tokens"]


def seasonal_copies(past: Past, cycle: Cycle) -> SeasonalCopies:
    """Copies the last cycle, and the means of four and of eight; cycles that began before the lane do not count."""
    length, newest = cycle.length.clamp(min=1)[..., None], past.newest_of_patch[..., None]
    edge = newest + 1 - torch.arange(2 * _CYCLES + 1, device=length.device) * length  # beginnings, newest first
    sums, counts = (F.pad(part.cumsum(1), (1, 0)) for part in (past.held * past.weight, past.weight))
    upto, number = (at(part, edge.clamp(min=0)) for part in (sums, counts))
    total, count = upto[..., :-1] - upto[..., 1:], number[..., :-1] - number[..., 1:]
    mean = total / count.clamp(min=1)  # the mean of each cycle

    values = past_cycles(past, cycle)
    usable = values == values  # false for NaN
    departure = torch.where(usable, values - mean[..., None], 0.0)
    ago = torch.arange(2 * _CYCLES, device=length.device)
    summed = torch.stack([ago < _CYCLES, ago >= 0]).double()  # the last four cycles, and all eight
    sums, numbers = summed @ departure, summed @ usable.double()
    last = _newest(past, values)
    mean_of_four, mean_of_eight = (
        _mean_cycle(sums[:, :, which], numbers[:, :, which], mean[..., :1], last) for which in (0, 1)
    )
    whole = edge[..., 2] >= past.begin[:, None]
    drift = (mean[..., 0] - mean[..., 1]) * whole * (count[..., 0] > 0) * (count[..., 1] > 0)
    return SeasonalCopies(last, mean_of_four, mean_of_eight, drift)


def last_cycle(past: Past, cycle: Cycle) -> Float64[Tensor, "lanes tokens patch"]:
    """Copies the last complete cycle; where a value is missing, it copies an earlier cycle, up to the eighth.

    Where no cycle has the value, the newest value of the lane replaces it.
    """
    return _newest(past, past_cycles(past, cycle))


def past_cycles(past: Past, cycle: Cycle) -> Float64[Tensor, "lanes tokens cycles patch"]:
    """The values of the last eight complete cycles, at the steps of the patch after each patch.

    Returns:
        The values, newest cycle first; NaN where not observed, or where the cycle began before the lane.
    """
    tokens, size = cycle.length.shape[1], past.patch
    length, newest = cycle.length.clamp(min=1)[..., None], past.newest_of_patch[..., None]
    target = torch.arange(size, (tokens + 1) * size, device=length.device).view(tokens, size)
    back = (target - newest + length - 1) // length  # cycles from each step back to the last complete one
    ago = torch.arange(2 * _CYCLES, device=length.device)
    index = (target - back * length)[:, :, None] - (ago * length)[..., None]
    whole = newest + 1 - (ago + 1) * length >= past.begin[:, None, None]
    known = F.pad(past.known, (0, 1), value=torch.nan)
    return at(known, torch.where(whole[..., None], index, past.known.shape[1]))


def _newest(past: Past, values: Tensor) -> Float64[Tensor, "lanes tokens patch"]:
    """The first value along the cycles that is not NaN; the newest value of the lane where all are NaN."""
    first = (values == values).int().argmax(2, keepdim=True)
    chosen = values.gather(2, first)[:, :, 0]
    return torch.where(chosen == chosen, chosen, past.last[..., None])


def _mean_cycle(departures: Tensor, number: Tensor, level: Tensor, otherwise: Tensor) -> Tensor:
    return torch.where(number > 0, level + departures / number.clamp(min=1), otherwise)


def residuals(past: Past, cycle: Cycle) -> Float64[Tensor, "lanes tokens patch"]:
    """The differences x[t] - x[t - length] of each patch; zero where a value is missing, or there is no cycle."""
    size = past.patch
    index = torch.arange(past.known.shape[1], device=past.known.device).unflatten(0, (-1, size))
    source = index - cycle.length[..., None]
    gap = past.by_patch(past.known) - at(past.known, source.clamp(min=0))
    return torch.where(cycle.present[..., None] & (source >= 0) & ~gap.isnan(), gap, 0.0)
