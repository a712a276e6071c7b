"""Steps from weekday to weekday: business days, Sunday to Thursday, or Mondays, Wednesdays and Fridays."""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue.forecasting.table.grid.frequency import YEAR, Times, clock_drift, days_on_clock

NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
BUSINESS = (0, 1, 2, 3, 4)
_MONDAY = 4  # 1970-01-05, counted in days since 1970


@dataclass(frozen=True)
class Weekdays:
    """Some weekdays of every week; a missing one, such as a holiday, is a step without a row.

    Attributes:
        days: The weekdays, ascending, Monday as 0; at least one.
    """

    days: tuple[int, ...]

    @property
    def alias(self) -> str:
        """See `segue.forecasting.table.grid.frequency.Frequency`."""
        return "B" if self.days == BUSINESS else weekday_text(self.days)

    @property
    def seasons(self) -> tuple[float, ...]:
        """See `segue.forecasting.table.grid.frequency.Frequency`."""
        return (float(len(self.days)), YEAR * len(self.days) / 7)

    def steps(self, first: Times, times: Times) -> NDArray[np.int64]:
        """See `segue.forecasting.table.grid.frequency.Frequency`; another weekday belongs to the step before it."""
        begin, day = days_on_clock(first, times)
        return self._index(day) - self._index(begin)

    def after(self, times: Times, starts: NDArray[np.int64], horizon: int) -> Times:
        """See `segue.forecasting.table.grid.frequency.Frequency`."""
        first, last = times[starts[:-1]], times[starts[1:] - 1]
        begin, day = days_on_clock(first, last)
        index = self._index(day)[:, None] + np.arange(1, horizon + 1)
        weeks, number = np.divmod(index, len(self.days))
        ahead = _MONDAY + 7 * weeks + np.asarray(self.days)[number] - begin[:, None]
        return np.asarray((first + clock_drift(first, last))[:, None] + ahead.astype("timedelta64[D]"))

    def begins(self, times: Times) -> Times:
        """Returns the midnight at which the step of each time begins."""
        day = times.astype("datetime64[D]").astype(np.int64)
        weeks, number = np.divmod(self._index(day), len(self.days))
        begin = _MONDAY + 7 * weeks + np.asarray(self.days)[number]
        return np.asarray(begin.astype("datetime64[D]").astype("datetime64[us]"))

    def _index(self, day: NDArray[np.int64]) -> NDArray[np.int64]:
        """The index of the last of the weekdays up to each day, counted from the week of 1970-01-05."""
        weeks, weekday = np.divmod(day - _MONDAY, 7)
        upto = np.searchsorted(np.asarray(self.days), np.arange(7), "right") - 1
        return np.asarray(weeks * len(self.days) + upto[weekday])


def weekday_text(days: tuple[int, ...]) -> str:
    """Writes weekdays as `Sun-Thu`, if three or more follow each other, else as `Mon,Wed,Fri`."""
    begins = [day for day in days if (day - 1) % 7 not in days]
    if len(begins) == 1 and len(days) > 2:
        return f"{NAMES[begins[0]]}-{NAMES[(begins[0] + len(days) - 1) % 7]}"
    return ",".join(NAMES[day] for day in days)


def read_weekdays(text: str) -> tuple[int, ...] | None:
    """Reads weekdays such as `Mon,Wed,Fri`, `Sun-Thu` or `monday, thursday`; None if the text is none of these."""
    days: set[int] = set()
    for part in text.split(","):
        ends = [_weekday(name) for name in part.split("-", 1)]
        if None in ends:
            return None
        first, last = ends[0], ends[-1]
        days |= {(first + ahead) % 7 for ahead in range((last - first) % 7 + 1)}  # type: ignore[operator]
    return tuple(sorted(days))


def _weekday(name: str) -> int | None:
    match = re.fullmatch(r"(mon|tue|wed|thu|fri|sat|sun)(s|rs|nes|ur|urs)?(day)?s?", name.strip().lower())
    return None if match is None else NAMES.index(match[1].capitalize())


def weekdays_of(times: Times) -> NDArray[np.int64]:
    """The weekday of each time, Monday as 0."""
    return (times.astype("datetime64[D]").astype(np.int64) - _MONDAY) % 7
