"""Stochastic processes: seasonal ARIMA from sampled poles, regime-switching diffusions, random walks."""

import torch
from torch import Generator

from segue.forecasting.pretraining.grammar.combinators import Drawn, PerSeries, Series, drawn, standardise
from segue.forecasting.pretraining.grammar.draws import chance, log_uniform, normal, pick, power, uniform
from segue.forecasting.pretraining.grammar.filters import Lag, Spectrum, accumulate, lag_filter, linear_scan
from segue.forecasting.pretraining.grammar.noises import all_pole, innovations, sample_sections
from segue.forecasting.pretraining.grammar.seasons import periods, season_of
from segue.forecasting.pretraining.grammar.trends import clock, exponentiate, spans

CYCLE_PAIRS = ((24, 168), (24, 168), (7, 52), (12, 1), (12, 1), (12, 120), (4, 1), (4, 1), (24, 1), (52, 1),
               (48, 336), (7, 28), (7, 1), (1, 1), (1, 1))  # fmt: skip
"""Short and long cycle of a double-seasonal series; 1 for none."""


def sarima(generator: Generator, period: PerSeries, length: int) -> Series:
    """Seasonal ARIMA with sampled poles, one seasonal root (often a unit root) and up to one difference.

    The shocks of the first cycle are larger, so that a seasonal unit root repeats a pattern from the start.
    """
    count = len(period)
    poles = all_pole(sample_sections(generator, count, 3, 0.97))
    moving = uniform(generator, count, -0.7, 0.7) * chance(generator, count, 0.6)
    seasonal = period > 1
    unit_root = chance(generator, count, 0.6)
    keep = torch.where(unit_root, 1.0, uniform(generator, count, 0.3, 0.99)) * seasonal
    forget = (1 - 0.7 * power(generator, count, 2)) * keep * chance(generator, count, 0.8)
    integrated = torch.where(chance(generator, count, 0.6), 1.0, 0.99) * chance(generator, count, 0.4)

    def response(lag: Lag) -> Spectrum:
        cycle = lag(period.long())
        return (
            (1 + moving * lag(1)) * (1 - forget * cycle) / ((1 - keep * cycle) * (1 - integrated * lag(1))) * poles(lag)
        )

    first_cycle = (clock(generator, length) < period) & seasonal
    boost = log_uniform(generator, count, 1, 20)
    return lag_filter(innovations(generator, count, length) * torch.where(first_cycle, boost, 1.0), response)


def double_sarima(generator: Generator, count: int, length: int) -> Drawn:
    """Two seasonal ARIMA paths of nested cycles, added or multiplied (after SarSim0, arXiv 2601.00970)."""
    pair = pick(generator, count, range(len(CYCLE_PAIRS))).long()
    cycles = torch.tensor(CYCLE_PAIRS, dtype=torch.float32, device=generator.device)[pair[:, 0]]
    short, long = cycles[:, :1], cycles[:, 1:]
    first = standardise(sarima(generator, short, length))
    second = standardise(sarima(generator, long, length))
    second = second * torch.where(long > 1, 1.0, 0.0) * log_uniform(generator, count, 0.2, 2.5)
    offset = uniform(generator, count, 1.5, 5)
    product = (first + offset) * (second + offset)
    return drawn(torch.where(chance(generator, count, 0.6), first + second, product), short, long)


def regimes(generator: Generator, stay: PerSeries, length: int) -> Series:
    """The regime at each step, as a number in [0, 1) that stays the same with probability `stay`."""
    change = uniform(generator, len(stay), 0, 1, length) > stay
    return uniform(generator, len(stay), 0, 1, length).gather(1, change.long().cumsum(1).clamp(max=length - 1))


def diffusion(generator: Generator, count: int, length: int) -> Drawn:
    """Ornstein-Uhlenbeck process that switches between two regimes of mean, speed and volatility.

    Both return again and again; half of the series also have a season.
    """
    stay = 1 - log_uniform(generator, count, 0.001, 0.04)
    second = regimes(generator, stay, length) < uniform(generator, count, 0, 0.6)
    speed = torch.where(second, log_uniform(generator, count, 0.003, 0.5), log_uniform(generator, count, 0.003, 0.5))
    mean = torch.where(second, 2 * normal(generator, count), 2 * normal(generator, count))
    volatility = torch.where(second, log_uniform(generator, count, 0.05, 1.6), log_uniform(generator, count, 0.05, 1.6))
    drive = speed * mean + volatility * speed.sqrt() * normal(generator, count, length)
    drive[:, 0] += mean[:, 0]
    path = standardise(linear_scan(1 - speed, drive))
    seasonal = chance(generator, count, 0.5)
    height, period = log_uniform(generator, count, 0.2, 2) * seasonal, periods(generator, count)
    return drawn(path + height * season_of(generator, period, length), period * seasonal)


def random_walk(generator: Generator, count: int, length: int) -> Series:
    """Random walks with drift over the last span and some heavy tails; a third are geometric.

    The next step partly undoes some shocks, as an observation error would, and partly repeats others.
    """
    span = spans(generator, count, length, 24)
    active = clock(generator, length) >= length - span
    drift = normal(generator, count) * log_uniform(generator, count, 0.01, 1) * chance(generator, count, 0.6)
    shocks = innovations(generator, count, length) + drift * active
    echo = uniform(generator, count, -0.6, 0.4) * chance(generator, count, 0.5)
    walk = accumulate(shocks + echo * torch.cat([torch.zeros_like(shocks[:, :1]), shocks[:, :-1]], 1))
    rate = log_uniform(generator, count, 0.002, 0.08)
    return torch.where(chance(generator, count, 0.35), exponentiate(rate * walk) / rate, walk)
