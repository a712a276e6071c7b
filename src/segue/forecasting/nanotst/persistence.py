"""How well the last value forecasts a whole patch: the first naive forecast, as one to compare a cycle with.

Over one step the last value is hard to beat wherever a lane moves smoothly, however large its cycle. A patch is many
steps, and by the middle of a smooth cycle the last value is as far off as it can be.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float64
from torch import Tensor

from segue.forecasting.nanotst.cycles import Cycle, Past
from segue.forecasting.nanotst.scaling import Scale, fading

_AHEAD = (1, 3, 5, 7)  # eighths of a patch: how far ahead it is looked at, beside one step


def persistence_error(past: Past, cycle: Cycle, local: Scale) -> Float64[Tensor, "lanes tokens"]:
    """The mean of |x[t] - x[t - ahead]| over one step and some parts of a patch, those shorter than the cycle.

    Longer ones would not be fair: of two values of a random walk the nearer one is the better forecast, whether or not
    they are a cycle apart. Parts for which no two observed values lie so far apart do not count. One step is from value
    to value, across gaps, as in `local.spread`. All fade with time as running scales do.
    """
    own = fading(past.newest.shape[1], past.patch, past.known.device).T
    total, number = local.spread, torch.ones_like(local.spread)
    for ahead in sorted({eighths * past.patch // 8 for eighths in _AHEAD} - {0, 1}):
        gap = F.pad((past.known[:, ahead:] - past.known[:, :-ahead]).abs(), (ahead, 0), value=torch.nan)
        seen = ~gap.isnan()
        parts = (part.unflatten(1, (len(own), -1)).sum(-1).double() for part in (gap.nan_to_num(), seen))
        moved, moves = (part @ own for part in parts)
        usable = (moves > 0) & (cycle.length > ahead)
        total = total + torch.where(usable, moved / moves, 0.0)
        number = number + usable
    return total / number
