"""Demand for spare parts and slow sellers, adoption of new products, and outbreaks."""

import torch
from torch import Generator

from segue.forecasting.pretraining.grammar.combinators import PerSeries, Series, standardise
from segue.forecasting.pretraining.grammar.draws import chance, log_uniform, normal, pick, power, uniform
from segue.forecasting.pretraining.grammar.events import count_events
from segue.forecasting.pretraining.grammar.noises import innovations, persistent
from segue.forecasting.pretraining.grammar.seasons import season_of
from segue.forecasting.pretraining.grammar.trends import clock, slow_path, spans

CYCLES = (12, 12, 12, 7, 7, 52, 4, 24)


def intermittent(generator: Generator, count: int, length: int) -> Series:
    """Demands at random steps, of size at least 1, at a rate with season and drift (after Croston, 1972).

    In an eighth of the series the demand begins or ends at a random step, more often a late one.
    """
    wave = season_of(generator, pick(generator, count, CYCLES), length)
    liveliness = uniform(generator, count, 0, 1.2) * chance(generator, count, 0.6) * wave
    liveliness = liveliness + uniform(generator, count, 0, 1) * slow_path(generator, count, length)
    often = torch.sigmoid(liveliness + uniform(generator, count, -5, 1.2))
    rate = log_uniform(generator, count, 0.05, 30)
    scale = uniform(generator, count, 0, 0.9)
    size = 1 + count_events(generator, rate * (scale * normal(generator, count, length)).exp().clamp(max=20))
    turn = length - log_uniform(generator, count, 4, length)
    past = clock(generator, length) < turn
    alive = torch.where(chance(generator, count, 0.5), past, ~past) | ~chance(generator, count, 0.125)
    return size * (uniform(generator, count, 0, 1, length) < often) * alive


def bass(time: Series, innovation: PerSeries, imitation: PerSeries) -> Series:
    """The share of adopters of a product at `time` (Bass, 1969); 0 before time 0, and 1 in the end."""
    speed = innovation + imitation
    fading = (-speed * time.clamp(min=0)).exp()
    return (1 - fading) / (1 + imitation / innovation * fading)


def adoption(generator: Generator, count: int, length: int) -> Series:
    """Saturating growth: one or two generations of a product, its owners or its sales, with a season."""
    total = torch.zeros(count, length, device=generator.device)
    span = spans(generator, count, length, 24)
    cumulative = chance(generator, count, 0.6)
    for present in (1.0, 0.3):
        time = (clock(generator, length) - length) / span + uniform(generator, count, 0.3, 2.5)
        pull = uniform(generator, count, 2, 9)
        share = bass(time, pull * log_uniform(generator, count, 0.002, 0.2), pull)
        now = torch.cat([share[:, :1], share.diff(dim=1)], 1) * span / 2
        size = uniform(generator, count, 0.3, 1) * chance(generator, count, present)
        total = total + size * torch.where(cumulative, share, now)
    height = log_uniform(generator, count, 0.01, 0.3) * chance(generator, count, 0.6)
    wave = height * season_of(generator, pick(generator, count, CYCLES), length)
    noise = persistent(generator, count, length) + innovations(generator, count, length)
    floor = uniform(generator, count, 0, 0.3)
    return (total + floor) * (wave + log_uniform(generator, count, 0.002, 0.05) * noise).clamp(-3, 3).exp()


def outbreaks(generator: Generator, count: int, length: int) -> Series:
    """One wave a year over a low floor, of random height and week: influenza, pollen, floods, snow."""
    period = pick(generator, count, [52.18, 52.18, 12, 365.25])
    time = clock(generator, length) / period + uniform(generator, count, 1, 2)
    years = int(time.max()) + 3
    centre = 0.5 + uniform(generator, count, 0.01, 0.1) * normal(generator, count, years)
    height = (uniform(generator, count, 0.1, 0.8) * normal(generator, count, years)).clamp(-2, 2).exp()
    width = log_uniform(generator, count, 0.03, 0.15)
    skew = uniform(generator, count, 0.5, 1)
    total = torch.zeros_like(time)
    for offset in (-1, 0, 1):
        year = time.long() + offset
        distance = (time - year - centre.gather(1, year)) / width
        lopsided = torch.where(distance < 0, distance, distance * skew)
        total = total + height.gather(1, year) / lopsided.cosh().square()
    floor = log_uniform(generator, count, 0.01, 0.3) * (1 + 0.3 * persistent(generator, count, length)).clamp(min=0.1)
    noise = log_uniform(generator, count, 0.02, 0.25) * persistent(generator, count, length)
    return (total + floor) * noise.clamp(-2, 2).exp()


def demand(generator: Generator, count: int, length: int) -> Series:
    """Intermittent demand; in a seventh of the series multiplied by a price, which gives revenue instead of pieces."""
    pieces = intermittent(generator, count, length)
    price = 1 + 0.1 * standardise(persistent(generator, count, length)) * power(generator, count, 2)
    return torch.where(chance(generator, count, 0.15), pieces * price.clamp(min=0.2), pieces)
