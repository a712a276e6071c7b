"""The step between the times of a series: the index of each row on the grid, and the times that follow."""

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Times = NDArray[Any]
"""An array of local times without a time zone in microseconds, or of integers."""

MINUTE, DAY = 60_000_000, 86_400_000_000
_HOUR, _WEEK = 60 * MINUTE, 7 * DAY
_YEAR = 365.25  # days, a mean over four years: the sun makes seasons, not the calendar
_CYCLES = (
    (MINUTE, (_HOUR, DAY)),
    (_HOUR, (DAY, _WEEK)),
    (DAY, (DAY, _WEEK, _YEAR * DAY)),
    (_WEEK, (_WEEK, _YEAR * DAY)),
    (_WEEK + 1, (_YEAR * DAY,)),
)
"""For steps below a size, the customary cycles of series in microseconds, the most usual one first."""


@runtime_checkable
class Frequency(Protocol):
    """The step between neighbouring times of a series."""

    @property
    def alias(self) -> str:
        """The pandas alias, for example `h`, `MS` or `15min`; a number for integer times."""
        ...

    @property
    def seasons(self) -> tuple[float, ...]:
        """The periods in steps that the calendar suggests: the customary one first, then longer ones; empty if none.

        Seconds have an hour and a day, and minutes have a day and a week. Hours have 24, 168 and 8,766 steps, days 7
        and 365.25, business days 5 and 260.89, weeks 52.18, months 12, quarters 4. A step of several units has the
        fractions of these periods. If the first is then not whole, as with steps of 2 days in a week, there is none.
        """
        ...

    @property
    def season(self) -> int:
        """The steps of the customary season, rounded; 1 if there is none. It scales errors."""
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
        units = {"W": 7 * DAY, "D": DAY, "h": 60 * MINUTE, "min": MINUTE, "s": 1_000_000, "ms": 1_000}
        for unit, size in units.items():
            count, rest = divmod(self.size, size)
            if rest == 0:
                return unit if count == 1 else f"{count}{unit}"
        return f"{self.size}us"

    @property
    def seasons(self) -> tuple[float, ...]:
        """See `Frequency`."""
        cycles = () if self.integer else next((cycles for below, cycles in _CYCLES if self.size < below), ())
        if not cycles or (self.size != _WEEK and cycles[0] % self.size):  # 52.18 weeks count as 52 by custom
            return ()
        return tuple(cycle / self.size for cycle in cycles)

    @property
    def season(self) -> int:
        """See `Frequency`."""
        return _rounded(self.seasons)

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
        return np.asarray(first[:, None] + (ahead if self.integer else ahead.astype("timedelta64[us]")))


@dataclass(frozen=True)
class Months:
    """A whole number of calendar months.

    Attributes:
        count: 1 for months, 3 for quarters, 12 for years.
        anchor: The day in the month that the times keep: `start`, `end`, `business start`, `business end` or `same`.
            `same` is the latest day of the series, or the last day of a shorter month.
    """

    count: int
    anchor: str

    @property
    def alias(self) -> str:
        """See `Frequency`."""
        unit, size = next((unit, size) for unit, size in (("Y", 12), ("Q", 3), ("M", 1)) if self.count % size == 0)
        count = self.count // size
        name = {
            "start": f"{unit}S", "end": f"{unit}E", "business start": f"B{unit}S", "business end": f"B{unit}E",
            "same": unit,
        }[self.anchor]  # fmt: skip
        return name if count == 1 else f"{count}{name}"

    @property
    def seasons(self) -> tuple[float, ...]:
        """See `Frequency`."""
        return (12 / self.count,) if self.count < 12 and 12 % self.count == 0 else ()

    @property
    def season(self) -> int:
        """See `Frequency`."""
        return _rounded(self.seasons)

    def steps(self, first: Times, times: Times) -> NDArray[np.int64]:
        """See `Frequency`."""
        distance = (times.astype("datetime64[M]") - first.astype("datetime64[M]")).astype(np.int64)
        return np.asarray((distance + self.count // 2) // self.count)

    def after(self, times: Times, starts: NDArray[np.int64], horizon: int) -> Times:
        """See `Frequency`."""
        first, last = times[starts[:-1]], times[starts[1:] - 1]
        ahead = (self.steps(first, last)[:, None] + np.arange(1, horizon + 1)) * self.count
        days = times.astype("datetime64[D]")
        day = np.maximum.reduceat(days - days.astype("datetime64[M]"), starts[:-1])[:, None]
        clock = (first - first.astype("datetime64[D]"))[:, None]
        future: Times = on_anchor(first.astype("datetime64[M]")[:, None] + ahead, self.anchor, day) + clock
        return future.astype("datetime64[us]")


@dataclass(frozen=True)
class Offsets:
    """Any other step that pandas knows, such as business days.

    Attributes:
        alias: Its name in pandas.
    """

    alias: str

    @property
    def seasons(self) -> tuple[float, ...]:
        """See `Frequency`."""
        # five of the seven days are steps; holidays are steps without a row
        return (5.0, _YEAR * 5 / 7) if self.alias == "B" else ()

    @property
    def season(self) -> int:
        """See `Frequency`."""
        return _rounded(self.seasons)

    def steps(self, first: Times, times: Times) -> NDArray[np.int64]:
        """See `Frequency`."""
        if not len(times):
            return np.zeros(0, np.int64)
        offset = pd.tseries.frequencies.to_offset(self.alias)
        start = offset.rollback(pd.Timestamp(first.min()))
        grid = pd.date_range(start, times.max(), freq=offset).to_numpy().astype("datetime64[us]")
        return np.asarray(np.searchsorted(grid, times, "right") - np.searchsorted(grid, first, "right"))

    def after(self, times: Times, starts: NDArray[np.int64], horizon: int) -> Times:
        """See `Frequency`."""
        distinct, which = np.unique(times[starts[1:] - 1], return_inverse=True)  # all roll onto the grid
        offset = pd.tseries.frequencies.to_offset(self.alias)
        rows = [pd.date_range(time + offset, periods=horizon, freq=offset) for time in map(pd.Timestamp, distinct)]
        return np.stack([row.to_numpy().astype("datetime64[us]") for row in rows])[which]


def on_anchor(month: Times, anchor: str, day: Times) -> Times:
    """Returns the day of an anchor of `Months` in each month; for `same`, it is `day` after the first."""
    start = month.astype("datetime64[D]")
    end = (month + 1).astype("datetime64[D]") - 1
    if anchor == "start":
        return start
    if anchor == "end":
        return end
    if anchor == "business start":
        return np.asarray(np.busday_offset(start, 0, roll="forward"))
    if anchor == "business end":
        return np.asarray(np.busday_offset(end, 0, roll="backward"))
    return np.asarray(np.minimum(start + day, end))


def _rounded(seasons: tuple[float, ...]) -> int:
    return round(seasons[0]) if seasons else 1
