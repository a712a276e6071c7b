"""Random numbers, each from an explicit generator and on its device: nothing here touches torch's global state."""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float
from torch import Generator, Tensor

Number = int | float
Draws = Float[Tensor, "series width"]


def uniform(generator: Generator, count: int, low: Number, high: Number, width: int = 1) -> Draws:
    """Uniform on `[low, high)`."""
    drawn = torch.rand(count, width, generator=generator, device=generator.device)
    return drawn if (low, high) == (0, 1) else drawn.mul_(high - low).add_(low)


def log_uniform(generator: Generator, count: int, low: Number, high: Number, width: int = 1) -> Draws:
    """Uniform in the logarithm on `[low, high)`: every order of magnitude is equally likely."""
    return uniform(generator, count, math.log(low), math.log(high), width).exp_()


def normal(generator: Generator, count: int, width: int = 1) -> Draws:
    """Standard normal."""
    return torch.randn(count, width, generator=generator, device=generator.device)


def log_normal(generator: Generator, count: int, median: Number, scale: Number) -> Draws:
    """Log-normal with the given median; `scale` is the standard deviation of the logarithm."""
    return median * (scale * normal(generator, count)).exp()


def student(generator: Generator, degrees: Float[Tensor, "series 1"], width: int) -> Draws:
    """Student's t scaled to unit variance, for real `degrees` above 2, by the polar method of Bailey (1994)."""
    count = degrees.shape[0]
    share = 1 - uniform(generator, count, 0, 1, width)
    angle = uniform(generator, count, 0, 2 * math.pi, width)
    return ((degrees - 2) * (share.pow(-2 / degrees) - 1)).sqrt() * angle.cos()


def power(generator: Generator, count: int, exponent: Number) -> Draws:
    """`U ** exponent`: on (0, 1), denser near 0 for exponents above 1, and near 1 for those below."""
    return uniform(generator, count, 0, 1).pow(exponent)


def chance(generator: Generator, count: int, probability: Number, width: int = 1) -> Bool[Tensor, "series width"]:
    """True with the given probability."""
    return uniform(generator, count, 0, 1, width) < probability


def pick(generator: Generator, count: int, values: Sequence[Number]) -> Draws:
    """One of `values`, all equally likely; repeat a value to make it more likely."""
    index = torch.randint(len(values), (count, 1), generator=generator, device=generator.device)
    return torch.tensor(values, dtype=torch.float32, device=generator.device)[index]
