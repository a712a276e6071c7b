"""Linear recursions over time without a loop over time: one transform pair, or a scan in log2(length) steps."""

import math
from collections.abc import Callable

import torch
from jaxtyping import Complex
from torch import Tensor

from segue.forecasting.pretraining.grammar.combinators import PerSeries, Series

Spectrum = Complex[Tensor, "#series frequency"]
Lag = Callable[[int | Tensor], Spectrum]
"""The backshift operator: `lag(k)` is B^k, for one whole k or for one a series (`[series 1]`, integers)."""

_WRAP = 1e-13  # weight at the end of the padded time axis, which leaks back to its start; rounding allows little less


def lag_filter(innovations: Series, response: Callable[[Lag], Spectrum]) -> Series:
    """Filters causally from rest with a rational function of the backshift operator B, unit roots included.

    `lag_filter(e, lambda B: (1 - theta * B(1)) / ((1 - B(1)) * (1 - phi * B(12))))` reads as in the textbooks.
    The response is evaluated on a circle of radius below 1, where unit roots do no harm. This multiplies time by an
    exponential weight, which is divided out again (numerical inversion of generating functions: Abate and Whitt, 1992).

    Args:
        innovations: The shocks of the recursion, zero before the first step.
        response: The transfer function; its roots may lie on the unit circle, not inside.

    Returns:
        The filtered series, in the type of the innovations; float64 is exact to about 1e-10 of the largest value.
    """
    length = innovations.shape[1]
    padded = fast_size(2 * length)
    rate = math.log(_WRAP) / padded
    weight = torch.exp(rate * torch.arange(length, dtype=torch.float64, device=innovations.device))
    spectrum = torch.fft.rfft(innovations.double() * weight, n=padded)
    filtered: Tensor = torch.fft.irfft(spectrum * response(_backshift(weight, padded, rate)), n=padded)
    return (filtered[:, :length] / weight).to(innovations.dtype)


def fast_size(least: int) -> int:
    """The least size from `least` without a prime factor above 7; a transform of 1,776 takes thrice that of 1,792."""
    size = least
    while 7**16 * 5**16 * 3**16 * 2**16 % size:
        size += 1
    return size


def circle(length: int) -> int:
    """The steps of a circle of which `length` are kept: at least twice as many, so that its ends are far apart."""
    return fast_size(2 * length)


def circular_filter(noise: Series, response: Callable[[Lag], Spectrum]) -> Series:
    """Filters on a circle: stationary from the first step, if the memory of the response is shorter than the series."""
    length = noise.shape[1]
    filtered: Tensor = torch.fft.irfft(torch.fft.rfft(noise) * response(_backshift(noise, length, 0.0)), n=length)
    return filtered


def linear_scan(gain: Series, drive: Series) -> Series:
    """`y[t] = gain[t] * y[t - 1] + drive[t]` from rest, by pointer doubling (Hillis and Steele, 1986)."""
    gain, value = gain.clone(), drive.clone()
    step = 1
    while step < value.shape[1]:
        value[:, step:] = value[:, step:] + gain[:, step:] * value[:, :-step]
        gain[:, step:] = gain[:, step:] * gain[:, :-step]
        gain[:, :step] = 0
        step *= 2
    return value


def fading_sum(keep: PerSeries, drive: Series) -> Series:
    """`y[t] = keep * y[t - 1] + drive[t]` from rest, by the same doubling with one constant gain a series."""
    value, step = drive, 1
    while step < drive.shape[1]:
        doubled = value.clone()
        doubled[:, step:].addcmul_(value[:, :-step], keep)
        value, keep, step = doubled, keep.square(), 2 * step
    return value


def accumulate(increments: Series) -> Series:
    """Running sum, computed in float64."""
    return increments.double().cumsum(1).to(increments.dtype)


def _backshift(like: Tensor, size: int, rate: float) -> Lag:
    """B^k at the frequencies of a real transform of `size` steps, on the circle of radius `exp(rate)`."""
    number = torch.arange(size, device=like.device)
    angle = number.to(like.dtype) * (-2 * math.pi / size)
    roots = torch.polar(torch.ones_like(angle), angle)
    frequency = number[None, : size // 2 + 1]

    def lag(steps: int | Tensor) -> Spectrum:
        turned = roots[torch.remainder(frequency * steps, size)]
        if isinstance(steps, int):
            return turned * math.exp(rate * steps)
        return turned * torch.exp(rate * steps.to(like.dtype))

    return lag
