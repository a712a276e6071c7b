"""Daily and weekly series on true dates: weekdays, days of the month, the year, fixed and movable holidays."""

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor

from segue.forecasting.pretraining.grammar.calendars import WEEK, weekday_levels
from segue.forecasting.pretraining.grammar.combinators import Drawn, Series, drawn, sometimes
from segue.forecasting.pretraining.grammar.draws import chance, log_uniform, normal, pick, uniform
from segue.forecasting.pretraining.grammar.events import count_events
from segue.forecasting.pretraining.grammar.hourly import YEAR, slow_level
from segue.forecasting.pretraining.grammar.noises import innovations, persistent
from segue.forecasting.pretraining.grammar.seasons import modulated, repeat, waveform
from segue.forecasting.pretraining.grammar.tourism import easter
from segue.forecasting.pretraining.grammar.trends import trend

Days = Int[Tensor, "series length"]
PAYDAYS = (1, 1, 10, 15, 25, 28)
"""Days of the month on which money or forms are due."""


def civil(day: Days) -> tuple[Days, Days, Days]:
    """Year, month (1 to 12) and day of the month of days since 1 January 1970 (Hinnant, 2014: civil_from_days)."""
    shifted = day + 719_468  # days since 1 March of the year 0
    era, rest = shifted // 146_097, shifted % 146_097
    of_era = (rest - rest // 1_460 + rest // 36_524 - rest // 146_096) // 365
    of_year = rest - (365 * of_era + of_era // 4 - of_era // 100)
    march = (5 * of_year + 2) // 153
    month = torch.where(march < 10, march + 3, march - 9)
    year = of_era + 400 * era + (month <= 2)
    return year, month, of_year - (153 * march + 2) // 5 + 1


def day_of_year(year: Days, month: Days, day: Days) -> Days:
    """1 for 1 January."""
    leap = ((year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))).long()
    before = (367 * month - 362) // 12 - torch.where(month <= 2, 0, 2 - leap)
    return before + day


def around(distance: Series, generator: Generator) -> Series:
    """The effect of a holiday by the distance from it in days: on the day, on the days before, on those after."""
    count = len(distance)
    on_day = normal(generator, count) * 0.5 - 0.3
    before = 0.3 * normal(generator, count) * chance(generator, count, 0.5)
    after = 0.2 * normal(generator, count) * chance(generator, count, 0.3)
    rise = log_uniform(generator, count, 0.5, 15)
    leading = before * torch.where(distance < 0, (distance / rise).clamp(min=-30).exp(), 0.0)
    trailing = after * torch.where(distance > 0, (-distance / rise).clamp(min=-30).exp(), 0.0)
    return on_day * (distance == 0) + leading + trailing


def holidays(generator: Generator, count: int, day: Days) -> Series:
    """The logarithm of the effect of holidays: Christmas, New Year, one random date, Easter from Friday to Monday."""
    year, month, of_month = civil(day)
    number = day_of_year(year, month, of_month)
    own = uniform(generator, count, 1, 366).long()
    total = torch.zeros(day.shape, device=day.device)
    for fixed in (torch.full_like(own, 359), torch.full_like(own, 1), own):
        distance = (torch.remainder(number - fixed + 182, 365) - 182).float()
        total = total + chance(generator, count, 0.7) * around(distance, generator)
    leap = day_of_year(year, torch.full_like(year, 3), torch.full_like(year, 1)) - 60
    sunday = 81 + leap + easter(year)
    for offset in (-2, 0, 1):
        distance = (number - sunday - offset).float()
        total = total + chance(generator, count, 0.5) * around(distance, generator)
    return total


def payday(generator: Generator, count: int, of_month: Days) -> Series:
    """A peak on one day of the month that fades over the days that follow."""
    since = torch.remainder(of_month - pick(generator, count, PAYDAYS), 31)
    return normal(generator, count) * 0.3 * (-since / log_uniform(generator, count, 0.3, 6)).exp()


def year_shape(generator: Generator, count: int, day: Days) -> Series:
    """A yearly season, smoothed over two weeks; in a third of the series its amplitude drifts."""
    start = day[:, :1].float()
    wave = repeat(waveform(generator, count), torch.full_like(start, YEAR), start, day.shape[1])
    window = 15
    soft = torch.nn.functional.avg_pool1d(wave[:, None], window, 1, window // 2, count_include_pad=False)[:, 0]
    return sometimes(generator, soft, 0.3, modulated)


def by_day(generator: Generator, count: int, length: int) -> Series:
    """The logarithm of a daily series without its noise: level, weekdays, year, dates, holidays."""
    day = uniform(generator, count, 0, 20_000).long() + torch.arange(length, device=generator.device)[None]
    year = year_shape(generator, count, day) * log_uniform(generator, count, 0.06, 0.45) * chance(generator, count, 0.8)
    levels: Float[Tensor, "series weekday"] = uniform(generator, count, 0, 0.6) * weekday_levels(generator, count)
    week = levels.gather(1, (day + 3) % WEEK)
    livelier = 1 + uniform(generator, count, -0.5, 0.5) * chance(generator, count, 0.3) * year
    festive = holidays(generator, count, day) * uniform(generator, count, 0, 1.2) * chance(generator, count, 0.7)
    monthly = payday(generator, count, civil(day)[2]) * chance(generator, count, 0.25)
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
    """Weekly sums of days, 52.18 a year: the effect of a holiday moves between weeks."""
    log = by_day(generator, count, WEEK * length).clamp(-6, 4)
    summed = log.exp().unflatten(1, (length, WEEK)).mean(2)
    values = noisy(generator, summed.log())
    return drawn(values, torch.full_like(values[:, :1], YEAR / WEEK))
