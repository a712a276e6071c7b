"""The step between the times of a series: the index of each row on the grid, and the times that follow."""

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Times = NDArray[Any]
"""An array of local times without a time zone in microseconds, or of integers."""

MINUTE, DAY = 60_000_000, 86_400_000_000
HOUR, WEEK = 60 * MINUTE, 7 * DAY
YEAR = 365.25  # days, a mean over four years, because seasons follow the sun
_CYCLES = (
    (MINUTE, (HOUR, DAY)),
    (HOUR, (DAY, WEEK)),
    (DAY, (DAY, WEEK, YEAR * DAY)),
    (WEEK, (WEEK, YEAR * DAY)),
    (WEEK + 1, (YEAR * DAY,)),
)
"""For steps below a size, the customary cycles of series in microseconds, the most usual one first."""


@runtime_checkable
class Frequency(Protocol):
    """The step between neighbouring times of a series."""

    @property
    def alias(self) -> str:
        """The pandas alias, for example `h`, `MS` or `15min`; a number for integer times.

        Other weekdays are `Mon,Wed,Fri` or `Sun-Thu`, days of the month are `1,11,21`, and numbered rows are `rows`.
        """
        ...

    @property
    def seasons(self) -> tuple[float, ...]:
        """The periods in steps that the calendar suggests: the customary one first, then longer ones; empty if none.

        Seconds have an hour and a day, and minutes have a day and a week. Hours have 24, 168 and 8,766 steps, days 7
        and 365.25, business days 5 and 260.89, weeks 52.18, months 12, quarters 4. A step of several units has the
        fractions of these periods. If the first is then not whole, as with steps of 2 days in a week, there is none.
        """
        ...

    def steps(self, first: Times, times: Times) -> NDArray[np.int64]:
        """Counts steps from each `first` to each of `times`, both `(rows,)`; a time off the grid is moved onto it."""
        ...

    def after(self, times: Times, starts: NDArray[np.int64], horizon: int) -> Times:
        """Returns the next times of each series, on the grid that begins at its first time: `(series, horizon)`.

        Args:
            times: The times of all rows, `(rows,)`; those of one series lie together, in ascending order.
            starts: The first row of each series, then the number of rows.
            horizon: The number of times of each series.
        """
        ...


@dataclass(frozen=True)
class Steps:
    """A fixed step: a number for integer times, microseconds for timestamps.

    Attributes:
        size: The step, at least 1.
        integer: Whether times are integers.
    """

    size: int
    integer: bool = False

    @property
    def alias(self) -> str:
        """See `Frequency`."""
        if self.integer:
            return str(self.size)
        units = {"W": WEEK, "D": DAY, "h": HOUR, "min": MINUTE, "s": 1_000_000, "ms": 1_000}
        for unit, size in units.items():
            count, rest = divmod(self.size, size)
            if rest == 0:
                return unit if count == 1 else f"{count}{unit}"
        return f"{self.size}us"

    @property
    def seasons(self) -> tuple[float, ...]:
        """See `Frequency`."""
        cycles = () if self.integer else next((cycles for below, cycles in _CYCLES if self.size < below), ())
        if not cycles or (self.size != WEEK and cycles[0] % self.size):  # 52.18 weeks count as 52 by custom
            return ()
        return tuple(cycle / self.size for cycle in cycles)

    def steps(self, first: Times, times: Times) -> NDArray[np.int64]:
        """See `Frequency`."""
        steps: NDArray[np.int64] = (times - first).view(np.int64)
        steps += self.size // 2
        steps //= self.size
        return steps

    def after(self, times: Times, starts: NDArray[np.int64], horizon: int) -> Times:
        """See `Frequency`."""
        first, last = times[starts[:-1]], times[starts[1:] - 1]
        ahead = (self.steps(first, last)[:, None] + np.arange(1, horizon + 1)) * self.size
        if self.integer:
            return np.asarray(first[:, None] + ahead)
        drift = clock_drift(first, last) if self.size % DAY == 0 else np.zeros(len(first), "timedelta64[us]")
        return np.asarray((first + drift)[:, None] + ahead.astype("timedelta64[us]"))


class RowNumbers(Steps):
    """Rows that are numbered from 0 in the order of their times, whatever the times are."""

    def __init__(self) -> None:
        super().__init__(1, integer=True)

    @property
    def alias(self) -> str:
        """See `Frequency`."""
        return "rows"


def clock_drift(first: Times, last: Times) -> Times:
    """Returns the difference between the clocks of the last and the first time if it is one hour; else zero.

    Local midnights written in UTC are an hour apart in summer and winter. The last rows are the nearest to the future.
    Other differences are those of single rows, and do not move the future.
    """
    clock = (last - last.astype("datetime64[D]")) - (first - first.astype("datetime64[D]"))
    hours: NDArray[np.int64] = (clock.astype("timedelta64[us]").astype(np.int64) + DAY // 2) % DAY - DAY // 2
    return np.where(np.abs(hours) == HOUR, hours, 0).astype("timedelta64[us]")


def days_on_clock(first: Times, times: Times) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Returns the day since 1970 of each of `first`, and that of each of `times` by the clock of `first`.

    Days begin half a day before this clock. So seconds of jitter about midnight, or an hour of summer time, change no
    day.
    """
    day = first.astype("datetime64[D]")
    since = (times - day).astype("timedelta64[us]").astype(np.int64)
    clock = (first - day).astype("timedelta64[us]").astype(np.int64)
    begin = day.astype(np.int64)
    return begin, begin + (since - clock + DAY // 2) // DAY
