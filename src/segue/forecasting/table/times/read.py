"""How times are read: timestamps, dates as text, or dates and hours in several columns."""

import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from segue.errors import UserError
from segue.forecasting.table.calendar import regularity
from segue.forecasting.table.frequency import Times

_PARTS = {
    "year": "year", "yyyy": "year", "quarter": "quarter", "qtr": "quarter", "month": "month", "mnth": "month",
    "mon": "month", "day": "day", "dom": "day", "hour": "hour", "hours": "hour", "hr": "hour", "minute": "minute",
    "min": "minute", "second": "second", "sec": "second",
}  # fmt: skip
_DURATIONS: dict[str | None, Literal["h", "min", "s"]] = {"hour": "h", "minute": "min", "second": "s"}
_ZONE = r"(\d:\d{2}(?::\d{2}(?:[.,]\d+)?)?)\s*(?:Z|UTC|GMT|[+-]\d{2}:?\d{2})$"
_DOTTED_CLOCK = r" (\d{1,2})\.(\d{2})\.(\d{2})$"
_MONTH_YEAR = r"^\s*([A-Za-z]{3,9})[-/ ]'?(\d{2})\s*$"
_EARLIEST = pd.Timestamp("1600-01-01")  # in an older date pandas mistook another number for the year
_NUMERIC_DATE = r"^\s*(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}|\d{2})(?!\d)"


def time_part(name: str) -> str | None:
    """The part of a date that a column of this name holds, such as `hour` for `hr`; None if it names no part."""
    return _PARTS.get(name.strip().lower())


def _read_times(columns: Mapping[str, pd.Series], form: str | None = None) -> pd.Series:
    """Reads one local time without a time zone, or one integer, from each row.

    A time zone or offset is dropped and the wall-clock time is kept, since seasons follow the wall clock. A date
    such as 03/04/2025 is read in the order of day and month that makes the rows more regular.

    Args:
        columns: One column of times; or a column of dates followed by hours, minutes, seconds or clock times; or
            year, quarter, month, day, hour, ... as numbers. If `form` is given, their texts are joined by a blank.
        form: The format of the text, as in `time.strptime`.

    Returns:
        Timestamps without a time zone, or int64. A row without a timestamp is NaT.

    Raises:
        UserError: A time cannot be read, or days and months are ambiguous; the message names the time.
    """
    label = ",".join(columns)
    series = list(columns.values())
    parts = [time_part(name) for name in columns]
    if form is not None:
        return _parse(label, _joined(series), form)
    if len(series) == 1:
        return _single(label, series[0])
    if parts[0] == "year" and all(parts) and all(pd.api.types.is_numeric_dtype(column) for column in series):
        return _assembled(label, dict(zip(parts, series, strict=True)))
    if all(part in _DURATIONS and pd.api.types.is_numeric_dtype(column) for part, column in _rest(parts, series)):
        times = _single(label, series[0])
        for part, column in _rest(parts, series):
            times = times + pd.to_timedelta(column, unit=_DURATIONS[part])
        return times
    return _parse(label, _joined(series), None)


@dataclass(frozen=True, eq=False)
class TimesRead:
    """Stub."""

    times: pd.Series
    notes: tuple[str, ...] = ()


def read_times(columns: Mapping[str, pd.Series], form: str | None = None) -> TimesRead:
    """Stub."""
    return TimesRead(_read_times(columns, form))


def looks_like_times(column: pd.Series) -> bool:
    """Whether a column holds timestamps or periods, or text of which a sample reads as dates."""
    if pd.api.types.is_datetime64_any_dtype(column) or isinstance(column.dtype, pd.PeriodDtype):
        return True
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        return False
    sample = column.dropna().drop_duplicates().head(20).astype(str)
    dated = sample.str.contains(r"\d[-/.: ]\d|\d{4}") | sample.str.match(_MONTH_YEAR)
    if not len(sample) or not dated.all():
        return False  # pandas reads lone letters and small numbers as dates
    return bool(_readings(sample)[0].notna().all())


def has_clock(column: pd.Series) -> bool:
    """Whether any time in a column of timestamps, or of dates as text, is not midnight."""
    times = _readings(column.astype("string"))[0].dropna()
    return bool((times != times.dt.normalize()).any())


def _rest(parts: Sequence[str | None], series: Sequence[pd.Series]) -> list[tuple[str | None, pd.Series]]:
    return list(zip(parts[1:], series[1:], strict=True))


def _joined(series: Sequence[pd.Series]) -> pd.Series:
    text = series[0].astype("string")
    for column in series[1:]:
        text = text + " " + column.astype("string")
    return text


def _single(label: str, column: pd.Series) -> pd.Series:
    if isinstance(column.dtype, pd.PeriodDtype):
        starts: pd.Series = column.dt.to_timestamp()
        return starts
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        wall: pd.Series = column.dt.tz_localize(None)
        return wall
    if pd.api.types.is_datetime64_any_dtype(column):
        return column
    if not pd.api.types.is_numeric_dtype(column):
        return _parse(label, column, None)
    numbers = column.to_numpy(np.float64, na_value=np.nan)
    if not np.array_equal(numbers, np.rint(numbers)):
        bad = int(np.flatnonzero(~(numbers == np.rint(numbers)))[0])
        raise UserError("time_col", label, f"row {bad + 1} holds {numbers[bad]}; give timestamps or whole numbers")
    for form, low, high in (("%Y%m%d", 19000101, 21001231), ("%Y%m", 190001, 210012)):
        if len(numbers) and low <= numbers.min() and numbers.max() <= high:
            dates = pd.to_datetime(column.astype("int64").astype(str), format=form, errors="coerce")
            if dates.notna().all():
                return dates
    return column.astype("int64")


def _assembled(label: str, parts: dict[str | None, pd.Series]) -> pd.Series:
    quarter = parts.pop("quarter", None)
    if quarter is not None:
        parts["month"] = 3 * quarter - 2
    year = parts["year"]
    whole = {"year": year, "month": 1, "day": 1, **parts}
    times = pd.to_datetime(pd.DataFrame(whole, index=year.index), errors="coerce")
    _refuse_unread(label, _joined(list(parts.values())), times)
    return times


def _parse(label: str, text: pd.Series, form: str | None) -> pd.Series:
    codes, distinct = pd.factorize(text)  # the series of a panel usually share their times
    known = pd.Series(distinct).astype("string")
    if form is not None:
        times = pd.to_datetime(known, format=form, errors="coerce")
        times = times.dt.tz_localize(None) if isinstance(times.dtype, pd.DatetimeTZDtype) else times
    else:
        times, *others = _readings(known)
        if others and not others[0].equals(times):
            example = f"'%m/%d/%Y' or '%d/%m/%Y' for {text.iloc[0]}"
            raise UserError("time_col", label, f"days and months are ambiguous; give `time_format`: {example}")
    times = times.reindex(codes).set_axis(text.index)
    _refuse_unread(label, text, times)
    return times


def _readings(text: pd.Series) -> list[pd.Series]:
    """Dates, month or day first: the order that reads more dates, then the more regular one; both if they tie."""
    return [times.where(times >= _EARLIEST) for times in _all_readings(text)]


def _all_readings(text: pd.Series) -> list[pd.Series]:
    if (times := _iso_times(text)) is not None:
        return [times]
    text = text.str.replace(_MONTH_YEAR, _month_and_year, regex=True)
    text = text.str.replace(_ZONE, r"\1", regex=True).str.replace(_DOTTED_CLOCK, r" \1:\2:\3", regex=True)
    texts = [text]
    if text.str.match(_NUMERIC_DATE, na=False).any():
        texts = [text.str.replace(_NUMERIC_DATE, order, regex=True) for order in (_month_first, _day_first)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a format that pandas cannot infer is read row by row, which is only slower
        readings = [pd.to_datetime(form, errors="coerce") for form in texts]
    if readings[0].isna().sum() > text.isna().sum() and (times := _iso_times(text)) is not None:
        return [times]  # some texts had an offset
    merits = [(int(times.notna().sum()), _regularity(times)) for times in readings]
    return [times for times, merit in zip(readings, merits, strict=True) if merit == max(merits)]


def _iso_times(text: pd.Series) -> pd.Series | None:
    """Reads the common case fast: ISO 8601 dates without an offset. None if any date has another form."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas 2 warns of several offsets, and gives objects
        try:
            times = pd.to_datetime(text, format="ISO8601")
        except ValueError:
            return None
    return None if isinstance(times.dtype, pd.DatetimeTZDtype) or times.dtype.kind != "M" else times


def _month_first(date: re.Match[str]) -> str:
    return _iso(date[3], date[1], date[2])


def _day_first(date: re.Match[str]) -> str:
    return _iso(date[3], date[2], date[1])


def _month_and_year(date: re.Match[str]) -> str:
    return f"1 {date[1][:3]} {_century(date[2])}{date[2]}"


def _iso(year: str, month: str, day: str) -> str:
    """Writes a date in a form that pandas reads in one way only; in other forms it may swap day and month."""
    century = "" if len(year) == 4 else _century(year)
    return f"{century}{year}-{month:0>2}-{day:0>2}" if int(month) <= 12 else "no month"


def _century(year: str) -> str:
    return "20" if int(year) < 69 else "19"


def _regularity(times: pd.Series) -> float:
    known: Times = np.unique(times.dropna().to_numpy().astype("datetime64[us]"))
    return regularity(known)


def _refuse_unread(label: str, text: pd.Series, times: pd.Series) -> None:
    bad: NDArray[np.int64] = np.flatnonzero((times.isna() & text.notna()).to_numpy())
    if len(bad):
        value = re.sub(r"\s+", " ", str(text.iloc[bad[0]]))
        remedy = "name the format with `time_format`, for example '%d.%m.%Y %H:%M'"
        raise UserError("time_col", label, f"cannot read {value!r} in row {bad[0] + 1} as a time; {remedy}")
