"""Positions of tokens as fixed vectors, for sentences of any length."""

import torch
from jaxtyping import Float, Int
from torch import Tensor


def sinusoids(position: Int[Tensor, "*positions"], width: int) -> Float[Tensor, "*positions width"]:
    """Sines, then cosines, of position * 10000^(-2i/width) (Vaswani et al. 2017, section 3.5), in double precision.

    Args:
        position: From 0.
        width: Size of the vectors, even.
    """
    exponent = torch.arange(0, width, 2, device=position.device, dtype=torch.float64) / width
    angle = position[..., None] * 10_000.0**-exponent
    return torch.cat([angle.sin(), angle.cos()], dim=-1)
