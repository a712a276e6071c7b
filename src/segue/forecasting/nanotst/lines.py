"""Straight lines through the recent past, which show the level of a lane under its noise, and its direction.

A network that reads patch by patch estimates slopes badly. On a line under noise its loss was a tenth to nine tenths
above that of the best forecast (docs/lab-notebook.md). So lines are features of each patch.
"""

import torch
from jaxtyping import Float64
from torch import Tensor

from segue.forecasting.nanotst.past import Past

HALF_LIVES = (8.0, 32.0, 128.0)
"""Steps after which a value counts half: the near past, some years of months, and a whole context."""
_APART = 1e-6  # squared steps: values that are closer in time have no slope


def fitted_lines(past: Past) -> tuple[Float64[Tensor, "lanes tokens lines"], Float64[Tensor, "lanes tokens lines"]]:
    """Fits lines by discounted least squares (Brown 1963, chapter 9), one for each of `HALF_LIVES`.

    Returns:
        The level at the end of each patch, less the lane's first value as in `Past`, and the slope of a step. Both are
        zero before the first value. The slope of a single value is zero.
    """
    size = past.patch
    half_lives = torch.tensor(HALF_LIVES, dtype=torch.float64, device=past.held.device)
    age = torch.arange(size - 1, -1, -1, device=half_lives.device).double()[:, None]  # steps to the end of the patch
    weight = torch.exp2(-age / half_lives)  # (size, lines)
    # moments of age in each patch, of the weights and of the weighted values: (lanes, tokens, lines)
    seen, known = (past.by_patch(part) for part in (past.weight, past.held * past.weight))
    one, first, second = (seen @ torch.cat([weight, weight * age, weight * age.square()], dim=1)).chunk(3, dim=-1)
    value, product = (known @ torch.cat([weight, weight * age], dim=1)).chunk(2, dim=-1)

    token = torch.arange(seen.shape[1], device=half_lives.device)
    since = (size * (token[:, None] - token)).clamp(min=0).double()  # steps between the ends of two patches
    fade = torch.exp2(-since / half_lives[:, None, None]) * (token[:, None] >= token)  # (lines, tokens, tokens)

    def upto(moment: Tensor, weights: Tensor) -> Tensor:
        return (weights @ moment.permute(0, 2, 1)[..., None])[..., 0].permute(0, 2, 1)

    total = upto(one, fade)
    safe = torch.where(total > 0, total, 1.0)
    ages = (upto(first, fade) + upto(one, since * fade)) / safe
    squares = (upto(second, fade) + 2 * upto(first, since * fade) + upto(one, since.square() * fade)) / safe
    mean = upto(value, fade) / safe
    products = (upto(product, fade) + upto(value, since * fade)) / safe
    variance = squares - ages.square()
    varied = variance > _APART * (1 + ages.square())
    slope = torch.where(varied, (ages * mean - products) / torch.where(varied, variance, 1.0), 0.0)
    return mean + slope * ages, slope
