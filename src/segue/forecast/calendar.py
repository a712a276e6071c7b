"""The regular grid of time beneath a series: where each row lies on it, and which times come next."""

import re
import warnings
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from segue.errors import UserError

Times = NDArray[Any]
"""One axis of naive local times in microseconds, or of integers."""

_MINUTE, _DAY = 60_000_000, 86_400_000_000
_MICROSECONDS = {
    "us": 1, "U": 1, "ms": 1_000, "L": 1_000, "s": 1_000_000, "S": 1_000_000, "min": _MINUTE, "T": _MINUTE,
    "h": 60 * _MINUTE, "H": 60 * _MINUTE, "D": _DAY, "d": _DAY, "W": 7 * _DAY, "w": 7 * _DAY,
}  # fmt: skip
_MONTHS = {
    **dict.fromkeys(("M", "ME", "MS", "BM", "BME", "BMS", "mo"), 1),
    **dict.fromkeys(("Q", "QE", "QS", "BQ", "BQE", "BQS", "q"), 3),
    **dict.fromkeys(("Y", "YE", "YS", "A", "AS", "BY", "BYE", "BYS", "BA", "BAS", "y"), 12),
}


class Frequency(Protocol):
    """The step between neighbouring times of a series."""

    @property
    def alias(self) -> str:
        """The name pandas gives it, for example `h`, `MS` or `15min`; a number for integer times."""
        ...

    @property
    def season(self) -> int:
        """How many steps the customary season has: a day of hours, a week of days, a year of months. 1 if none."""
        ...

    def steps(self, first: Times, times: Times) -> NDArray[np.int64]:
        """Whole steps from each `first` to each of `times`, both `(rows,)`; a time off the grid is moved onto it."""
        ...

    def after(self, last: Times, horizon: int) -> Times:
        """The `horizon` times that follow each `last`: `(series,)` to `(series, horizon)`."""
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
        for unit in ("W", "D", "h", "min", "s", "ms"):
            count, rest = divmod(self.size, _MICROSECONDS[unit])
            if rest == 0:
                return unit if count == 1 else f"{count}{unit}"
        return f"{self.size}us"

    @property
    def season(self) -> int:
        """See `Frequency`."""
        if self.integer:
            return 1
        cycles = ((_MINUTE, 60 * _MINUTE), (_DAY, _DAY), (7 * _DAY, 7 * _DAY), (7 * _DAY + 1, 364 * _DAY))
        cycle = next((cycle for below, cycle in cycles if self.size < below), self.size)
        return cycle // self.size if cycle % self.size == 0 else 1

    def steps(self, first: Times, times: Times) -> NDArray[np.int64]:
        """See `Frequency`."""
        distance = (times - first).astype(np.int64)
        return (distance + self.size // 2) // self.size

    def after(self, last: Times, horizon: int) -> Times:
        """See `Frequency`."""
        ahead = np.arange(1, horizon + 1, dtype=np.int64) * self.size
        times: Times = last[:, None] + (ahead if self.integer else ahead.astype("timedelta64[us]"))
        return times


@dataclass(frozen=True)
class Months:
    """A whole number of calendar months.

    Attributes:
        count: 1 for months, 3 for quarters, 12 for years.
        anchor: The day in the month that the times keep: `start`, `end`, `business start`, `business end`, or
            `same` for the day of the last time.
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
    def season(self) -> int:
        """See `Frequency`."""
        return 12 // self.count if 12 % self.count == 0 else 1

    def steps(self, first: Times, times: Times) -> NDArray[np.int64]:
        """See `Frequency`."""
        distance = (times.astype("datetime64[M]") - first.astype("datetime64[M]")).astype(np.int64)
        return (distance + self.count // 2) // self.count

    def after(self, last: Times, horizon: int) -> Times:
        """See `Frequency`."""
        month = last.astype("datetime64[M]")[:, None] + np.arange(1, horizon + 1) * self.count
        day = last.astype("datetime64[D]")
        clock = (last - day)[:, None]
        times: Times = _on_anchor(month, self.anchor, (day - day.astype("datetime64[M]"))[:, None]) + clock
        return times.astype("datetime64[us]")


@dataclass(frozen=True)
class Offsets:
    """Any other step that pandas knows, such as business days.

    Attributes:
        alias: Its name in pandas.
    """

    alias: str

    @property
    def season(self) -> int:
        """See `Frequency`."""
        return 5 if self.alias == "B" else 1

    def steps(self, first: Times, times: Times) -> NDArray[np.int64]:
        """See `Frequency`."""
        if not len(times):
            return np.zeros(0, np.int64)
        offset = pd.tseries.frequencies.to_offset(self.alias)
        start = offset.rollback(pd.Timestamp(first.min()))
        grid = pd.date_range(start, times.max(), freq=offset).to_numpy().astype("datetime64[us]")
        return np.searchsorted(grid, times, "right") - np.searchsorted(grid, first, "right")

    def after(self, last: Times, horizon: int) -> Times:
        """See `Frequency`."""
        distinct, which = np.unique(last, return_inverse=True)
        offset = pd.tseries.frequencies.to_offset(self.alias)
        rows = [pd.date_range(time + offset, periods=horizon, freq=offset) for time in map(pd.Timestamp, distinct)]
        return np.stack([row.to_numpy().astype("datetime64[us]") for row in rows])[which]


def frequency_of(alias: str | int, times: Times) -> Frequency:
    """Reads a frequency: a pandas alias, old (`H`, `M`, `T`, `A`) or new (`h`, `ME`, `min`, `YE`), or an integer.

    Months, quarters, years and weeks take the day they fall on from the times themselves, so that `M`, `MS` and
    `ME` all mean "monthly, as the data have it".

    Args:
        alias: For example `"h"`, `"15min"`, `"MS"`, `"W-MON"`, `"B"`; a whole number for integer times.
        times: The times it shall fit, any order.

    Raises:
        UserError: No such frequency, or one of the other kind of time.
    """
    integer_times = times.dtype.kind == "i"
    name = str(getattr(alias, "freqstr", alias)).strip()  # an offset of pandas will do as well
    match = re.fullmatch(r"(\d+)?\s*([A-Za-z]*)(-[A-Za-z]{3})?", name)
    count, unit = (int(match[1] or 1), match[2]) if match else (0, "")
    if integer_times != (match is not None and unit == "" and match[1] is not None):
        kind = "a whole number, for the times are integers" if integer_times else "one such as h, D, W or MS"
        raise UserError("freq", alias, f"give {kind}")
    if match and count < 1:
        raise UserError("freq", alias, "give a step of at least 1")
    if integer_times:
        return Steps(count, integer=True)
    if unit in _MICROSECONDS:
        return Steps(count * _MICROSECONDS[unit])
    if unit in _MONTHS:
        return Months(count * _MONTHS[unit], _anchor(times))
    return _other_offset(name)


def infer_frequency(times: Times, gaps: Times) -> Frequency:
    """Finds the step that most neighbouring times keep, so that missing rows do not mislead it.

    Args:
        times: All times, any order.
        gaps: `(pairs, 2)`: neighbouring distinct times of one series.

    Raises:
        UserError: Timestamps without any two neighbours: nothing tells their step.
    """
    integer = times.dtype.kind == "i"
    if not len(gaps):
        if integer:
            return Steps(1, integer=True)
        raise UserError("freq", "none", "no series has two times to infer it from; give one such as h, D, W or MS")
    size, share = _most_common((gaps[:, 1] - gaps[:, 0]).astype(np.int64))
    if integer or size < _DAY:
        return Steps(size, integer=integer)
    count, month_share = _most_common_months(gaps)
    if size >= 28 * _DAY and (month_share, _keeps_day(times)) > (share, False):
        return Months(count, _anchor(times))
    if size == _DAY and share < 1 and bool(np.is_busday(times.astype("datetime64[D]")).all()):
        return Offsets("B")
    return Steps(size)


def _most_common(sizes: NDArray[np.int64]) -> tuple[int, float]:
    distinct, counts = np.unique(sizes, return_counts=True)
    best = int(counts.argmax())
    return int(distinct[best]), float(counts[best] / len(sizes))


def _most_common_months(gaps: Times) -> tuple[int, float]:
    months = gaps.astype("datetime64[M]")
    count, share = _most_common((months[:, 1] - months[:, 0]).astype(np.int64))
    return (count, share) if count > 0 else (0, 0.0)


def regularity(times: Times) -> float:
    """The share of neighbouring times, in the order given, that keep the most common step, in time or in months."""
    if len(times) < 2:
        return 1.0
    gaps = np.stack([times[:-1], times[1:]], axis=1)
    return max(_most_common(np.diff(times).astype(np.int64))[1], _most_common_months(gaps)[1])


def _keeps_day(times: Times) -> bool:
    day = times.astype("datetime64[D]")
    return _anchor(times) != "same" or len(np.unique(day - day.astype("datetime64[M]"))) == 1


def _on_anchor(month: Times, anchor: str, day: NDArray[np.timedelta64]) -> Times:
    start = month.astype("datetime64[D]")
    end = (month + 1).astype("datetime64[D]") - 1
    if anchor == "start":
        return start
    if anchor == "end":
        return end
    if anchor == "business start":
        return np.busday_offset(start, 0, roll="forward")
    if anchor == "business end":
        return np.busday_offset(end, 0, roll="backward")
    return np.minimum(start + day, end)


def _anchor(times: Times) -> str:
    """The day in the month that all times keep."""
    day = np.unique(times.astype("datetime64[D]"))
    month = day.astype("datetime64[M]")
    for anchor in ("start", "end", "business start", "business end"):
        if np.array_equal(_on_anchor(month, anchor, day - month), day):
            return anchor
    return "same"


def _other_offset(alias: str) -> Frequency:
    remedy = "no such frequency; give one such as min, h, D, B, W, MS, QS or YS, with a count as in 15min"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas warns of old aliases before it refuses them
        try:
            size = int(pd.Timedelta(alias) / pd.Timedelta(microseconds=1))
        except ValueError:
            size = 0
        if size > 0:
            return Steps(size)
        try:
            return Offsets(pd.tseries.frequencies.to_offset(alias).freqstr)
        except (ValueError, TypeError, AttributeError) as error:
            raise UserError("freq", alias, remedy) from error
