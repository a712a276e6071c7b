"""Gaussian processes of composed kernels (Duvenaud et al., 2013): a kernel for each series, drawn by one transform."""

import math
from collections.abc import Callable
from functools import partial

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from segue.forecasting.pretraining.grammar.combinators import PerSeries, Series, choose, deviation, sometimes
from segue.forecasting.pretraining.grammar.draws import chance, log_uniform, normal, uniform
from segue.forecasting.pretraining.grammar.filters import fast_size
from segue.forecasting.pretraining.grammar.seasons import periods
from segue.forecasting.pretraining.grammar.trends import clock, exponentiate, spans

Kernel = Float[Tensor, "series lag"]
Lags = Float[Tensor, "#series lag"]
LAG_RANGE = 2
"""Lags of a kernel that are computed, in lengths of the series; more than needed, so that most kernels have faded."""


def squared_exponential(lag: Lags, scale: PerSeries) -> Kernel:
    """exp(-d^2 / 2)."""
    return (-0.5 * (lag / scale).square()).exp()


def rational_quadratic(lag: Lags, scale: PerSeries) -> Kernel:
    """(1 + d^2 / 2)^-1: squared exponentials of many scales."""
    return 1 / (1 + 0.5 * (lag / scale).square())


def matern(lag: Lags, scale: PerSeries, degree: int) -> Kernel:
    """Matern of smoothness `degree` + 1/2, for 0, 1 and 2 (Rasmussen and Williams, 2006, equation 4.17)."""
    distance = math.sqrt(2 * degree + 1) * lag / scale
    polynomial = 1 + (degree > 0) * distance + (degree > 1) * distance.square() / 3
    return polynomial * (-distance).exp()


def periodic(lag: Lags, period: PerSeries, roughness: PerSeries) -> Kernel:
    """exp(-2 sin^2(pi d / p) r^2): a cycle of any shape; roughness adds harmonics (MacKay, 1998)."""
    return (-2 * (torch.sin(math.pi * lag / period) * roughness).square()).exp()


def sample_process(generator: Generator, covariance: Kernel, length: int) -> Series:
    """Draws stationary processes by circulant embedding (Dietrich and Newsam, 1997).

    Args:
        generator: Source of the draws.
        covariance: The kernel of each series at the lags 0, 1, ..., more than `length` of them. A kernel that has not
            faded by the last lag changes a little, so that it is positive on the circle.
        length: Steps to draw.
    """
    wide = covariance.double()
    circle = torch.cat([wide, wide[:, 1:-1].flip(1)], 1)
    spectrum = torch.fft.rfft(circle).real.clamp(min=0)
    whole = torch.cat([spectrum, spectrum[:, 1:-1]], 1).mean(1, keepdim=True).clamp(min=1e-12)
    spectrum = spectrum * wide[:, :1] / whole
    noise = torch.fft.rfft(normal(generator, len(wide), circle.shape[1]).double())
    drawn: Tensor = torch.fft.irfft(noise * spectrum.sqrt(), n=circle.shape[1])[:, :length]
    return drawn.to(covariance.dtype)


def sample_kernel(generator: Generator, count: int, length: int) -> Kernel:
    """Draws kernels: smooth, rough, or a cycle that fades over 3 to 100 of its periods; each is 1 at lag 0."""

    def scaled(kernel: Callable[[Lags, PerSeries], Kernel]) -> Callable[[Generator, int, int], Kernel]:
        return lambda source, number, lags: kernel(clock(source, lags), spans(source, number, length, 3))

    def cycle(source: Generator, number: int, lags: int) -> Kernel:
        period, lag = periods(source, number), clock(source, lags)
        lasting = squared_exponential(lag, period * log_uniform(source, number, 3, 100))
        return lasting * periodic(lag, period, log_uniform(source, number, 0.4, 2.5))

    rough = [scaled(partial(matern, degree=degree)) for degree in (0, 1, 2)]
    members = [scaled(squared_exponential), scaled(rational_quadratic), *rough, cycle]
    lags = fast_size(LAG_RANGE * length) + 1
    return choose(generator, count, lags, members, [1, 1, 1, 1, 1, 5])[0]


def joined(generator: Generator, kernel: Kernel, length: int) -> Kernel:
    """Multiplies by another kernel, or adds it."""
    count = len(kernel)
    factor = sample_kernel(generator, count, length)
    share = log_uniform(generator, count, 0.1, 3)
    return torch.where(chance(generator, count, 0.4), kernel * factor, kernel + share * factor)


def gaussian_process(generator: Generator, count: int, length: int) -> Series:
    """One to four kernels, added or multiplied; some have a line, some grow with time, a fifth are exponentials."""
    total = sample_kernel(generator, count, length)
    for present in (0.7, 0.45, 0.25):
        total = sometimes(generator, total, present, partial(joined, length=length))
    path = sample_process(generator, total / total[:, :1], length)
    time = clock(generator, length) / spans(generator, count, length, 60)
    tilt = normal(generator, count) * chance(generator, count, 0.35)
    swell = 1 + uniform(generator, count, 0, 2) * chance(generator, count, 0.15) * time.clamp(max=20)
    path = swell * path + tilt * time
    rate = uniform(generator, count, 0.1, 0.7)
    path = torch.where(chance(generator, count, 0.2), exponentiate(rate * path) / rate, path)
    jitter = log_uniform(generator, count, 0.001, 0.3) * chance(generator, count, 0.7)
    return path + jitter * deviation(path) * normal(generator, count, length)
