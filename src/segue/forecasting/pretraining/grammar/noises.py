"""Terminals: noise. Each has unit variance or near it; productions scale it."""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from segue.forecasting.pretraining.grammar.combinators import PerSeries, Series, choose, standardise, unit_variance
from segue.forecasting.pretraining.grammar.draws import chance, normal, pick, power, student, uniform
from segue.forecasting.pretraining.grammar.filters import Lag, Spectrum, circle, circular_filter, fading_sum

Sections = Float[Tensor, "series section 2"]


def gaussian(generator: Generator, count: int, length: int) -> Series:
    """White Gaussian noise."""
    return normal(generator, count, length)


def heavy(generator: Generator, count: int, length: int) -> Series:
    """White Student-t noise of 2.5 to 8 degrees of freedom."""
    return student(generator, uniform(generator, count, 2.5, 8), length)


def innovations(generator: Generator, count: int, length: int) -> Series:
    """The shocks of the processes: Gaussian in three quarters of the series, else heavy-tailed."""
    return choose(generator, count, length, [gaussian, heavy], [0.75, 0.25])[0]


def sample_sections(generator: Generator, count: int, sections: int, radius: float) -> Sections:
    """Poles inside a circle, two in each section: a conjugate pair or two real ones; some sections are empty.

    Returns:
        The coefficients (a1, a2) of `1 + a1 B + a2 B^2` for each section.
    """
    rows = count * sections
    modulus, other = radius * power(generator, rows, 0.5), radius * power(generator, rows, 0.5)
    angle = uniform(generator, rows, 0, math.pi)
    first, second = modulus * pick(generator, rows, [1, 1, 1, -1]), other * chance(generator, rows, 0.5)
    is_pair = chance(generator, rows, 0.5)
    linear = torch.where(is_pair, -2 * modulus * angle.cos(), -(first + second))
    quadratic = torch.where(is_pair, modulus.square(), first * second)
    present = chance(generator, rows, 0.6)
    return (torch.cat([linear, quadratic], 1) * present).view(count, sections, 2)


def all_pole(sections: Sections) -> Callable[[Lag], Spectrum]:
    """The response of an autoregression: one over the product of its second-order sections."""
    product = torch.ones_like(sections[:, 0, :1])
    for first, second in zip(sections[..., :1].unbind(1), sections[..., 1:].unbind(1), strict=True):
        padded = torch.nn.functional.pad(product, (2, 2))
        product = padded[:, 2:] + first * padded[:, 1:-1] + second * padded[:, :-2]

    def response(lag: Lag) -> Spectrum:
        powers = torch.cat([lag(k) for k in range(product.shape[1])])
        return (product.to(powers.dtype) @ powers).reciprocal()

    return response


def autoregression(noise: Series, sections: Sections) -> Series:
    """A stationary autoregression with the given poles, driven by `noise` on a circle."""
    return circular_filter(noise, all_pole(sections))


def first_order(pole: PerSeries, shocks: Series) -> Series:
    """A first-order autoregression of unit variance from its first step on; the shocks have unit variance."""
    drive = (1 - pole.square()).sqrt() * shocks
    drive[:, 0] = shocks[:, 0]
    return fading_sum(pole, drive)


def autoregressive(generator: Generator, count: int, length: int) -> Series:
    """Autoregressive noise from sampled poles of radius up to 0.98."""
    noise = innovations(generator, count, circle(length))
    sections = sample_sections(generator, count, 2, 0.98)
    return standardise(autoregression(noise, sections)[:, :length])


def persistent(generator: Generator, count: int, length: int) -> Series:
    """First-order autoregression, memory from none to about 100 steps."""
    return unit_variance(first_order(uniform(generator, count, -0.2, 0.99), innovations(generator, count, length)))


def coloured(generator: Generator, count: int, length: int) -> Series:
    """Noise with spectrum 1 / f^b, b from 0 (white) to 2.2 (smoother than a random walk)."""
    size = circle(length)
    noise = innovations(generator, count, size)
    slope = uniform(generator, count, 0, 2.2)
    frequency = torch.arange(size // 2 + 1, device=generator.device).clamp(min=1).float()[None]
    shaped = torch.fft.irfft(torch.fft.rfft(noise) * frequency.pow(-slope / 2), n=size)
    return unit_variance(shaped[:, :length])


def clustered(generator: Generator, count: int, length: int) -> Series:
    """White noise whose log-volatility is a slow autoregression."""
    pole = uniform(generator, count, 0.9, 0.99)
    volatility = unit_variance(first_order(pole, normal(generator, count, length)))
    scale: PerSeries = uniform(generator, count, 0.3, 0.9)
    return standardise((scale * volatility).exp() * normal(generator, count, length))


def noise(generator: Generator, count: int, length: int) -> Series:
    """Any of the noises, standardised."""
    members = [gaussian, heavy, persistent, autoregressive, coloured, clustered]
    return choose(generator, count, length, members, [0.3, 0.1, 0.2, 0.15, 0.15, 0.1])[0]
