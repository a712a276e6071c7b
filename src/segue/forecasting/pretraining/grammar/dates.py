"""True dates: years, months and days of the month, and the effects of fixed and movable holidays."""

from dataclasses import dataclass
from functools import lru_cache

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor

from segue.forecasting.pretraining.grammar.calendars import WEEK
from segue.forecasting.pretraining.grammar.combinators import Series
from segue.forecasting.pretraining.grammar.draws import chance, log_uniform, normal, pick, uniform
from segue.forecasting.pretraining.grammar.tourism import easter

Days = Int[Tensor, "*series length"]
PAYDAYS = (1, 1, 10, 15, 25, 28)
"""Days of the month on which money or forms are due."""

_LATEST = 20_000  # days since 1 January 1970 until the last possible first day of a series, in 2024
_FAR = 400  # days from a holiday beyond which its effect no longer changes


@dataclass(frozen=True, eq=False)
class Dates:
    """What day it is at each step (`[series length]`, whole numbers)."""

    number: Days
    """Days since 1 January 1970."""
    weekday: Days
    """0 for Monday."""
    of_month: Days
    """1 for the first day of the month."""
    of_year: Days
    """1 for 1 January."""
    from_easter: Days
    """Days since the Easter Sunday of the same year; negative before it."""


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


def days_from(generator: Generator, count: int, length: int) -> Dates:
    """Consecutive days from a random one on, in the years 1970 to 2024 at first."""
    number = uniform(generator, count, 0, _LATEST).long() + torch.arange(length, device=generator.device)[None]
    of_month, of_year, from_easter = _every_day(_LATEST + length, generator.device)
    return Dates(number, (number + 3) % WEEK, of_month[number], of_year[number], from_easter[number])


@lru_cache(maxsize=4)
def _every_day(days: int, device: torch.device) -> tuple[Days, Days, Days]:
    """Day of the month, day of the year and days since Easter of the first `days` days from 1970 on."""
    year, month, of_month = civil(torch.arange(days, device=device))
    years = torch.arange(int(year[0]), int(year[-1]) + 1, device=device)
    of_year = day_of_year(year, month, of_month)
    sunday = day_of_year(year, torch.full_like(year, 3), torch.full_like(year, 22)) + easter(years)[year - years[0]]
    return of_month, of_year, of_year - sunday


def around(generator: Generator, count: int) -> Float[Tensor, "series day"]:
    """The effect of a holiday at -400 to 400 days from it: on the day, on the days before, on those after."""
    distance = torch.arange(-_FAR, _FAR + 1, device=generator.device)[None]
    on_day = normal(generator, count) * 0.5 - 0.3
    before = 0.3 * normal(generator, count) * chance(generator, count, 0.5)
    after = 0.2 * normal(generator, count) * chance(generator, count, 0.3)
    rise = log_uniform(generator, count, 0.5, 15)
    fading = (-distance.abs() / rise).clamp(min=-30).exp()
    beside: Tensor = torch.where(distance < 0, before, torch.where(distance > 0, after, 0.0))
    effect: Tensor = beside * fading + on_day * (distance == 0)
    return effect


def holidays(generator: Generator, count: int, dates: Dates) -> Series:
    """The logarithm of the effect of holidays: Christmas, New Year, one random date, Easter from Friday to Monday."""
    own = uniform(generator, count, 1, 366).long()
    fixed, movable = torch.zeros(2, count, 2 * _FAR + 1, device=generator.device)
    index = torch.arange(2 * _FAR + 1, device=generator.device)[None] - _FAR
    for day in (torch.full_like(own, 359), torch.full_like(own, 1), own):
        distance = torch.remainder(index - day + 182, 365) - 182
        fixed = fixed + chance(generator, count, 0.7) * around(generator, count).gather(1, distance + _FAR)
    for offset in (-2, 0, 1):
        distance = (index - offset).clamp(-_FAR, _FAR).expand(count, -1)
        movable = movable + chance(generator, count, 0.5) * around(generator, count).gather(1, distance + _FAR)
    effect: Series = fixed.gather(1, dates.of_year + _FAR) + movable.gather(1, dates.from_easter + _FAR)
    return effect


def payday(generator: Generator, count: int, of_month: Days) -> Series:
    """A peak on one day of the month that fades over the days that follow."""
    since = torch.remainder(torch.arange(32, device=of_month.device)[None] - pick(generator, count, PAYDAYS), 31)
    effect = normal(generator, count) * 0.3 * (-since / log_uniform(generator, count, 0.3, 6)).exp()
    return effect.gather(1, of_month)
