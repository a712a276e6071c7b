"""The sentences of the grammar evaluation: the four simplest series."""

import math

import torch
from jaxtyping import Float
from torch import Generator, Tensor

HISTORY = 512
"""Steps over which the line rises to 5 and the sine completes four cycles; further steps continue both."""


def simple_sentences(generator: Generator, length: int = HISTORY + 96) -> dict[str, Float[Tensor, " length"]]:
    """Flat at 3, a line from 0 to 5, a sine of four cycles, and the same sine with noise of standard deviation 0.1.

    Args:
        generator: Source of the noise.
        length: Steps of each.
    """
    time = torch.arange(length, device=generator.device) / HISTORY
    sine = torch.sin(2 * math.pi * 4 * time)
    return {
        "flat": torch.full((length,), 3.0, device=generator.device),
        "line": 5 * time,
        "sine": sine,
        "noisy sine": sine + 0.1 * torch.randn(length, generator=generator, device=generator.device),
    }
