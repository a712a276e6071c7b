"""Terminals: trends, at all time scales.

A trend drawn over the whole length is nearly a line in a short history. So most have a `span`, log-uniform between 4,
12, 24 or 200 steps and the length: slopes change about once a span, and the excursion over the last span is of order 1.
"""

import math
from functools import lru_cache

import torch
from torch import Generator

from segue.forecasting.pretraining.grammar.combinators import PerSeries, Series, choose, unit_variance
from segue.forecasting.pretraining.grammar.draws import Number, chance, log_uniform, normal, pick, power, uniform
from segue.forecasting.pretraining.grammar.filters import accumulate, lag_filter


def clock(generator: Generator, length: int) -> Series:
    """The steps 0 ... length - 1 as one row."""
    return torch.arange(length, dtype=torch.float32, device=generator.device)[None]


def spans(generator: Generator, count: int, length: int, shortest: Number = 12) -> PerSeries:
    """Time scales in steps, log-uniform from `shortest` to the length."""
    return log_uniform(generator, count, min(shortest, length), length)


def unit_excursion(values: Series, span: PerSeries) -> Series:
    """Shifts and scales: zero at the start of the last `span` steps, and a root mean square of 1 over them."""
    length = values.shape[1]
    first = (length - span).clamp(0, length - 1).long()
    moved = values - values.gather(1, first)
    inside = torch.arange(length, device=values.device)[None] >= first
    power_inside = (moved.square() * inside).sum(1, keepdim=True) / inside.sum(1, keepdim=True)
    return moved / power_inside.sqrt().clamp(min=1e-6)


def slow_path(generator: Generator, count: int, length: int) -> Series:
    """A smooth random path of unit variance, with up to about 12 cycles: for amplitudes and weights that drift."""
    cutoff = log_uniform(generator, count, 1, 24)
    frequency = torch.arange(1, min(64, length) + 1, device=generator.device)[None]
    envelope = torch.exp(-0.5 * (frequency / cutoff).square())
    parts = normal(generator, count, 2 * frequency.shape[1]) * torch.cat([envelope, envelope], 1)
    return unit_variance(parts @ _sines(frequency.shape[1], length, generator.device))


def linear(generator: Generator, count: int, length: int) -> Series:
    """One straight line."""
    return pick(generator, count, [-1, 1, 1]) * clock(generator, length) / spans(generator, count, length, 200)


def broken(generator: Generator, count: int, length: int) -> Series:
    """Piecewise linear: a new slope about once a span."""
    span = spans(generator, count, length)
    change = uniform(generator, count, 0, 1, length) < 1 / span
    slopes = normal(generator, count, length) + 0.5 * normal(generator, count)
    piece = change.long().cumsum(1)
    return unit_excursion(accumulate(slopes.gather(1, piece.clamp(max=length - 1))), span)


def exponential(generator: Generator, count: int, length: int) -> Series:
    """Growth or decline at a constant rate over the last span, by at most 3 units of the logarithm."""
    span = spans(generator, count, length, 24)
    rate = uniform(generator, count, 0.3, 3) * pick(generator, count, [1, 1, 1, -1])
    steps = (clock(generator, length) - length + span).clamp(min=0)
    return unit_excursion((rate * steps / span).exp(), span)


def logistic(generator: Generator, count: int, length: int) -> Series:
    """Two sigmoid transitions between levels in or just after the last two spans, each within a span."""
    span = spans(generator, count, length)
    time = (clock(generator, length) - length) / span
    total = torch.zeros_like(time)
    for _ in range(2):
        middle = uniform(generator, count, -2, 0.3)
        total = total + normal(generator, count) * torch.sigmoid((time - middle) * uniform(generator, count, 3, 25))
    return unit_excursion(total, span)


def wandering(generator: Generator, count: int, length: int) -> Series:
    """Random walk."""
    return unit_excursion(accumulate(normal(generator, count, length)), spans(generator, count, length))


def local_linear(generator: Generator, count: int, length: int) -> Series:
    """Local linear trend: the slope is an autoregression that forgets in about one span."""
    span = spans(generator, count, length, 4)
    keep = 1 - 1 / span
    noise = normal(generator, count, length)
    steps = lag_filter(noise, lambda lag: 1 / (1 - keep * lag(1))) / span.sqrt()
    drift = 1.5 * normal(generator, count) * chance(generator, count, 0.5)
    return unit_excursion(accumulate(steps + drift), span)


def smooth(generator: Generator, count: int, length: int) -> Series:
    """A smooth random path."""
    return slow_path(generator, count, length)


def trend(generator: Generator, count: int, length: int) -> Series:
    """Any of the trends, of order 1 over its own time scale."""
    members = [linear, broken, exponential, logistic, wandering, local_linear, smooth]
    return choose(generator, count, length, members, [0.12, 0.2, 0.13, 0.13, 0.16, 0.18, 0.08])[0]


def log_level(generator: Generator, count: int, length: int) -> Series:
    """The logarithm of a level with growth over the last span of 24 to 400 steps, a trend and shocks.

    The mean rate is up to 12 % a step on short spans; over a whole span it adds at most 3.
    """
    span = spans(generator, count, min(length, 400), 24)
    rate = 3 * power(generator, count, 2) / span * pick(generator, count, [1, 1, 1, 1, -1])
    active = clock(generator, length) >= length - span
    shock = log_uniform(generator, count, 1e-4, 0.04)
    wobble = trend(generator, count, length) * log_uniform(generator, count, 0.01, 0.5)
    return accumulate(rate * active + shock * normal(generator, count, length)) + wobble


def exponentiate(path: Series) -> Series:
    """The exponential of a path, 1 at the last step, nowhere above e^2 or below e^-8.

    A path outside these bounds is scaled down as a whole, so that its end, which a short history shows, is never
    negligible beside the past.
    """
    anchored = path - path[:, -1:]
    highest, lowest = anchored.amax(1, keepdim=True), anchored.amin(1, keepdim=True)
    return (anchored / torch.maximum(highest / 2, lowest / -8).clamp(min=1)).exp()


@lru_cache(maxsize=4)
def _sines(number: int, length: int, device: torch.device) -> Series:
    """The cosines, then the sines, of 1 to `number` cycles in twice the length: the transform as a product."""
    turns = torch.arange(1, number + 1, device=device)[:, None] * torch.arange(length, device=device) % (2 * length)
    angle = turns * (math.pi / length)
    return torch.cat([angle.cos(), angle.sin()])
