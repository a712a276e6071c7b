"""Calendar profiles: shapes of working days and days of rest, levels by weekday, variation by day."""

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor

from segue.forecasting.pretraining.grammar.combinators import Drawn, PerSeries, Series, drawn, standardise
from segue.forecasting.pretraining.grammar.draws import Number, chance, log_uniform, normal, pick, power, uniform
from segue.forecasting.pretraining.grammar.filters import fading_sum
from segue.forecasting.pretraining.grammar.seasons import PHASES, waveform
from segue.forecasting.pretraining.grammar.trends import clock, slow_path

SLOTS = (24, 24, 24, 24, 24, 24, 24, 24, 48, 48, 96, 144, 12)
"""Steps a day, repeated by how common they are."""

WEEK = 7
REST = 5
"""The first weekday of rest; Monday is 0."""

ByWeekday = Float[Tensor, "series weekday"]
ByDay = Float[Tensor, "series day"]


def weekdays(generator: Generator, count: int, days: int) -> Int[Tensor, "series day"]:
    """The weekday of each day; in a third of the series one day in 40 is a holiday, which counts as a Sunday."""
    plain = torch.remainder(torch.arange(days, device=generator.device), WEEK)[None]
    holiday = chance(generator, count, 0.33) & chance(generator, count, 1 / 40, days)
    return torch.where(holiday, WEEK - 1, plain)


def day_shapes(generator: Generator, count: int) -> Float[Tensor, "series weekday phase"]:
    """The shape of each weekday: a common one, in part another or a quieter one on days of rest, and deviations."""
    rests = torch.arange(WEEK, device=generator.device)[None] >= REST
    share = (power(generator, count, 1.5) * chance(generator, count, 0.7) * rests)[..., None]
    quieter = (1 - uniform(generator, count, -0.1, 0.7) * chance(generator, count, 0.5) * rests)[..., None]
    rows = chance(generator, count, 0.5).squeeze(1).nonzero().squeeze(1)
    work, free, own = waveform(generator, 2 * count + WEEK * len(rows)).split([count, count, WEEK * len(rows)])
    shapes = quieter * torch.lerp(work[:, None], free[:, None], share)
    deviations = log_uniform(generator, len(rows), 0.01, 0.3)[..., None] * own.view(len(rows), WEEK, PHASES)
    return shapes.index_add_(0, rows, deviations)


def weekday_levels(generator: Generator, count: int, share: Number = 0.67) -> ByWeekday:
    """The level of each weekday in a share of the series, else 0: days of rest differ, and are mostly lower."""
    rests = torch.arange(WEEK, device=generator.device)[None] >= REST
    depth = uniform(generator, count, 0, 2) * pick(generator, count, [-1, -1, -1, 0, 1])
    apart = log_uniform(generator, count, 0.02, 0.4) * normal(generator, count, WEEK)
    return (depth * rests + apart) * chance(generator, count, share)


def daily(generator: Generator, count: int, days: int) -> ByDay:
    """One value a day: a first-order autoregression from rest, whose variance rises to 1."""
    keep = uniform(generator, count, 0, 0.97)
    return fading_sum(keep, normal(generator, count, days) * (1 - keep.square()).sqrt())


def across_days(values: ByDay, time: Series, sharpness: PerSeries) -> Series:
    """Daily values at real-valued times in days: each holds at noon, and the transition is centred on midnight.

    At sharpness 1 the transition is a line from noon to noon; at 24 it takes one hour.
    """
    since_noon = time + 0.5
    left = since_noon.long()
    share = ((since_noon - left - 0.5) * sharpness + 0.5).clamp(0, 1)
    return torch.lerp(values.gather(1, left - 1), values.gather(1, left), share)


def day_by_week(generator: Generator, count: int, length: int, slots: PerSeries) -> Series:
    """Day shapes along the week, with levels by weekday, and amplitudes and levels that vary by day."""
    first = (uniform(generator, count, 1, 1 + WEEK) * slots).floor()
    time = (clock(generator, length) + first) / slots + 1e-4
    day = time.long()
    days = int(day.max()) + 2
    weekday = weekdays(generator, count, days)
    phase = ((time - day) * PHASES).long()
    shape = day_shapes(generator, count).flatten(1).gather(1, weekday.gather(1, day) * PHASES + phase)
    sharpness = log_uniform(generator, count, 1, 48)
    variation = torch.where(chance(generator, count, 0.6), 0.05, 0.3) * uniform(generator, count, 0, 1)
    amplitude = 1 + variation * across_days(daily(generator, count, days), time, sharpness)
    depth = log_uniform(generator, count, 0.02, 0.8) * chance(generator, count, 0.75)
    levels = weekday_levels(generator, count).gather(1, weekday) + depth * daily(generator, count, days)
    return shape * amplitude.clamp(min=0.1) + across_days(levels, time, sharpness)


def measured(generator: Generator, values: Series) -> Series:
    """Adds noise: in most series 1 % to 10 % of the standard deviation, in the others up to all of it."""
    count, length = values.shape
    clean, loud = log_uniform(generator, count, 0.01, 0.1), log_uniform(generator, count, 0.1, 1)
    scale = torch.where(chance(generator, count, 0.7), clean, loud)
    busy = (uniform(generator, count, 0, 0.5) * values).exp()
    return values + scale * busy.clamp(max=3) * normal(generator, count, length)


def calendar(generator: Generator, count: int, length: int) -> Drawn:
    """Hourly and finer series of human activity; in half of them effects multiply, in a third the level drifts."""
    slots = pick(generator, count, SLOTS)
    base = standardise(day_by_week(generator, count, length, slots))
    noisy = measured(generator, base)
    rate = torch.minimum(uniform(generator, count, 0.1, 0.9), 2 / noisy.amax(1, keepdim=True).clamp(min=1))
    multiplied = (noisy * rate).exp() / rate
    values = torch.where(chance(generator, count, 0.5), multiplied, noisy)
    drift = uniform(generator, count, 0, 1) * chance(generator, count, 0.35)
    return drawn(values + drift * slow_path(generator, count, length), slots, WEEK * slots)
