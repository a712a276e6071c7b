"""Electricity loads and what else follows the weather: level and amplitude move together over days."""

import math

import torch
from torch import Generator

from segue.forecasting.pretraining.grammar.calendars import WEEK, across_days
from segue.forecasting.pretraining.grammar.combinators import Drawn, PerSeries, Series, deviation, drawn
from segue.forecasting.pretraining.grammar.draws import chance, log_uniform, normal, uniform
from segue.forecasting.pretraining.grammar.filters import fading_sum
from segue.forecasting.pretraining.grammar.hourly import YEAR, activity, lay_out, slow_level, week_clock
from segue.forecasting.pretraining.grammar.noises import first_order, persistent


def fronts(generator: Generator, count: int, days: int, memory: PerSeries) -> Series:
    """Weather by day: an autoregression of unit variance that forgets within `memory` days."""
    return first_order((-1 / memory).exp(), normal(generator, count, days))


def temperature(generator: Generator, slots: PerSeries, time: Series) -> Series:
    """Degrees on a scale where the weather has unit variance: year, fronts of 2 to 10 days, and a day cycle.

    The day cycle is warmest between 13 and 17 hours, and is higher on some days than on others, as under a clear sky.
    """
    count = len(time)
    day = time / slots + 1
    days = int(day.max()) + 2
    memory, smooth = log_uniform(generator, count, 2, 10), torch.ones_like(slots)
    weather = across_days(fronts(generator, count, days, memory), day, smooth)
    sky = across_days(fronts(generator, count, days, 0.5 * memory), day, smooth)
    year = torch.cos(2 * math.pi * (day / YEAR + uniform(generator, count, 0, 1)))
    warmest = uniform(generator, count, 13 / 24, 17 / 24)
    sun = torch.cos(2 * math.pi * (day - warmest)) * (1 + uniform(generator, count, 0, 0.35) * sky).clamp(min=0.1)
    return log_uniform(generator, count, 0.5, 4) * year + weather + uniform(generator, count, 0.3, 1.5) * sun


def response(generator: Generator, degrees: Series) -> Series:
    """Heating below one temperature and cooling above another, which bend like hinges or like parabolas; at least 0."""
    count = len(degrees)
    bent = chance(generator, count, 0.4)
    total = torch.zeros_like(degrees)
    middle, width = degrees.mean(1, keepdim=True), deviation(degrees)
    for side in (-1, 1):
        begin = uniform(generator, count, -1, 1.2) * width
        beyond = (side * (degrees - middle) - begin).clamp(min=0) / width
        strength = log_uniform(generator, count, 0.03, 0.6) * chance(generator, count, 0.7)
        total = total + strength * torch.where(bent, 0.5 * beyond.square(), beyond)
    return total


def weather_load(generator: Generator, count: int, length: int) -> Drawn:
    """A week of activity times and plus a response to the temperature, which buildings follow with a delay.

    A random share of the response multiplies the activity, and the rest is added. So the amplitude of the day and its
    level rise together while the weather lasts.
    """
    slots, time = week_clock(generator, count, length)
    inertia = slots * log_uniform(generator, count, 0.02, 2)
    degrees = temperature(generator, slots, time)
    keep = (-1 / inertia).exp()
    drive = (1 - keep) * degrees
    drive[:, :1] = degrees[:, :1]
    felt = torch.where(chance(generator, count, 0.6), fading_sum(keep, drive), degrees)
    demand = response(generator, felt)
    week = lay_out(activity(generator, count), slots, time)
    base = log_uniform(generator, count, 0.2, 4)
    busy, share = (base + week) / (base + 1), uniform(generator, count, 0, 1)
    used = busy * (1 + share * demand) + (1 - share) * demand
    level = (0.3 * slow_level(generator, count, length)).exp()
    error = log_uniform(generator, count, 0.002, 0.03) * persistent(generator, count, length)
    return drawn(used * level * (1 + error), slots, WEEK * slots)
