"""The productions, which combine terminals into whole series. `PRODUCTIONS` names them all."""

import torch
from torch import Generator

from segue.forecasting.pretraining.grammar.calendars import calendar
from segue.forecasting.pretraining.grammar.combinators import (
    Drawn,
    PerSeries,
    Production,
    Series,
    choose_drawn,
    drawn,
    sometimes,
    standardise,
    values_of,
)
from segue.forecasting.pretraining.grammar.cycles import cycles
from segue.forecasting.pretraining.grammar.days import daily_year, dated_days, dated_weeks
from segue.forecasting.pretraining.grammar.demand import adoption, demand, outbreaks
from segue.forecasting.pretraining.grammar.draws import (
    Number,
    chance,
    log_normal,
    log_uniform,
    normal,
    pick,
    power,
    uniform,
)
from segue.forecasting.pretraining.grammar.dynamics import dynamics
from segue.forecasting.pretraining.grammar.events import count_events, shifts, splice
from segue.forecasting.pretraining.grammar.expansion import smooth_growth
from segue.forecasting.pretraining.grammar.filters import accumulate, lag_filter
from segue.forecasting.pretraining.grammar.gaussian import gaussian_process
from segue.forecasting.pretraining.grammar.hourly import climate, exact_week, traffic, visits
from segue.forecasting.pretraining.grammar.machines import chaos, machine
from segue.forecasting.pretraining.grammar.noises import innovations, noise, persistent
from segue.forecasting.pretraining.grammar.processes import diffusion, double_sarima, random_walk
from segue.forecasting.pretraining.grammar.seasons import modulated, periods, season_of
from segue.forecasting.pretraining.grammar.smoothing import smoothing
from segue.forecasting.pretraining.grammar.stationary import stationary
from segue.forecasting.pretraining.grammar.tourism import tourism
from segue.forecasting.pretraining.grammar.trends import clock, exponentiate, log_level, spans, trend
from segue.forecasting.pretraining.grammar.volatility import volatility
from segue.forecasting.pretraining.grammar.weather import weather_load


def seasoned(generator: Generator, values: Series, share: Number) -> tuple[Series, PerSeries]:
    """Adds a season about as high as a trend to a share of the series; in a quarter of these its amplitude drifts.

    Returns:
        The series, and the period of each added season, 0 for none.
    """
    period = values.new_zeros(len(values), 1)
    rows = chance(generator, len(values), share).squeeze(1).nonzero().squeeze(1)
    if not len(rows):
        return values, period
    chosen = periods(generator, len(rows))
    wave = sometimes(generator, season_of(generator, chosen, values.shape[1]), 0.25, modulated)
    height = log_normal(generator, len(rows), 0.8, 0.8)
    return values.index_add(0, rows, height * wave), period.index_copy(0, rows, chosen)


def decomposition(generator: Generator, count: int, length: int) -> Drawn:
    """The sum of a trend, up to two seasons and noise."""
    total = trend(generator, count, length) * log_normal(generator, count, 1, 0.8) * chance(generator, count, 0.75)
    total, main = seasoned(generator, total, 0.8)
    total, other = seasoned(generator, total, 0.3)
    return drawn(total + log_normal(generator, count, 0.25, 1) * noise(generator, count, length), main, other)


def multiplicative(generator: Generator, count: int, length: int) -> Drawn:
    """Level times season times noise: tourism, sales, traffic. Mostly cycles of 12 and 4, often with little noise."""
    period = pick(generator, count, [12, 12, 12, 12, 12, 12, 4, 4, 4, 4, 7, 24, 52, 6])
    height = log_uniform(generator, count, 0.03, 0.6)
    wave = sometimes(generator, season_of(generator, period, length), 0.3, modulated)
    seasonal = torch.where(chance(generator, count, 0.5), (height * wave).exp(), (1 + height * wave).clamp(min=0.02))
    level = exponentiate(log_level(generator, count, length))
    scale = log_uniform(generator, count, 0.003, 0.12)
    memory = torch.where(chance(generator, count, 0.5), persistent(generator, count, length), 0.0)
    shocks = (scale * (innovations(generator, count, length) + memory)).clamp(-2, 2).exp()
    return drawn(sometimes(generator, level * seasonal * shocks, 0.1, shifts), period)


def growth(generator: Generator, count: int, length: int) -> Drawn:
    """Economies in short histories: changing growth rates, shocks that last or fade, a season in half of the series.

    The logarithm, or in half of the series the level itself, is a walk plus deviations that fade. Its drift is 0 to 3
    times the size of its shocks, and changes about once a span.
    """
    scale = log_uniform(generator, count, 0.005, 0.12)
    span = spans(generator, count, min(length, 300), 6)
    change = uniform(generator, count, 0, 1, length) < 1 / span
    piece = change.long().cumsum(1).clamp(max=length - 1)
    recent = clock(generator, length) >= length - spans(generator, count, length, 24)
    common = 3 * power(generator, count, 2) * pick(generator, count, [1, 1, 1, -1]) * recent
    changing = uniform(generator, count, 0, 1.5) * normal(generator, count, length).gather(1, piece)
    carry = uniform(generator, count, -0.3, 0.8) * chance(generator, count, 0.6)
    shocks = lag_filter(innovations(generator, count, length), lambda lag: 1 / (1 - carry * lag(1)))
    fading = uniform(generator, count, 0, 2) * persistent(generator, count, length)
    path = accumulate(common + changing + shocks) + fading
    period = pick(generator, count, [1, 1, 1, 4, 4, 12])
    height = log_uniform(generator, count, 0.5, 10) * (period > 1)
    path = path + height * season_of(generator, period.clamp(min=2), length)
    return drawn(torch.where(chance(generator, count, 0.5), exponentiate(scale * path) / scale, path), period)


def counts(generator: Generator, count: int, length: int) -> Drawn:
    """Poisson counts whose rate is the exponential of a series; some are intermittent."""
    made, _ = choose_drawn(generator, count, length, [decomposition, calendar], [0.7, 0.3])
    activity = standardise(made.values)
    rate = (activity * uniform(generator, count, 0.2, 1) + uniform(generator, count, -1.5, 3.5)).clamp(-5, 6).exp()
    asleep = uniform(generator, count, 0, 1, length) < uniform(generator, count, 0, 0.9) * chance(generator, count, 0.3)
    return Drawn(count_events(generator, torch.where(asleep, 0.0, rate)), made.periods)


def wave(generator: Generator, count: int, length: int) -> Drawn:
    """One or two clean seasons with little noise, some on a line."""
    period = periods(generator, count)
    total, other = seasoned(generator, season_of(generator, period, length), 0.3)
    tilt = normal(generator, count) * chance(generator, count, 0.3) * clock(generator, length) / length
    hiss = log_uniform(generator, count, 1e-4, 0.1) * normal(generator, count, length)
    return drawn(total + tilt + hiss, period, other)


def constant(generator: Generator, count: int, length: int) -> Series:
    """A level: exactly flat in half of the series, noise around it in the others."""
    return chance(generator, count, 0.5) * noise(generator, count, length)


_SPLICED: tuple[Production, ...] = (decomposition, multiplicative, growth, calendar, smoothing, double_sarima)


def spliced(generator: Generator, count: int, length: int) -> Series:
    """One series changes into another, abruptly or slowly, at any step; late steps are more likely.

    All series of a call change from one kind to another; the kinds are drawn anew for each call, which saves time.
    """
    first, second = torch.randint(len(_SPLICED), (2,), generator=generator, device=generator.device).tolist()
    early, late = (standardise(values_of(_SPLICED[kind](generator, count, length))) for kind in (first, second))
    middle: PerSeries = length - log_uniform(generator, count, length / 30, length)
    return splice(early, late, middle, log_uniform(generator, count, 0.5, 64))


PRODUCTIONS: dict[str, Production] = {
    "decomposition": decomposition,
    "multiplicative": multiplicative,
    "calendar": calendar,
    "cycles": cycles,
    "smoothing": smoothing,
    "sarima": double_sarima,
    "growth": growth,
    "random_walk": random_walk,
    "diffusion": diffusion,
    "stationary": stationary,
    "splice": spliced,
    "counts": counts,
    "wave": wave,
    "constant": constant,
    "exact_week": exact_week,
    "climate": climate,
    "weather_load": weather_load,
    "traffic": traffic,
    "visits": visits,
    "smooth_growth": smooth_growth,
    "tourism": tourism,
    "dated_days": dated_days,
    "daily_year": daily_year,
    "dated_weeks": dated_weeks,
    "gaussian_process": gaussian_process,
    "volatility": volatility,
    "demand": demand,
    "adoption": adoption,
    "outbreaks": outbreaks,
    "machine": machine,
    "dynamics": dynamics,
    "chaos": chaos,
}
"""Every production by name; `Grammar.sample` returns indices into this order."""
