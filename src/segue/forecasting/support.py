"""What a series can be: nothing below a least value it rests on, nothing between the steps of what is counted.

A network gives a rare sale a median of 0.02 and a lowest decile of -0.03 pieces. Whoever orders parts by it is not
helped, and every zero that comes is missed by a little.
"""

import torch
from jaxtyping import Bool, Float64
from torch import Tensor

_RESTS = 0.1  # of the observed values: so often at the least one, and no other more often, and it is a floor
_AT_LEAST = 3.0  # times, in a short series
_REPEATS = 2.0  # values for each different one: fewer, and that they lie on a lattice may be chance
_EXACT = 1e-6  # steps of a lattice: rounding of decimal fractions


def within_support(
    quantiles: Float64[Tensor, "lanes steps levels"],
    values: Float64[Tensor, "lanes time"],
    observed: Bool[Tensor, "lanes time"],
) -> Float64[Tensor, "lanes steps levels"]:
    """Brings quantiles to values that a lane can take, as far as what was observed tells.

    Where no value comes as often as the least one, nothing lies below it: sales, rain. Where all values lie on a
    lattice, least + k * step, and are repeated, as counts are, quantiles are rounded to it: of a law on a lattice they
    are on it, too. Both hold in any unit, and leave the order of quantiles.
    """
    ordered = values.masked_fill(~observed, torch.inf).sort(1).values  # what is not observed comes last
    count = observed.sum(1, keepdim=True)
    least = torch.where(count > 0, ordered[:, :1], 0.0)
    floor = torch.where(_rests(ordered, least, count), least, -torch.inf)[..., None]
    step, lattice = _lattice(ordered, count)
    least, step, lattice = least[..., None], step[..., None], lattice[..., None]
    whole = least + ((quantiles - least) / step).round() * step
    return torch.maximum(torch.where(lattice, whole, quantiles), floor)


def _rests(ordered: Tensor, least: Tensor, count: Tensor) -> Tensor:
    """Whether the least value is the most frequent one, and is so a tenth of the time, and three times."""
    times = (ordered == least).sum(1, keepdim=True)
    place = torch.arange(ordered.shape[1], device=ordered.device) + times
    beyond = place >= count  # where a value that comes more often would have to end
    later = ordered.gather(1, place.clamp(max=ordered.shape[1] - 1))
    outdone = ((later == ordered) & ~beyond).any(1, keepdim=True)
    return ~outdone & (times >= (_RESTS * count).clamp(min=_AT_LEAST))


def _lattice(ordered: Tensor, count: Tensor) -> tuple[Tensor, Tensor]:
    """The smallest distance of two different values of each lane, and whether all are whole numbers of it."""
    gaps = ordered.diff(dim=1, prepend=ordered[:, :1]).nan_to_num(0.0, posinf=0.0)
    different = gaps > 0
    step = gaps.masked_fill(~different, torch.inf).amin(1, keepdim=True)
    some = step < torch.inf
    step = torch.where(some, step, 1.0)
    steps = gaps / step
    whole = ((steps - steps.round()).abs() <= _EXACT * steps.clamp(min=1)).all(1, keepdim=True)
    repeated = count >= _REPEATS * (different.sum(1, keepdim=True) + 1)
    return step, some & whole & repeated
