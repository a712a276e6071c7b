"""Several rows of one step: refused, or gathered into one value."""

from collections.abc import Sequence
from typing import Any

import narwhals as nw
import numpy as np
from jaxtyping import Float64, Int64
from numpy.typing import NDArray

from segue.errors import UserError
from segue.forecasting.table.grid.frequency import HOUR, WEEK, Frequency, Steps, Times
from segue.forecasting.table.grid.months import MonthDays, Months
from segue.forecasting.table.grid.names import counted_unit
from segue.forecasting.table.grid.offsets import Offsets
from segue.forecasting.table.grid.weekdays import Weekdays

_ON_GRID = 0.1
"""The part of a step by which rows may lie off the grid that begins at the first row of their series.

Rows with jitter lie off it a little. If more than `_FEW` of the rows lie further off, the step is coarser than the rows
or begins at another time. Then each row belongs to the step of the calendar in which it lies.
"""
_FEW = 0.05
MONTH_NAMES = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAY_NAMES = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_MONDAY = np.datetime64("1970-01-05", "us")


def begins(frequency: Frequency, alias: str, times: Times, origin: np.datetime64 | None = None) -> Times:
    """Returns the beginning of the step of the calendar in which each time lies.

    Steps of hours begin at midnight, weeks on Monday or on the day of `W-SUN`, months on their first day, quarters and
    years in the month of `QS-FEB`. For months, quarters and years that end, such as `ME`, the last day names the step.

    Args:
        frequency: The step of timestamps.
        alias: Its name as the user gives it, with the day of weeks or the month of quarters and years.
        times: The times, in any order, at least one.
        origin: For steps of several days or months: the time at which one of them begins; by default the first day.
    """
    anchor = alias.upper().rpartition("-")[2] if "-" in alias else ""
    day = times.min().astype("datetime64[D]").astype("datetime64[us]") if origin is None else origin
    if isinstance(frequency, Months):
        return _named_by(frequency, counted_unit(alias)).begins(times, _first_month(frequency, anchor, alias, day))
    if isinstance(frequency, Weekdays | MonthDays | Offsets):
        return frequency.begins(times)
    assert isinstance(frequency, Steps)
    if frequency.size % WEEK == 0:
        monday = _MONDAY + np.timedelta64(_DAY_NAMES.index(anchor) if anchor in _DAY_NAMES else 0, "D")
        day -= (day - monday) % np.timedelta64(WEEK, "us")
    return times - (times - day) % np.timedelta64(frequency.size, "us")


def _named_by(frequency: Months, unit: str) -> Months:
    """Takes the anchor from the name of the step, because the rows within a step keep no anchor."""
    business = "business " if unit.startswith("B") else ""
    return Months(frequency.count, business + ("end" if unit.endswith("E") else "start"))


def _first_month(frequency: Months, anchor: str, alias: str, origin: np.datetime64) -> int:
    """The first month of a step, January as 0; the name of an end, such as `YE-JUN`, names the last month."""
    if anchor in MONTH_NAMES:
        ends = counted_unit(alias).endswith("E") or not counted_unit(alias).endswith("S")
        return MONTH_NAMES.index(anchor) + ends
    year = int(origin.astype("datetime64[Y]").astype(np.int64)) * 12
    return 0 if 12 % frequency.count == 0 else year  # steps of five months begin in the first January


def is_coarser(codes: Int64[np.ndarray, " rows"], times: Times, frequency: Frequency) -> bool:
    """Whether steps are coarser than rows: many rows are off the grid of their series, or share a step.

    Args:
        codes: The series of each row, ascending.
        times: The times, ascending within a series.
        frequency: The step that the user gave.
    """
    first = firsts(codes, times)
    if isinstance(frequency, Steps):
        if frequency.integer or frequency.size == 1:
            return False
        off = (times - first).view(np.int64) % frequency.size
        off = np.minimum(off, frequency.size - off)
        far = off > _ON_GRID * frequency.size
        if frequency.size > HOUR:
            far &= off != HOUR  # summer time
        if not far.any() or np.mean(far) > _FEW:
            return bool(far.any())
    return bool(_shared(codes, times, frequency.steps(first, times)).any())


def firsts(codes: Int64[np.ndarray, " rows"], times: Times) -> Times:
    """The first time of the series of each row; rows are in order of series and time."""
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    return np.asarray(np.repeat(times[starts], np.diff(starts, append=len(codes))))


def _shared(codes: Int64[np.ndarray, " rows"], times: Times, steps: Int64[np.ndarray, " rows"]) -> NDArray[np.bool_]:
    """Whether a row and the next one are at different times on one step."""
    return np.asarray((codes[1:] == codes[:-1]) & (steps[1:] == steps[:-1]) & (times[1:] != times[:-1]))


def one_a_step(
    ids: Sequence[Any] | nw.Series[Any],
    codes: Int64[np.ndarray, " rows"],
    times: Times,
    steps: Int64[np.ndarray, " rows"],
    values: Float64[np.ndarray, " rows"],
    frequency: Frequency,
    duplicates: str | None,
) -> tuple[Int64[np.ndarray, " kept"] | slice, Float64[np.ndarray, " kept"]]:
    """Returns the first row of each step, and its value by `duplicates`; rows are in order of series and time.

    Raises:
        UserError: A step has several rows and `duplicates` is not given.
    """
    together = same_step(codes, steps)
    if not len(together):
        return slice(None), values
    if duplicates is None:
        raise crowded(ids, codes, times, steps, together, frequency)
    leaders = np.delete(np.arange(len(codes)), together + 1)
    return leaders, _reduced(values, leaders, duplicates)


def same_step(codes: Int64[np.ndarray, " rows"], steps: Int64[np.ndarray, " rows"]) -> NDArray[np.int64]:
    """The rows that share their series and step with the next row."""
    return np.flatnonzero((codes[1:] == codes[:-1]) & (steps[1:] == steps[:-1]))


def _reduced(
    values: Float64[np.ndarray, " rows"], leaders: NDArray[np.int64], duplicates: str
) -> Float64[np.ndarray, " kept"]:
    if duplicates in ("first", "last"):
        chosen = leaders if duplicates == "first" else np.append(leaders[1:], len(values)) - 1
        return np.asarray(values[chosen])
    count = np.add.reduceat(np.isfinite(values).astype(np.float64), leaders)
    total = np.add.reduceat(np.nan_to_num(values), leaders)
    if duplicates == "sum":
        return np.asarray(np.where(count > 0, total, np.nan))
    mean: NDArray[np.float64] = np.divide(total, count, out=np.full(len(leaders), np.nan), where=count > 0)
    return mean


def crowded(
    ids: Sequence[Any] | nw.Series[Any],
    codes: Int64[np.ndarray, " rows"],
    times: Times,
    steps: Int64[np.ndarray, " rows"],
    together: NDArray[np.int64],
    frequency: Frequency,
) -> UserError:
    """Makes the error for the rows `together`, which share their step with the next row."""
    same = times[together] == times[together + 1]
    choice = "choose `duplicates` mean|sum|first|last"
    if same.all():
        begin = np.flatnonzero(np.diff(together, prepend=-2) != 1)
        row = together[begin[0]]
        where = _where(len(begin), "time", codes[together])
        fault = f"occurs twice in series {ids[int(codes[row])]}{where}"
        return UserError("time_col", shown(times[row]), f"{fault}; {choice}, or name the series by `id_col`")
    begin = together[np.diff(together, prepend=-2) != 1]
    begin = begin[np.diff(steps[begin] + codes[begin] * (np.ptp(steps) + 1), prepend=-1) != 0]
    row = together[int(np.argmin(same))]
    where = _where(len(begin), "step", codes[together])
    fault = f"{shown(times[row])} and {shown(times[row + 1])} of series {ids[int(codes[row])]} fall on one step{where}"
    return UserError(
        "freq", frequency.alias, f"{fault}; give a finer step, {choice} to gather them, or name the series by `id_col`"
    )


def _where(count: int, unit: str, codes: NDArray[np.int64]) -> str:
    if count == 1:
        return ""
    series = len(np.unique(codes))
    return (
        f" ({count:,} {unit}s have several rows, in {series:,} series)"
        if series > 1
        else (f" ({count:,} {unit}s have several rows)")
    )


def shown(time: object) -> str:
    """Writes a time for a message."""
    return str(time).replace("T", " ").removesuffix(".000000").removesuffix(" 00:00:00")


def partial_steps(
    ids: nw.Series[Any],
    codes: Int64[np.ndarray, " rows"],
    times: Times,
    begin: Times,
    leaders: Int64[np.ndarray, " kept"],
) -> tuple[str, ...]:
    """Reports first and last steps that are cut off: they have fewer rows than the steps between them.

    Args:
        ids: The names of the series.
        codes: The series of each row, ascending.
        times: The times as they were, ascending within a series.
        begin: The beginning of the step of each row.
        leaders: The first row of each step.
    """
    counts = np.diff(leaders, append=len(codes))
    lane = codes[leaders]
    first = np.diff(lane, prepend=-1) != 0
    last = np.diff(lane, append=len(ids)) != 0
    lead = (times[leaders] - begin[leaders]).astype(np.int64)
    tail = -(times[leaders + counts - 1] - begin[leaders]).astype(np.int64)  # less where the last row is later
    inner = ~(first | last)
    whole = inner if inner.any() else counts == counts.max()
    usual = int(np.median(counts[whole]))
    notes = []
    for edge, name, lateness in ((first, "first", lead), (last, "last", tail)):
        fewer = np.flatnonzero(edge & (counts < usual) & (lateness > lateness[whole].max()))
        if len(fewer):
            step = fewer[0]
            of = "" if len(ids) == 1 else f" of series {ids[int(lane[step])]}"
            more = "" if len(fewer) == 1 else f", and those of {len(fewer) - 1:,} more series lack rows as well"
            notes.append(
                f"the {name} step{of}, {shown(begin[leaders[step]])}, has {counts[step]} of about {usual} rows{more}"
            )
    return tuple(notes)
