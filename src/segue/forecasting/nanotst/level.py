"""The level a lane keeps coming back to: the third naive forecast, beside the last value and the last cycle.

For what goes nowhere (white noise, rare sales) it is the best of the three: the last value is one draw, as far from the
next as any other, while the mean of many is nearer to each.
"""

import torch
from jaxtyping import Float64
from torch import Tensor

from segue.forecasting.nanotst.cycles import Past
from segue.forecasting.nanotst.scaling import fading


def mean_level(past: Past) -> tuple[Float64[Tensor, "lanes tokens"], Float64[Tensor, "lanes tokens"]]:
    """The mean of the values up to the end of each patch, and the mean distance of a value from the mean of others.

    Both forget as running scales do. A value counts with its distance from the mean at the end of its own patch, so
    that nothing has to be gone over again; of n values a mean of the others is n / (n - 1) times as far.

    Returns:
        The mean less the lane's first value, as in `Past`; zero before there is a value. And the error; infinite before
        there are two.
    """
    tokens = past.newest.shape[1]
    seen = past.seen.unflatten(1, (tokens, -1))
    known = past.known.nan_to_num().unflatten(1, (tokens, -1))
    own = fading(tokens, past.patch, known.device).T
    weight = seen.sum(-1).double() @ own
    total = torch.where(weight > 0, weight, 1.0)
    mean = known.sum(-1) @ own / total
    distance = torch.where(seen, (known - mean[..., None]).abs(), 0.0)
    others = (total - 1).clamp(min=0)
    return mean, torch.where(others > 0, distance.sum(-1) @ own / torch.where(others > 0, others, 1.0), torch.inf)
