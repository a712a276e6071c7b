"""Months and quarters with strong seasons: tourism, retail, air traffic; Easter, lengths of months, crises."""

import math

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor

from segue.forecasting.pretraining.grammar.combinators import Drawn, Series, choose_drawn, drawn, standardise
from segue.forecasting.pretraining.grammar.draws import chance, log_uniform, normal, pick, power, uniform
from segue.forecasting.pretraining.grammar.filters import fading_sum
from segue.forecasting.pretraining.grammar.noises import innovations, persistent
from segue.forecasting.pretraining.grammar.seasons import PHASES, modulated, waveform
from segue.forecasting.pretraining.grammar.trends import exponentiate, log_level, slow_path

DAYS = (31.0, 28.25, 31.0, 30.0, 31.0, 30.0, 31.0, 31.0, 30.0, 31.0, 30.0, 31.0)
"""Days of the months; February has its mean."""


def easter(year: Int[Tensor, "*shape"]) -> Int[Tensor, "*shape"]:
    """The date of Easter in days after 22 March, 0 to 34, by the anonymous Gregorian computus (Nature, 1876)."""
    a, b, c = year % 19, year // 100, year % 100
    g = (8 * b + 13) // 25
    h = (19 * a + b - b // 4 - g + 15) % 30
    weekday = (2 * (b % 4) + 2 * (c // 4) - h - c % 4 + 32) % 7
    m = (a + 11 * h + 22 * weekday) // 451
    return h + weekday - 7 * m


def easter_share(year: Int[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """The share in March, not April, of an Easter journey of eight days that begins six days before the Sunday."""
    sunday = easter(year).float() + 22  # counted as a day of March; April begins after the 31st
    return ((31 - (sunday - 6) + 1) / 8).clamp(0, 1)


def months(
    generator: Generator, count: int, length: int
) -> tuple[Int[Tensor, "series length"], Int[Tensor, "series length"]]:
    """Month (0 to 11) and year of each step; the last step is a random month of 1970 to 2030."""
    last = (uniform(generator, count, 1970, 2030) * 12).long()
    number = last + torch.arange(1 - length, 1, device=generator.device)[None]
    return number % 12, number // 12


def peaks(generator: Generator, count: int, period: int) -> Float[Tensor, "series phase"]:
    """The height of each month or quarter: independent ones, one or two peaks, or a smooth cycle."""
    own = normal(generator, count, period)
    phase = torch.arange(period, device=generator.device)[None] / period
    total = torch.zeros(count, period, device=generator.device)
    for present in (1.0, 0.4):
        width = uniform(generator, count, 0.5, 3)
        nearness = torch.cos(2 * math.pi * (phase - uniform(generator, count, 0, 1))) - 1
        total = (
            total
            + chance(generator, count, present)
            * uniform(generator, count, 0.3, 1)
            * (4 * nearness / width.square()).exp()
        )
    mixed = standardise(total) + uniform(generator, count, 0, 0.6) * own
    kind = uniform(generator, count, 0, 1)
    heights = torch.where(kind < 0.55, mixed, own)
    rows = (kind >= 0.8).squeeze(1).nonzero().squeeze(1)
    if len(rows):
        heights[rows] = waveform(generator, len(rows))[:, :: PHASES // period][:, :period]
    return standardise(heights)


def evolving_cycle(generator: Generator, count: int, length: int, period: int) -> Series:
    """A cycle that changes from one shape to another, while each of its phases varies a little from year to year."""
    first, other = peaks(generator, 2 * count, period).chunk(2)
    phase = torch.arange(length, device=generator.device) % period
    years = -(-length // period)
    moves = normal(generator, count * period, years).cumsum(1).view(count, period, years)
    wander = moves.transpose(1, 2).flatten(1)[:, :length]
    weight = torch.sigmoid(2 * slow_path(generator, count, length)) * power(generator, count, 3)
    size = log_uniform(generator, count, 0.003, 0.1)
    return torch.lerp(first[:, phase], other[:, phase], weight) + size * (wander - wander[:, -1:])


def crises(generator: Generator, count: int, length: int) -> Series:
    """The logarithm of the effect of crises: rare sudden losses, from which a series recovers over months to years."""
    period = pick(generator, count, [60, 180, 400])
    hit = uniform(generator, count, 0, 1, length) < 1 / period
    loss = hit * (-0.35 * normal(generator, count, length).abs()) * chance(generator, count, 0.35)
    keep = (-1 / log_uniform(generator, count, 1.5, 40)).exp()
    return fading_sum(keep, loss).clamp(min=-3)


def arrivals(generator: Generator, count: int, length: int, cycle: Series) -> Series:
    """A growing level, times seasons that grow with it, times noise of 0.5 % to 10 % that is partly persistent.

    In most series the season is a share of the level; in the others its height follows a power of the level.
    """
    path = log_level(generator, count, length) + crises(generator, count, length)
    height_range = path.amax(1, keepdim=True) - path.amin(1, keepdim=True)
    level = exponentiate(path / (height_range / 3.5).clamp(min=1))  # at most thirty-fold growth
    follows = torch.where(chance(generator, count, 0.75), 1.0, uniform(generator, count, 0, 1.3))
    height = log_uniform(generator, count, 0.03, 0.7) * level.pow(follows - 1).clamp(0.1, 10)
    drifting = modulated(generator, cycle)
    wave = height * torch.where(chance(generator, count, 0.3), drifting, cycle)
    seasonal = torch.where(chance(generator, count, 0.6), wave.clamp(max=2.5).exp(), (1 + wave).clamp(min=0.02))
    scale = log_uniform(generator, count, 0.005, 0.1)
    fading = uniform(generator, count, 0, 1.5) * persistent(generator, count, length)
    return level * seasonal * (scale * (innovations(generator, count, length) + fading)).clamp(-2, 2).exp()


def monthly(generator: Generator, count: int, length: int) -> Drawn:
    """Monthly arrivals; in a third Easter moves between March and April, and in half long months have more arrivals."""
    cycle = evolving_cycle(generator, count, length, 12)
    month, year = months(generator, count, length)
    years = torch.arange(int(year.min()), int(year.max()) + 1, device=year.device)
    share = easter_share(years)[year - years[0]]
    strength = uniform(generator, count, 0.03, 0.4) * chance(generator, count, 0.35)
    moving = strength * ((month == 2) * (share - 0.25) - (month == 3) * (share - 0.25))
    days = torch.tensor(DAYS, device=generator.device)[month]
    leap = (month == 1) & (year % 4 == 0)
    longer = torch.where(leap, 29, days) / 30.44
    counted = torch.where(chance(generator, count, 0.5), longer, 1.0)
    values = arrivals(generator, count, length, cycle) * moving.exp() * counted
    return drawn(values, torch.full_like(strength, 12))


def quarterly(generator: Generator, count: int, length: int) -> Drawn:
    """Quarterly arrivals."""
    values = arrivals(generator, count, length, evolving_cycle(generator, count, length, 4))
    return drawn(values, torch.full_like(values[:, :1], 4))


def tourism(generator: Generator, count: int, length: int) -> Drawn:
    """Monthly and quarterly arrivals."""
    return choose_drawn(generator, count, length, [monthly, quarterly], [0.65, 0.35])[0]
