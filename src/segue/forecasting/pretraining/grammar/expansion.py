"""Large smooth series that grow: smooth curves of growth, seasons whose height follows the level, little noise."""

import torch
from torch import Generator

from segue.forecasting.pretraining.grammar.combinators import Drawn, PerSeries, Series, choose_drawn, drawn
from segue.forecasting.pretraining.grammar.draws import chance, log_uniform, normal, uniform
from segue.forecasting.pretraining.grammar.noises import first_order, innovations
from segue.forecasting.pretraining.grammar.tourism import evolving_cycle
from segue.forecasting.pretraining.grammar.trends import clock, slow_path, spans


def exponential_curve(generator: Generator, time: Series) -> Series:
    """Growth by a factor of up to 9 within the span; `growth_curve` compresses time, so earlier growth is slower."""
    return (uniform(generator, len(time), 0.1, 2.5) * time).exp()


def logistic_curve(generator: Generator, time: Series) -> Series:
    """Growth that saturates: the fastest rise lies between the start of the span and shortly after its end."""
    middle, steepness = uniform(generator, len(time), -1, 0.3), uniform(generator, len(time), 2, 10)
    return uniform(generator, len(time), 0.02, 0.6) + torch.sigmoid(steepness * (time - middle))


def piecewise_curve(generator: Generator, time: Series) -> Series:
    """Lines with up to two kinks within the span, which mostly rise."""
    total = 1 + uniform(generator, len(time), -0.2, 1) * time
    for _ in range(2):
        slope = 0.7 * normal(generator, len(time)) * chance(generator, len(time), 0.6)
        total = total + slope * (time + uniform(generator, len(time), 0, 1)).clamp(max=0)
    return torch.where(total < 0.5, 0.5 * (2 * total - 1).exp(), total)  # continues as an exponential, above 0


def growth_curve(generator: Generator, count: int, length: int) -> Series:
    """A smooth positive level, 1 at its end, which changes over a span of 16 to 400 steps, and less and less before."""
    span = spans(generator, count, min(length, 400), 16)
    time = torch.asinh((clock(generator, length) + 1 - length) / span)
    kind = uniform(generator, count, 0, 1)
    other = torch.where(kind < 0.65, logistic_curve(generator, time), piecewise_curve(generator, time))
    level = torch.where(kind < 0.35, exponential_curve(generator, time), other)
    level = torch.where(chance(generator, count, 0.1), level.reciprocal().clamp(max=20), level)  # some shrink
    return level / level[:, -1:]


def grown(generator: Generator, cycle: Series, height: PerSeries) -> Series:
    """A growing level with a season whose height follows a power of the level from 0 to 1, and noise of 0.3 % to 5 %.

    The level also wanders: a little from step to step, and smoothly over years.
    """
    count, length = cycle.shape
    wander = log_uniform(generator, count, 1e-4, 0.01) * normal(generator, count, length).cumsum(1)
    wander = wander - wander[:, -1:] + log_uniform(generator, count, 0.003, 0.1) * slow_path(generator, count, length)
    level = growth_curve(generator, count, length) * wander.clamp(-1.5, 1.5).exp()
    share = torch.where(chance(generator, count, 0.5), 1.0, uniform(generator, count, 0, 1))
    wave = height * cycle * level.clamp(min=1e-3).pow(share)
    keep = uniform(generator, count, 0, 0.9) * chance(generator, count, 0.5)
    shocks = first_order(keep, innovations(generator, count, length))
    size = log_uniform(generator, count, 0.003, 0.05) * level.pow(
        torch.where(chance(generator, count, 0.7), 1.0, share)
    )
    return level + wave + size * shocks


def yearly(generator: Generator, count: int, length: int) -> Series:
    """Years, quarters or months without a season; in a third of the series a business cycle of 5 to 40 steps."""
    period = log_uniform(generator, count, 5, 40)
    phase = clock(generator, length) / period + uniform(generator, count, 0, 1)
    cycle = torch.cos(2 * torch.pi * (phase + 0.1 * slow_path(generator, count, length)))
    return grown(generator, cycle, log_uniform(generator, count, 0.003, 0.08) * chance(generator, count, 0.33))


def seasonal(generator: Generator, count: int, length: int, period: int) -> Drawn:
    """Months or quarters with a strong season of 3 % to 60 % of the level."""
    height = log_uniform(generator, count, 0.03, 0.6)
    values = grown(generator, evolving_cycle(generator, count, length, period), height)
    return drawn(values, torch.full_like(height, period))


def smooth_growth(generator: Generator, count: int, length: int) -> Drawn:
    """Large smooth monthly, quarterly and yearly series."""

    def months(source: Generator, number: int, steps: int) -> Drawn:
        return seasonal(source, number, steps, 12)

    def quarters(source: Generator, number: int, steps: int) -> Drawn:
        return seasonal(source, number, steps, 4)

    return choose_drawn(generator, count, length, [months, quarters, yearly], [0.4, 0.3, 0.3])[0]
