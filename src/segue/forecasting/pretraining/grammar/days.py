"""Daily and weekly series on true dates: births, sales, calls, page views."""

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from segue.forecasting.pretraining.grammar.calendars import WEEK, weekday_levels
from segue.forecasting.pretraining.grammar.combinators import Drawn, Series, drawn, sometimes
from segue.forecasting.pretraining.grammar.dates import Dates, days_from, holidays, payday
from segue.forecasting.pretraining.grammar.draws import chance, log_uniform, normal, uniform
from segue.forecasting.pretraining.grammar.events import count_events, shift_level
from segue.forecasting.pretraining.grammar.hourly import YEAR, slow_level
from segue.forecasting.pretraining.grammar.noises import first_order, innovations, persistent
from segue.forecasting.pretraining.grammar.seasons import modulated, repeat, waveform
from segue.forecasting.pretraining.grammar.trends import clock, slow_path, trend


def year_shape(generator: Generator, count: int, dates: Dates, softness: int = 15) -> Series:
    """A yearly season, smoothed over `softness` days; in a third of the series its amplitude drifts."""
    cycle = waveform(generator, count)
    window = max(1, round(softness * cycle.shape[1] / YEAR)) | 1
    ring = torch.cat([cycle[:, -(window // 2) :], cycle, cycle[:, : window // 2]], 1) if window > 1 else cycle
    soft = torch.nn.functional.avg_pool1d(ring[:, None], window, 1)[:, 0]
    start = dates.number[:, :1].float()
    wave = repeat(soft, torch.full_like(start, YEAR), start, dates.number.shape[1])
    return sometimes(generator, wave, 0.3, modulated)


def by_day(generator: Generator, count: int, length: int) -> Series:
    """The logarithm of a daily series without its noise: level, weekdays, year, dates, holidays."""
    dates = days_from(generator, count, length)
    height = log_uniform(generator, count, 0.06, 0.45) * chance(generator, count, 0.8)
    year = year_shape(generator, count, dates) * height
    levels: Float[Tensor, "series weekday"] = uniform(generator, count, 0, 0.6) * weekday_levels(generator, count)
    week = levels.gather(1, dates.weekday)
    livelier = 1 + uniform(generator, count, -0.5, 0.5) * chance(generator, count, 0.3) * year
    festive = holidays(generator, count, dates) * uniform(generator, count, 0, 1.2) * chance(generator, count, 0.7)
    monthly = payday(generator, count, dates.of_month) * chance(generator, count, 0.25)
    return year + week * livelier + festive + monthly + slow_level(generator, count, length)


def noisy(generator: Generator, log: Series) -> Series:
    """The exponential, with noise of 1 % to 30 % that is partly persistent, and a trend in some of the series."""
    count, length = log.shape
    lasting = uniform(generator, count, 0, 1) * persistent(generator, count, length)
    error = log_uniform(generator, count, 0.01, 0.3) * (innovations(generator, count, length) + lasting)
    moving = 0.3 * trend(generator, count, length) * chance(generator, count, 0.4)
    return (log + error + moving).clamp(-6, 4).exp()


def dated_days(generator: Generator, count: int, length: int) -> Drawn:
    """Daily births, sales, calls: whole counts in a third of the series."""
    values = noisy(generator, by_day(generator, count, length))
    scale = log_uniform(generator, count, 3, 3000)
    values = sometimes(generator, values * scale, 0.35, count_events)
    return drawn(values, torch.full_like(scale, WEEK), torch.full_like(scale, YEAR))


def dated_weeks(generator: Generator, count: int, length: int) -> Drawn:
    """Weekly means of days, 52.18 a year: the effect of a holiday moves between weeks."""
    log = by_day(generator, count, WEEK * length).clamp(-6, 4)
    weekly = log.exp().unflatten(1, (length, WEEK)).mean(2)
    values = noisy(generator, weekly.log())
    return drawn(values, torch.full_like(values[:, :1], YEAR / WEEK))


def slow_growth(generator: Generator, count: int, length: int) -> Series:
    """A level in units of the yearly wave: a slope a year that may bend once, a slow drift, and few lasting shifts."""
    years = (clock(generator, length) - length) / YEAR
    bend = -log_uniform(generator, count, 0.3, max(0.6, length / YEAR))
    slopes = normal(generator, count, 2) * log_uniform(generator, count, 0.02, 1)
    turned = chance(generator, count, 0.5) * slopes[:, 1:] * (years - bend).clamp(min=0)
    level = slopes[:, :1] * years + turned
    level = level + log_uniform(generator, count, 0.02, 0.8) * slow_path(generator, count, length)
    for _ in range(2):
        at = (length - log_uniform(generator, count, 14, max(15, length))).floor()
        level = shift_level(level, at, normal(generator, count) * chance(generator, count, 0.2))
    return level


def daily_year(generator: Generator, count: int, length: int) -> Drawn:
    """Years of days with a week: both recur with little change, effects add or multiply, holidays keep their dates.

    The yearly wave is the unit. In most series weekdays differ by 0.2 to 3 of it. The noise is 5 % to 80 % of it, and
    partly persistent.
    """
    dates = days_from(generator, count, length)
    year = year_shape(generator, count, dates, softness=11)
    height = log_uniform(generator, count, 0.2, 3)
    week = height * weekday_levels(generator, count, 0.85).gather(1, dates.weekday)
    busier = 1 + uniform(generator, count, -0.4, 0.4) * chance(generator, count, 0.4) * year
    festive = log_uniform(generator, count, 0.3, 3) * chance(generator, count, 0.7)
    total = year + week * busier.clamp(min=0.2) + festive * holidays(generator, count, dates)
    total = total + slow_growth(generator, count, length)
    keep = uniform(generator, count, 0, 0.95) * chance(generator, count, 0.6)
    noise = first_order(keep, innovations(generator, count, length))
    values = total + log_uniform(generator, count, 0.05, 0.8) * noise
    rate = log_uniform(generator, count, 0.03, 0.4)
    multiplied = (rate * values).clamp(-4, 4).exp() / rate
    values = torch.where(chance(generator, count, 0.5), multiplied, values)
    return drawn(values, torch.full_like(rate, WEEK), torch.full_like(rate, YEAR))
