"""Straight lines through the recent past: where a lane is under its noise, and where it is heading.

A network that reads patch by patch draws slopes badly: on a line under noise its error was a quarter to a half above
that of the least squares line (docs/lab-notebook.md). So each patch is told them.
"""

import torch
from jaxtyping import Float64
from torch import Tensor

from segue.forecast.cycles import Past

HALF_LIVES = (8.0, 32.0, 128.0)
"""Steps after which a value counts half: lately, of some years of months, of all that a context holds."""
_SPREAD = 1e-6  # squared steps: values closer together in time tell no slope


def fitted_lines(past: Past) -> tuple[Float64[Tensor, "lanes tokens lines"], Float64[Tensor, "lanes tokens lines"]]:
    """Lines by discounted least squares (Brown 1963, chapter 9), one for each of `HALF_LIVES`.

    Returns:
        The level at the end of each patch, less the lane's first value as in `Past`, and the slope a step. Zero before
        there is a value; the slope of a single one is zero.
    """
    levels, slopes = zip(*(_line(past, half_life) for half_life in HALF_LIVES), strict=True)
    return torch.stack(levels, dim=-1), torch.stack(slopes, dim=-1)


def _line(past: Past, half_life: float) -> tuple[Tensor, Tensor]:
    tokens, size = past.newest.shape[1], past.patch
    seen = past.seen.double().unflatten(1, (tokens, size))
    known = past.known.nan_to_num().unflatten(1, (tokens, size))
    age = torch.arange(size - 1, -1, -1, device=known.device).double()  # to the end of the own patch
    weight = torch.exp2(-age / half_life)
    # moments of age of the weights and of the weighted values, in each patch, then of all patches up to each
    moments = [(part * weight * age**power).sum(-1) for part, power in ((seen, 0), (seen, 1), (seen, 2))]
    moments += [(known * weight * age**power).sum(-1) for power in (0, 1)]
    since = size * (torch.arange(tokens, device=known.device)[:, None] - torch.arange(tokens, device=known.device))
    fade = torch.exp2(-since.clamp(min=0).double() / half_life).tril()
    later = since.double() * fade
    one, first, second, value, product = moments
    total = one @ fade.T
    safe = torch.where(total > 0, total, 1.0)
    ages = (first @ fade.T + one @ later.T) / safe
    squares = (second @ fade.T + 2 * first @ later.T + one @ (since * later).T) / safe
    mean = value @ fade.T / safe
    products = (product @ fade.T + value @ later.T) / safe
    variance = squares - ages.square()
    varied = variance > _SPREAD * (1 + ages.square())
    slope = torch.where(varied, (ages * mean - products) / torch.where(varied, variance, 1.0), 0.0)
    return mean + slope * ages, slope
