"""Seasonal copies: the values of a lane at the same point of earlier cycles.

Without them a patch transformer would have to learn two tasks. It would have to detect cycles of any length in patches
of one length, and to carry values without loss over hundreds of steps. Plain arithmetic does both. A network without
seasonal copies forecasts clean daily cycles with several times the error of repeating them
(docs/notebook/forecasting.md).

Everything follows from values observed up to the end of a patch, so nothing of the future leaks.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float, Float64, Int
from torch import Tensor

from segue.forecasting.nanotst.cycles import Cycle
from segue.forecasting.nanotst.past import Past, at
from segue.forecasting.nanotst.variogram import power_of_two

_CYCLES, _MOST = 4, 8  # cycles of the shorter and of the longer mean


@dataclass(frozen=True, eq=False)
class SeasonalCopies:
    """The copies from past cycles for the patch after each patch, less the lane's first value.

    Attributes:
        last: The values one cycle before, or more cycles before where that value is not observed; see `last_cycle`.
        mean_of_four: The mean departure from the mean of the cycle, over the last four cycles, plus the mean of the
            last cycle.
        mean_of_eight: The same for the last eight cycles.
        drift: The mean of the last cycle less that of the cycle before.
    """

    last: Float64[Tensor, "lanes tokens patch"]
    mean_of_four: Float64[Tensor, "lanes tokens patch"]
    mean_of_eight: Float64[Tensor, "lanes tokens patch"]
    drift: Float64[Tensor, "lanes tokens"]


def seasonal_copies(past: Past, cycle: Cycle, precision: torch.dtype = torch.float64) -> SeasonalCopies:
    """Copies the last cycle, and the means of four and of eight; cycles that began before the lane do not count.

    Args:
        past: The lanes.
        cycle: The cycle of each patch.
        precision: The precision of the copies, relative to the largest value of the lane.
    """
    length, newest = cycle.length.clamp(min=1)[..., None], past.newest_of_patch[..., None]
    edge = newest + 1 - torch.arange(_MOST + 1, device=length.device) * length  # beginnings, newest first
    sums, counts = (F.pad(part.cumsum(1), (1, 0)) for part in (past.held * past.weight, past.weight))
    upto, number = (at(part, edge.clamp(min=0)) for part in (sums, counts))
    total, count = upto[..., :-1] - upto[..., 1:], number[..., :-1] - number[..., 1:]
    mean = total / count.clamp(min=1)  # the mean of each cycle
    whole = edge[..., 2] >= past.begin[:, None]
    drift = (mean[..., 0] - mean[..., 1]) * whole * (count[..., 0] > 0) * (count[..., 1] > 0)

    unit = power_of_two(past.held)
    scaled = (mean / unit[..., None]).to(precision)
    values = past_cycles(past, cycle, unit, precision)
    usable = values == values  # false for NaN
    departure = torch.where(usable, values - scaled[..., None], 0.0)
    last = _first_observed(past, cycle, values, unit)

    def mean_of(cycles: int) -> Float[Tensor, "lanes tokens patch"]:
        seen = usable[:, :, :cycles].to(precision).sum(2)
        mean_departure = departure[:, :, :cycles].sum(2) / seen.clamp(min=1)
        return torch.where(seen > 0, scaled[..., :1] + mean_departure, last)

    four, eight = mean_of(_CYCLES), mean_of(_MOST)
    copies = [copy.double() * unit[..., None] for copy in (last, four, eight)]
    return SeasonalCopies(copies[0], copies[1], copies[2], drift)


def last_cycle(
    past: Past, cycle: Cycle, precision: torch.dtype = torch.float64
) -> Float64[Tensor, "lanes tokens patch"]:
    """Copies the last complete cycle; where a value is missing, it copies an earlier cycle, up to the eighth.

    Where no cycle has the value, the last value before it in the last cycle replaces it.
    """
    unit = power_of_two(past.held)
    return _first_observed(past, cycle, past_cycles(past, cycle, unit, precision), unit).double() * unit[..., None]


def past_cycles(
    past: Past, cycle: Cycle, unit: Float64[Tensor, "lanes 1"], precision: torch.dtype
) -> Float[Tensor, "lanes tokens cycles patch"]:
    """The values of the last eight complete cycles, at the steps of the patch after each patch.

    Returns:
        The values in `unit`, newest cycle first; NaN where not observed, or where the cycle began before the lane.
    """
    length, newest = cycle.length.clamp(min=1)[..., None], past.newest_of_patch[..., None]
    ago = torch.arange(_MOST, device=length.device)
    index = _one_cycle_before(past, cycle)[:, :, None] - (ago * length)[..., None]
    whole = newest + 1 - (ago + 1) * length >= past.begin[:, None, None]
    known = F.pad((past.known / unit).to(precision), (0, 1), value=torch.nan)
    return at(known, torch.where(whole[..., None], index, past.known.shape[1]))


def _one_cycle_before(past: Past, cycle: Cycle) -> Int[Tensor, "lanes tokens patch"]:
    """For each step of the patch after each patch, the index of the same phase in the last complete cycle."""
    tokens, size = cycle.length.shape[1], past.patch
    length, newest = cycle.length.clamp(min=1)[..., None], past.newest_of_patch[..., None]
    target = torch.arange(size, (tokens + 1) * size, device=length.device).view(tokens, size)
    back = (target - newest + length - 1) // length  # cycles from each step back to the last complete one
    return target - back * length


def _first_observed(
    past: Past,
    cycle: Cycle,
    values: Float[Tensor, "lanes tokens cycles patch"],
    unit: Float64[Tensor, "lanes 1"],
) -> Float[Tensor, "lanes tokens patch"]:
    """Returns the first value along the cycles that is not NaN.

    Where all cycles have NaN, the last value before that step in the last cycle replaces it. Where no cycle is whole,
    the newest value of the lane does.
    """
    held, last = ((part / unit).to(values.dtype) for part in (past.held, past.last))
    whole = past.newest_of_patch + 1 - cycle.length >= past.begin[:, None]
    earlier = at(held, _one_cycle_before(past, cycle).clamp(min=0))
    chosen = torch.where(whole[..., None], earlier, last[..., None])
    for ago in range(_MOST - 1, -1, -1):
        earlier = values[:, :, ago]
        chosen = torch.where(earlier == earlier, earlier, chosen)
    return chosen
