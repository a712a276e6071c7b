"""Hourly and finer series: weeks that repeat exactly, temperatures, traffic, visits."""

import math

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from segue.forecasting.pretraining.grammar.calendars import (
    REST,
    SLOTS,
    WEEK,
    across_days,
    daily,
    day_shapes,
    weekday_levels,
)
from segue.forecasting.pretraining.grammar.combinators import Drawn, PerSeries, Series, deviation, drawn, sometimes
from segue.forecasting.pretraining.grammar.draws import Number, chance, log_uniform, normal, pick, power, uniform
from segue.forecasting.pretraining.grammar.events import count_events
from segue.forecasting.pretraining.grammar.filters import fading_sum
from segue.forecasting.pretraining.grammar.noises import innovations, persistent
from segue.forecasting.pretraining.grammar.seasons import PHASES
from segue.forecasting.pretraining.grammar.trends import clock, slow_path, trend

YEAR = 365.25
"""Length of a year in days."""

Week = Float[Tensor, "series weekday phase"]


def week_clock(generator: Generator, count: int, length: int) -> tuple[PerSeries, Series]:
    """The steps of a day, and each step's number since the first Monday; series begin at a random hour of the week."""
    slots = pick(generator, count, SLOTS)
    start = (uniform(generator, count, 0, WEEK) * slots).floor()
    return slots, clock(generator, length) + start


def lay_out(week: Week, slots: PerSeries, time: Series) -> Series:
    """Repeats a week every `7 * slots` steps; it repeats exactly where `slots` is whole."""
    step = torch.remainder(time, WEEK * slots)
    return week.flatten(1).gather(1, (step * PHASES / slots).long())


def blur(week: Week, hours: PerSeries) -> Week:
    """Smooths a week, as a circle, by a bell of the given standard deviation."""
    number = torch.arange(WEEK * PHASES // 2 + 1, device=week.device)[None]
    bell = torch.exp(-0.5 * (2 * math.pi * number * hours / (24 * WEEK)).square())
    smooth: Tensor = torch.fft.irfft(torch.fft.rfft(week.flatten(1)) * bell, n=WEEK * PHASES)
    return smooth.view_as(week)


def activity(generator: Generator, count: int) -> Week:
    """A week of human activity of mean 1: at least 0, with quiet hours, scaled by weekday."""
    shapes = day_shapes(generator, count)
    depth = uniform(generator, count, 0.3, 1.2)[..., None]
    lowest = shapes.amin((1, 2), keepdim=True)
    scale = (uniform(generator, count, 0, 0.6) * weekday_levels(generator, count)).clamp(-1.5, 1.5).exp()
    week = blur((shapes - lowest).pow(depth) * scale[..., None], log_uniform(generator, count, 0.1, 1.5)).clamp(min=0)
    return week / week.mean((1, 2), keepdim=True).clamp(min=1e-6)


def slow_level(generator: Generator, count: int, length: int) -> Series:
    """The logarithm of a level that hardly changes within a day: a smooth drift, and in half of the series a trend."""
    drift = log_uniform(generator, count, 0.003, 0.2) * slow_path(generator, count, length)
    slope = uniform(generator, count, -0.5, 0.8) * power(generator, count, 2) * chance(generator, count, 0.5)
    return drift + slope * clock(generator, length) / length


def exact_week(generator: Generator, count: int, length: int) -> Drawn:
    """A repeated week, times or plus a slow level, with noise of 0.1 % to 5 %."""
    slots, time = week_clock(generator, count, length)
    week = activity(generator, count) + log_uniform(generator, count, 0.02, 2)[..., None]
    level, base = slow_level(generator, count, length), lay_out(week, slots, time)
    values = torch.where(chance(generator, count, 0.6), base * level.exp(), base + level * 2 * deviation(base))
    size = torch.where(chance(generator, count, 0.5), base, deviation(base))
    noise = log_uniform(generator, count, 0.001, 0.05) * size * innovations(generator, count, length)
    return drawn(values + noise, slots, WEEK * slots)


def sun(generator: Generator, count: int, slots: PerSeries, time: Series) -> Series:
    """Daily waves of unit height: few harmonics, another mixture of them in summer than in winter."""
    turn = uniform(generator, count, 0, 1)
    season = torch.cos(2 * math.pi * (time / (YEAR * slots) + turn))
    phase = 2 * math.pi * time / slots
    total = torch.cos(phase)
    for number in (2, 3, 4):
        weight = uniform(generator, count, 0, 0.5) / number
        height = weight * (1 + uniform(generator, count, -0.6, 0.6) * season)
        total = total + height * torch.cos(number * phase + uniform(generator, count, 0, 2 * math.pi))
    return total * (1 + uniform(generator, count, -0.4, 0.4) * season)


def climate(generator: Generator, count: int, length: int) -> Drawn:
    """Temperatures and daylight: a daily wave whose level and height follow the year, with weather of any strength.

    A sixth of the series are daylight: zero while the sun is below the horizon, dimmed by the clouds of the day.
    """
    slots, time = week_clock(generator, count, length)
    day = (time / slots + 1).clamp(min=1)
    days = int(day.max()) + 2
    wave = sun(generator, count, slots, time)
    weather = across_days(daily(generator, count, days), day, torch.ones_like(slots))
    stormy = torch.where(chance(generator, count, 0.55), 0.01, 1.0) * log_uniform(generator, count, 0.3, 3)
    year = torch.cos(2 * math.pi * (time / (YEAR * slots) + uniform(generator, count, 0, 1)))
    wobble = log_uniform(generator, count, 0.02, 0.6) * slow_path(generator, count, length)
    warmth = wave * (0.1 * wobble).exp() + log_uniform(generator, count, 0.5, 5) * year + wobble + stormy * weather
    light = (wave + uniform(generator, count, -0.7, 0.5)).clamp(min=0) * torch.sigmoid(3 - stormy * weather.abs() * 3)
    noise = log_uniform(generator, count, 0.0005, 0.05) * persistent(generator, count, length)
    lit = chance(generator, count, 0.17)
    return drawn(torch.where(lit, light * (1 + noise), warmth + (1 + stormy) * noise), slots)


def rush_hours(generator: Generator, count: int) -> Week:
    """Traffic by weekday: two peaks over a plateau on working days, one broad peak on days of rest, empty nights."""
    hour = torch.arange(PHASES, device=generator.device)[None, None] * 24 / PHASES

    def bell(centre: tuple[Number, Number], width: tuple[Number, Number]) -> Week:
        at, wide = uniform(generator, count, *centre)[..., None], log_uniform(generator, count, *width)[..., None]
        distance = torch.remainder(hour - at + 12, 24) - 12
        return torch.exp(-0.5 * (distance / wide).square())

    height = uniform(generator, count, 0.2, 1.5, 3)[..., None]
    morning, evening = bell((7, 9), (0.6, 1.6)), bell((16, 18.5), (0.8, 2.2))
    work = height[:, :1] * morning + height[:, 1:2] * evening + 0.6 * bell((12, 14), (3, 5))
    rest = height[:, 2:] * bell((12.5, 16), (3, 4.5)) + 0.2 * uniform(generator, count, 0, 1)[..., None] * evening
    free = torch.arange(WEEK, device=generator.device)[None, :, None] >= REST
    by_day = (1 + 0.06 * normal(generator, count, WEEK))[..., None]
    sunday = torch.tensor([1.0] * 6 + [0.8], device=generator.device)[None, :, None]
    return (
        torch.where(free, rest * sunday, work) * by_day.clamp(min=0.3) + uniform(generator, count, 0.01, 0.1)[..., None]
    )


def traffic(generator: Generator, count: int, length: int) -> Drawn:
    """Vehicles, passengers, passers-by; in a quarter of the series their speed, which drops with congestion."""
    slots, time = week_clock(generator, count, length)
    day = time / slots + 1
    days = int(day.max()) + 2
    holiday = chance(generator, count, 0.4) & chance(generator, count, 1 / 50, days)
    quiet = (1 - uniform(generator, count, 0.2, 0.7) * holiday).gather(1, day.long())
    busy = (log_uniform(generator, count, 0.01, 0.15) * daily(generator, count, days)).gather(1, day.long()).exp()
    flow = (
        lay_out(rush_hours(generator, count), slots, time) * quiet * busy * slow_level(generator, count, length).exp()
    )
    grain = log_uniform(generator, count, 0.01, 0.2)
    observed = flow + grain * (flow * flow.mean(1, keepdim=True)).sqrt() * persistent(generator, count, length)
    jam = (observed / observed.mean(1, keepdim=True) - uniform(generator, count, 0.5, 1.8)).clamp(min=0)
    speed = -(jam * (0.5 * persistent(generator, count, length)).exp()) + grain * normal(generator, count, length) / 3
    values = torch.where(chance(generator, count, 0.25), speed, observed.clamp(min=0))
    return drawn(values, slots, WEEK * slots)


def bursts(generator: Generator, count: int, length: int) -> Series:
    """Rare surges, once in 60 to 2,000 steps, each of which fades over 1 to 20 steps; some are very large."""
    hit = uniform(generator, count, 0, 1, length) < 1 / log_uniform(generator, count, 60, 2000)
    size = uniform(generator, count, 0.02, 1, length).pow(-0.7) - 1
    keep = (-1 / log_uniform(generator, count, 0.5, 20)).exp()
    return fading_sum(keep, hit * size)


def visits(generator: Generator, count: int, length: int) -> Drawn:
    """Visits, calls, requests: a week of activity times a growing level, with surges; half of the series are counts."""
    slots, time = week_clock(generator, count, length)
    week = lay_out(activity(generator, count), slots, time) + uniform(generator, count, 0.02, 0.5)
    level = slow_level(generator, count, length) + 0.3 * trend(generator, count, length) * chance(generator, count, 0.3)
    surge = 1 + uniform(generator, count, 0.1, 1) * chance(generator, count, 0.6) * bursts(generator, count, length)
    error = log_uniform(generator, count, 0.02, 0.4) * persistent(generator, count, length)
    rate = standard_rate(week * (level + error).clamp(-4, 4).exp() * surge) * log_uniform(generator, count, 1, 1000)
    return drawn(sometimes(generator, rate, 0.5, count_events), slots, WEEK * slots)


def standard_rate(rate: Series) -> Series:
    """Scales rates to a mean of 1, with no value above 50."""
    return (rate / rate.mean(1, keepdim=True).clamp(min=1e-6)).clamp(max=50)
