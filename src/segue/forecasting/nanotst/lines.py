"""Straight lines through the recent past: where a lane is under its noise, and where it is heading.

A network that reads patch by patch draws slopes badly: on a line under noise its loss was a tenth to nine tenths above
that of the best forecast (docs/lab-notebook.md). So the lines are features of each patch.
"""

import torch
from jaxtyping import Float64
from torch import Tensor

from segue.forecasting.nanotst.past import Past

HALF_LIVES = (8.0, 32.0, 128.0)
"""Steps after which a value counts half: lately, of some years of months, of all that a context holds."""
_APART = 1e-6  # squared steps: values closer together in time have no slope


def fitted_lines(past: Past) -> tuple[Float64[Tensor, "lanes tokens lines"], Float64[Tensor, "lanes tokens lines"]]:
    """Lines by discounted least squares (Brown 1963, chapter 9), one for each of `HALF_LIVES`.

    Returns:
        The level at the end of each patch, less the lane's first value as in `Past`, and the slope a step. Zero before
        there is a value; the slope of a single one is zero.
    """
    size = past.patch
    half_lives = torch.tensor(HALF_LIVES, dtype=torch.float64, device=past.held.device)
    age = torch.arange(size - 1, -1, -1, device=half_lives.device).double()[:, None]  # to the end of the own patch
    weight = torch.exp2(-age / half_lives)  # (size, lines)
    # moments of age, of the weights and of the weighted values: of each patch, (lanes, tokens, lines)
    seen, known = (past.by_patch(part) for part in (past.seen.double(), past.held * past.seen))
    one, first, second = (seen @ torch.cat([weight, weight * age, weight * age.square()], dim=1)).chunk(3, dim=-1)
    value, product = (known @ torch.cat([weight, weight * age], dim=1)).chunk(2, dim=-1)

    token = torch.arange(seen.shape[1], device=half_lives.device)
    since = (size * (token[:, None] - token)).clamp(min=0).double()  # from the end of a patch to that of a later one
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
