"""Calendar profiles: a shape of the day, another at the weekend, levels by weekday, days that differ."""

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from segue.forecast.grammar.combinators import PerSeries, Series, standardise
from segue.forecast.grammar.draws import chance, log_uniform, normal, pick, uniform
from segue.forecast.grammar.filters import linear_scan
from segue.forecast.grammar.seasons import PHASES, waveform
from segue.forecast.grammar.trends import clock, slow_path

SLOTS = (24, 24, 24, 24, 24, 24, 24, 24, 48, 48, 96, 144, 12)
"""Steps a day, repeated by how common they are."""

WEEK = 7


def day_shapes(generator: Generator, count: int) -> Float[Tensor, "series weekday phase"]:
    """One shape for each weekday: a common one, another on two days in a row, and each day's own deviation."""
    rest = torch.randint(WEEK, (count, 1), generator=generator, device=generator.device)
    weekday = torch.arange(WEEK, device=generator.device)[None]
    is_rest = torch.remainder(weekday - rest, WEEK) < 2
    differs = uniform(generator, count, 0.1, 1) * chance(generator, count, 0.7)
    share = (differs * is_rest)[..., None]
    work, free = waveform(generator, count)[:, None], waveform(generator, count)[:, None]
    own = waveform(generator, count * WEEK).view(count, WEEK, PHASES)
    deviation = log_uniform(generator, count, 0.01, 0.3) * chance(generator, count, 0.5)
    return work + share * (free - work) + deviation[..., None] * own


def weekday_levels(generator: Generator, count: int) -> Float[Tensor, "series weekday"]:
    """How high each weekday lies: two days in a row apart from the others; all alike in a third of the series."""
    rest = torch.randint(WEEK, (count, 1), generator=generator, device=generator.device)
    is_rest = torch.remainder(torch.arange(WEEK, device=generator.device)[None] - rest, WEEK) < 2
    depth = uniform(generator, count, 0, 2) * pick(generator, count, [-1, -1, 0, 1])
    apart = log_uniform(generator, count, 0.02, 0.4) * normal(generator, count, WEEK)
    return (depth * is_rest + apart) * chance(generator, count, 0.67)


def daily(generator: Generator, count: int, days: int) -> Float[Tensor, "series day"]:
    """One value a day: a first-order autoregression of unit variance."""
    keep = uniform(generator, count, 0, 0.97)
    drive = normal(generator, count, days) * (1 - keep.square()).sqrt()
    return linear_scan(keep.expand(count, days), drive)


def across_days(values: Float[Tensor, "series day"], position: Series) -> Series:
    """Daily values at real-valued days, linear between them."""
    left = position.long()
    return torch.lerp(values.gather(1, left), values.gather(1, left + 1), position - left)


def day_by_week(generator: Generator, count: int, length: int, slots: PerSeries) -> Series:
    """Day shapes placed along the week, with weekday levels and with amplitudes and levels that differ by day."""
    time = clock(generator, length) + (uniform(generator, count, 0, WEEK) * slots).floor()
    day = torch.div(time + 0.5, slots, rounding_mode="floor").long()
    phase = ((time - day * slots) / slots * PHASES).round().long().clamp(max=PHASES - 1)
    weekday = torch.remainder(day, WEEK)
    shape = day_shapes(generator, count).flatten(1).gather(1, weekday * PHASES + phase)
    days = int(day.max()) + 3
    variation = torch.where(chance(generator, count, 0.6), 0.05, 0.3) * uniform(generator, count, 0, 1)
    amplitude = 1 + variation * across_days(daily(generator, count, days), time / slots)
    depth = log_uniform(generator, count, 0.02, 0.8) * chance(generator, count, 0.75)
    level = depth * across_days(daily(generator, count, days), time / slots)
    abrupt = weekday_levels(generator, count).gather(1, weekday)
    return shape * amplitude.clamp(min=0.1) + abrupt + level


def measured(generator: Generator, values: Series) -> Series:
    """With noise: in most series 1 % to 10 % of the standard deviation, in the others up to all of it."""
    count, length = values.shape
    clean, loud = log_uniform(generator, count, 0.01, 0.1), log_uniform(generator, count, 0.1, 1)
    scale = torch.where(chance(generator, count, 0.7), clean, loud)
    busy = (uniform(generator, count, 0, 0.5) * values).exp()
    return values + scale * busy.clamp(max=3) * normal(generator, count, length)


def calendar(generator: Generator, count: int, length: int) -> Series:
    """Hourly and finer series of human activity; in half of them effects multiply, in a third the level drifts."""
    base = standardise(day_by_week(generator, count, length, pick(generator, count, SLOTS)))
    seen = measured(generator, base)
    rate = uniform(generator, count, 0.1, 0.9)
    multiplied = (seen * rate).exp() / rate
    values = torch.where(chance(generator, count, 0.5), multiplied, seen)
    drift = uniform(generator, count, 0, 1) * chance(generator, count, 0.35)
    return values + drift * slow_path(generator, count, length)
