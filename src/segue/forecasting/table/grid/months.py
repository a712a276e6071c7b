"""Steps of whole calendar months, and steps between given days of every month."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue.forecasting.table.grid.frequency import Times, clock_drift, days_on_clock

NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_PANDAS: dict[tuple[int, ...], str] = {(1, 15): "SMS", (15, 31): "SME"}


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
        """See `segue.forecasting.table.grid.frequency.Frequency`."""
        unit, size = next((unit, size) for unit, size in (("Y", 12), ("Q", 3), ("M", 1)) if self.count % size == 0)
        count = self.count // size
        name = {
            "start": f"{unit}S", "end": f"{unit}E", "business start": f"B{unit}S", "business end": f"B{unit}E",
            "same": unit,
        }[self.anchor]  # fmt: skip
        return name if count == 1 else f"{count}{name}"

    @property
    def seasons(self) -> tuple[float, ...]:
        """See `segue.forecasting.table.grid.frequency.Frequency`."""
        return (12 / self.count,) if self.count < 12 and 12 % self.count == 0 else ()

    def steps(self, first: Times, times: Times) -> NDArray[np.int64]:
        """See `segue.forecasting.table.grid.frequency.Frequency`."""
        distance = (times.astype("datetime64[M]") - first.astype("datetime64[M]")).astype(np.int64)
        return np.asarray((distance + self.count // 2) // self.count)

    def after(self, times: Times, starts: NDArray[np.int64], horizon: int) -> Times:
        """See `segue.forecasting.table.grid.frequency.Frequency`."""
        first, last = times[starts[:-1]], times[starts[1:] - 1]
        ahead = (self.steps(first, last)[:, None] + np.arange(1, horizon + 1)) * self.count
        days = times.astype("datetime64[D]")
        day = np.maximum.reduceat(days - days.astype("datetime64[M]"), starts[:-1])[:, None]
        clock = (first - first.astype("datetime64[D]") + clock_drift(first, last))[:, None]
        future: Times = on_anchor(first.astype("datetime64[M]")[:, None] + ahead, self.anchor, day) + clock
        return future.astype("datetime64[us]")

    def begins(self, times: Times, month: int) -> Times:
        """Returns the day that names the step of each time, where steps begin in `month`, January as 0.

        It is the first day of the step's first month, or the last one of its last month for anchors at an end. Business
        anchors name the first or the last weekday of this month.
        """
        months = times.astype("datetime64[M]").astype(np.int64)
        begin = (months - month) // self.count * self.count + month
        if "end" in self.anchor:
            begin += self.count - 1
        anchor = "start" if self.anchor == "same" else self.anchor
        return on_anchor(begin.astype("datetime64[M]"), anchor, np.int64(0)).astype("datetime64[us]")


@dataclass(frozen=True)
class MonthDays:
    """Some days of every month, such as the 1st and the 15th, or the 1st, 11th and 21st.

    Attributes:
        days: The days, ascending, at least two. 31 is the last day of every month.
    """

    days: tuple[int, ...]

    @property
    def alias(self) -> str:
        """See `segue.forecasting.table.grid.frequency.Frequency`."""
        return _PANDAS.get(self.days) or ",".join(map(str, self.days))

    @property
    def seasons(self) -> tuple[float, ...]:
        """See `segue.forecasting.table.grid.frequency.Frequency`."""
        return (12.0 * len(self.days),)

    def steps(self, first: Times, times: Times) -> NDArray[np.int64]:
        """See `segue.forecasting.table.grid.frequency.Frequency`; another day belongs to the step before it."""
        begin, day = days_on_clock(first, times)
        return self._index(day) - self._index(begin)

    def after(self, times: Times, starts: NDArray[np.int64], horizon: int) -> Times:
        """See `segue.forecasting.table.grid.frequency.Frequency`."""
        first, last = times[starts[:-1]], times[starts[1:] - 1]
        _, day = days_on_clock(first, last)
        clock = first - first.astype("datetime64[D]") + clock_drift(first, last)
        ahead = self._day(self._index(day)[:, None] + np.arange(1, horizon + 1))
        return np.asarray((ahead + clock[:, None]).astype("datetime64[us]"))

    def begins(self, times: Times) -> Times:
        """Returns the midnight at which the step of each time begins."""
        return self._day(self._index(times.astype("datetime64[D]").astype(np.int64))).astype("datetime64[us]")

    def _index(self, day: NDArray[np.int64]) -> NDArray[np.int64]:
        """The index of the last of the days up to each day, counted from January 1970."""
        date = day.astype("datetime64[D]")
        month = date.astype("datetime64[M]")
        index = month.astype(np.int64) * len(self.days) - 1
        for first in self.days:
            index += on_anchor(month, "same", np.int64(first - 1)) <= date
        return np.asarray(index)

    def _day(self, index: NDArray[np.int64]) -> Times:
        months, number = np.divmod(index, len(self.days))
        return on_anchor(months.astype("datetime64[M]"), "same", np.asarray(self.days)[number] - 1)


def on_anchor(month: Times, anchor: str, day: Times | np.int64) -> Times:
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


def anchors_of(times: Times) -> tuple[str, ...]:
    """The anchors of `Months` that all times keep, in order of preference; none where the times keep no anchor."""
    day = np.unique(times.astype("datetime64[D]"))
    month = day.astype("datetime64[M]")
    anchors = ("start", "end", "business start", "business end")
    return tuple(anchor for anchor in anchors if np.array_equal(on_anchor(month, anchor, day - month), day))


def anchor_of(times: Times) -> str:
    """The first of the anchors that all times keep; `same` if there is none."""
    return next(iter(anchors_of(times)), "same")
