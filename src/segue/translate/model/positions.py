"""Positions of tokens as vectors that need no learning and no greatest length."""

import torch
from jaxtyping import Float, Int
from torch import Tensor


def sinusoids(place: Int[Tensor, "*places"], width: int) -> Float[Tensor, "*places width"]:
    """Sines, then cosines, of place * 10000^(-2i/width) (Vaswani et al. 2017, section 3.5), in double precision.

    Args:
        place: Positions from 0.
        width: Size of the vectors, even.
    """
    exponent = torch.arange(0, width, 2, device=place.device, dtype=torch.float64) / width
    angle = place[..., None] * 10_000.0**-exponent
    return torch.cat([angle.sin(), angle.cos()], dim=-1)
