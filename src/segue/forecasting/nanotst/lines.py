"""Straight lines through the recent past, which show the level of a lane under its noise, and its direction.

A network that reads patch by patch estimates slopes badly. On a line under noise its loss was 10 to 90 % above that of
the best forecast (docs/notebook/forecasting.md). So lines are features of each patch.
"""

import torch
from jaxtyping import Float64
from torch import Tensor

from segue.forecasting.nanotst.past import Past

HALF_LIVES = (8.0, 32.0, 128.0)
"""Steps after which a value counts half: the near past, some years of months, and several hundred steps."""
_APART = 1e-6  # of 1 + the squared mean age: with a smaller variance of ages, one value has nearly all of the weight


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
    # moments of each patch: of age, orders 0 to 2; of value times age, orders 0 and 1: (lanes, lines, tokens, moments)
    seen, known = (past.by_patch(part) for part in (past.weight, past.held * past.weight))
    of_ages = seen @ torch.cat([weight, weight * age, weight * age.square()], dim=1)
    of_values = known @ torch.cat([weight, weight * age], dim=1)
    moments = torch.cat([of_ages, of_values], dim=-1).unflatten(-1, (5, len(HALF_LIVES))).permute(0, 3, 1, 2)

    token = torch.arange(seen.shape[1], device=half_lives.device)
    since = (size * (token[:, None] - token)).clamp(min=0).double()  # steps between the ends of two patches
    fade = torch.exp2(-since / half_lives[:, None, None]) * (token[:, None] >= token)  # (lines, tokens, tokens)

    # moments up to the end of each patch, and those moments times the steps since then: (lanes, tokens, lines)
    total, first, second, value, product = _by_line(fade @ moments)
    one_since, first_since, _, value_since, _ = _by_line(since * fade @ moments)
    (one_since_squared,) = _by_line(since.square() * fade @ moments[..., :1])
    safe = torch.where(total > 0, total, 1.0)
    ages = (first + one_since) / safe
    squares = (second + 2 * first_since + one_since_squared) / safe
    mean = value / safe
    products = (product + value_since) / safe
    variance = squares - ages.square()
    varied = variance > _APART * (1 + ages.square())
    slope = torch.where(varied, (ages * mean - products) / torch.where(varied, variance, 1.0), 0.0)
    return mean + slope * ages, slope


def _by_line(moments: Tensor) -> tuple[Tensor, ...]:
    """Splits (lanes, lines, tokens, moments) into one (lanes, tokens, lines) for each moment."""
    return moments.permute(3, 0, 2, 1).unbind(0)
