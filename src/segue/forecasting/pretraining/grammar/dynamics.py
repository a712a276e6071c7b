"""Dynamics: the past determines the future through memory, not through a calendar or a trend."""

import math

import torch
from torch import Generator

from segue.forecasting.pretraining.grammar.combinators import PerSeries, Series, choose, standardise
from segue.forecasting.pretraining.grammar.draws import chance, log_uniform, normal, uniform
from segue.forecasting.pretraining.grammar.filters import Lag, Spectrum, circle, circular_filter, fading_sum
from segue.forecasting.pretraining.grammar.noises import (
    autoregression,
    coloured,
    innovations,
    persistent,
    sample_sections,
)
from segue.forecasting.pretraining.grammar.trends import clock


def resonance(period: PerSeries, memory: PerSeries, shocks: Series) -> Series:
    """A stochastic cycle: an autoregression of order 2 whose oscillations decay to 1 / e within `memory` steps.

    The spectrum of the shocks is that of a circle, so the first step already oscillates.
    """
    radius = (-1 / memory).exp()
    linear = 2 * radius * (2 * math.pi / period).cos()

    def response(lag: Lag) -> Spectrum:
        return 1 / (1 - linear * lag(1) + radius.square() * lag(2))

    return circular_filter(shocks, response)


def oscillations(generator: Generator, count: int, length: int) -> Series:
    """One to three stochastic cycles of 4 to 400 steps that last 0.7 to 20 periods.

    Shocks are normal, or in a third of the series rare, so that most of the future is the decay of what is seen.
    """
    rare = chance(generator, count, 0.33)
    hit = uniform(generator, count, 0, 1, circle(length)) < 1 / log_uniform(generator, count, 10, 500)
    shocks = normal(generator, count, circle(length))
    shocks = torch.where(rare, (hit + 1e-3) * shocks, shocks)
    total = torch.zeros(count, length, device=generator.device)
    for present in (1.0, 0.5, 0.25):
        rows = chance(generator, count, present).squeeze(1).nonzero().squeeze(1)
        if len(rows):
            period = log_uniform(generator, len(rows), 4, 400)
            memory = period * log_uniform(generator, len(rows), 0.7, 20)
            cycle = standardise(resonance(period, memory, shocks[rows])[:, :length])
            total.index_add_(0, rows, log_uniform(generator, len(rows), 0.2, 1) * cycle)
    return total


def autoregressions(generator: Generator, count: int, length: int) -> Series:
    """Autoregressions of order 1 to 8 with poles of radius up to 0.995."""
    sections = sample_sections(generator, count, 4, 0.995)
    return standardise(autoregression(innovations(generator, count, circle(length)), sections)[:, :length])


def relaxation(generator: Generator, count: int, length: int) -> Series:
    """Mean reversion after rare large displacements, with a half-life of 3 steps to a third of the length."""
    half_life = log_uniform(generator, count, 3, max(4, length / 3))
    keep = (-math.log(2) / half_life).exp()
    hit = uniform(generator, count, 0, 1, length) < 1 / (half_life * log_uniform(generator, count, 1, 8))
    size = normal(generator, count, length) + 2 * normal(generator, count)
    once = fading_sum(keep, hit * size)
    twice = fading_sum(keep, once) / half_life  # a displacement that rises first and then fades
    shape = torch.where(chance(generator, count, 0.3), twice, once)
    return standardise(shape) + log_uniform(generator, count, 0.003, 0.2) * fading_sum(
        keep, normal(generator, count, length) * (1 - keep.square()).sqrt()
    )


def quasiperiodic(generator: Generator, count: int, length: int) -> Series:
    """Two to four sines of unrelated periods from 5 to 400 steps, seen as they are, as a product or through a bend."""
    time = clock(generator, length)
    first, second = (
        torch.sin(2 * math.pi * (time / log_uniform(generator, count, 5, 400) + uniform(generator, count, 0, 1)))
        for _ in range(2)
    )
    total = first + log_uniform(generator, count, 0.2, 1) * second
    for _ in range(2):
        phase = time / log_uniform(generator, count, 5, 400) + uniform(generator, count, 0, 1)
        total = total + chance(generator, count, 0.4) * uniform(generator, count, 0, 1) * torch.sin(2 * math.pi * phase)
    kind = uniform(generator, count, 0, 1)
    bent = torch.where(kind < 0.75, (2 * total).tanh(), total.exp())
    return torch.where(kind < 0.4, total, torch.where(kind < 0.6, (first + 1.2) * (total + 2), bent))


def dynamics(generator: Generator, count: int, length: int) -> Series:
    """Stochastic cycles, autoregressions, mean reversion, quasiperiodic motion, coloured noise; read with noise."""
    members = [oscillations, autoregressions, persistent, coloured, relaxation, quasiperiodic]
    path = standardise(choose(generator, count, length, members, [0.35, 0.3, 0.05, 0.08, 0.12, 0.1])[0])
    hiss = log_uniform(generator, count, 0.001, 0.3) * chance(generator, count, 0.7)
    return path + hiss * normal(generator, count, length)
