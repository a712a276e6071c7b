"""Gaussian processes of composed kernels (Duvenaud et al., 2013): a kernel for each series, drawn by one transform."""

import math

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from segue.forecasting.pretraining.grammar.combinators import PerSeries, Series
from segue.forecasting.pretraining.grammar.draws import chance, log_uniform, normal, pick, uniform
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
    lag = clock(generator, LAG_RANGE * length + 1)
    scale = spans(generator, count, length, 3)
    period = periods(generator, count)
    lasting = period * log_uniform(generator, count, 3, 100)
    cycle = periodic(lag, period, log_uniform(generator, count, 0.4, 2.5)) * squared_exponential(lag, lasting)
    kinds = torch.stack(
        [squared_exponential(lag, scale), rational_quadratic(lag, scale)]
        + [matern(lag, scale, degree) for degree in (0, 1, 2)]
        + [cycle]
    )
    kind = pick(generator, count, [0, 1, 2, 3, 4, 5, 5, 5, 5, 5]).long()[:, 0]
    return kinds[kind, torch.arange(count, device=kind.device)]


def gaussian_process(generator: Generator, count: int, length: int) -> Series:
    """One to four kernels, added or multiplied; some have a line, some grow with time, a fifth are exponentials."""
    total = sample_kernel(generator, count, length)
    for present in (0.7, 0.45, 0.25):
        factor = sample_kernel(generator, count, length)
        share = log_uniform(generator, count, 0.1, 3)
        joined = torch.where(chance(generator, count, 0.4), total * factor, total + share * factor)
        total = torch.where(chance(generator, count, present), joined, total)
    path = sample_process(generator, total / total[:, :1], length)
    time = clock(generator, length) / spans(generator, count, length, 60)
    tilt = normal(generator, count) * chance(generator, count, 0.35)
    swell = 1 + uniform(generator, count, 0, 2) * chance(generator, count, 0.15) * time.clamp(max=20)
    path = swell * path + tilt * time
    rate = uniform(generator, count, 0.1, 0.7)
    path = torch.where(chance(generator, count, 0.2), exponentiate(rate * path) / rate, path)
    jitter = log_uniform(generator, count, 0.001, 0.3) * chance(generator, count, 0.7)
    return path + jitter * path.std(1, keepdim=True) * normal(generator, count, length)
