"""Artefacts: values that are held, amplitudes that drift, spikes that return with the season."""

import torch
from torch import Generator

from segue.forecasting.pretraining.grammar.combinators import Series, deviation
from segue.forecasting.pretraining.grammar.draws import chance, log_uniform, normal, uniform
from segue.forecasting.pretraining.grammar.seasons import modulated, periods


def hold(values: Series, fresh: Series) -> Series:
    """At each step the last value whose `fresh` is above 0; the first step counts as fresh."""
    time = torch.arange(values.shape[1], device=values.device)[None]
    latest = torch.where(fresh > 0, time, 0).cummax(1).values
    return values.gather(1, latest)


def held(generator: Generator, values: Series) -> Series:
    """Holds each value for 2 to 11 steps, regularly or at random; in a quarter of the series for a while only."""
    count, length = values.shape
    time = torch.arange(length, device=values.device)[None]
    gap = log_uniform(generator, count, 2, 12).floor()
    regular = torch.remainder(time, gap) == 0
    random = uniform(generator, count, 0, 1, length) < 1 / gap
    fresh = torch.where(chance(generator, count, 0.6), regular, random)
    begin = uniform(generator, count, 0, 0.9) * length
    outside = (time < begin) | (time > begin + length * uniform(generator, count, 0.02, 0.2))
    return hold(values, (fresh | (outside & chance(generator, count, 0.25))).to(values.dtype))


def amplitude_drift(generator: Generator, values: Series) -> Series:
    """Lets the amplitude about the mean drift."""
    middle = values.mean(1, keepdim=True)
    return modulated(generator, values - middle) + middle


def periodic_spikes(generator: Generator, values: Series) -> Series:
    """Adds spikes once a cycle, at the same phase and of similar height; in some series one in ten is missing."""
    count, length = values.shape
    period = periods(generator, count).clamp(min=4).round()
    time = torch.arange(length, device=values.device)[None]
    phase = (uniform(generator, count, 0, 1) * period).floor()
    wide = torch.minimum(log_uniform(generator, count, 1, 4), period / 3).floor().clamp(min=1)
    due = torch.remainder(time - phase, period) < wide
    kept = ~(chance(generator, count, 0.1, length) & chance(generator, count, 0.3))
    size = uniform(generator, count, 1, 5) * (1 + uniform(generator, count, 0, 0.4) * normal(generator, count, length))
    side = torch.where(chance(generator, count, 0.75), 1.0, -1.0)
    return values + due * kept * side * size * deviation(values)
