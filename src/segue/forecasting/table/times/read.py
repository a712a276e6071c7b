"""How times are read: timestamps, dates as text or digits, or dates and hours in several columns."""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from segue.errors import UserError
from segue.forecasting.table.grid.frequency import Times
from segue.forecasting.table.times.cells import Cells, cells_of, joined
from segue.forecasting.table.times.decimals import read_decimals
from segue.forecasting.table.times.digits import Digits, read_digits
from segue.forecasting.table.times.epochs import EPOCHS, read_as
from segue.forecasting.table.times.fields import all_match, matches
from segue.forecasting.table.times.formats import compiled, read_format
from segue.forecasting.table.times.midnights import MIDNIGHT_NOTE, local_midnights
from segue.forecasting.table.times.parts import clock_texts, durations, from_parts, time_part
from segue.forecasting.table.times.periods import first_of_ranges, fiscal_years
from segue.forecasting.table.times.text import read_text

__all__ = ["TimesRead", "has_clock", "looks_like_times", "read_times", "reads_with_format", "time_part"]

_SAMPLE = 20  # distinct texts that show whether a column holds times
_DIGITS, _DECIMAL = r"-?\d+(?:\.0*)?", r"-?(?:0|[1-9]\d*)?[.,]\d+"
_MONTH_YEAR = r"(?:0?[1-9]|1[0-2])\.[12]\d{3}"  # a number by its looks
_NANOSECONDS = (np.datetime64("1677-09-22"), np.datetime64("2262-04-11"))  # what they can hold
_NO_END = np.datetime64("9999-12-31")  # in databases it means that something has no end


@dataclass(frozen=True, eq=False)
class TimesRead:
    """Times of the rows.

    Attributes:
        times: Timestamps without a time zone, NaT where a row has none, or int64.
        notes: Notes on the reading for the user, one line each.
    """

    times: pd.Series
    notes: tuple[str, ...] = ()


def read_times(columns: Mapping[str, pd.Series], form: str | None = None, today: dt.date | None = None) -> TimesRead:
    """Reads one local time without a time zone, or one integer, from each row.

    A time zone or offset is dropped and the wall-clock time is kept, since seasons follow the wall clock. A date
    such as 03/04/2025 is read in the order of day and month that makes the rows more regular. A column has one form.

    Args:
        columns: One column of times; or a column of dates followed by hours, minutes, seconds or clock times; or
            year, quarter, month, week, day, hour, ... as numbers. If `form` is given, their texts are joined by a
            blank.
        form: The format of the text, as in `time.strptime`; or `epoch-s`, `epoch-ms`, `epoch-us`, `epoch-ns`,
            `epoch-min`, `epoch-h`, `epoch-d`, `excel` or `count` for numbers. Timestamps need none.
        today: Two-digit years are not read as later than this; by default the date of today.

    Raises:
        UserError: A time cannot be read or has two readings; the message names it.
    """
    label = ",".join(columns)
    column = next(iter(columns.values()))
    if len(columns) > 1 and form is None:
        times, notes = _several(label, columns, today)
        times = _unit(times) if times.dtype.kind == "M" else times
    else:
        if len(columns) > 1:
            column = joined(columns.values())
        times, notes = _one(label, _plain(column), form, today)
    series = pd.Series(times, index=column.index)
    if series.dtype.kind == "i":
        return TimesRead(series, notes)
    _refuse_endless(label, times)
    stamps = times.astype("datetime64[us]")
    notes = (*notes, MIDNIGHT_NOTE) if local_midnights(stamps) is not None else notes
    return TimesRead(series, notes)


def looks_like_times(column: pd.Series) -> bool:
    """Whether a column holds timestamps or periods, or text of which a sample reads as dates; numbers do not."""
    column = _plain(column)
    if column.dtype.kind in "M":
        return True
    if column.dtype.kind != "O":
        return False
    cells = _sample("", column)
    if cells is None or not len(cells.texts) or all_match(cells.texts, f"{_DIGITS}|{_DECIMAL}"):
        return False
    try:
        _text(cells)
    except UserError as error:
        return "ambiguous" in str(error)
    return True


def has_clock(column: pd.Series) -> bool:
    """Whether any time in a column of timestamps, or of dates as text, is not midnight."""
    column = _plain(column)
    if column.dtype.kind == "M":
        return bool((column.dropna() != column.dropna().dt.normalize()).any())
    cells = _sample("", column)
    if cells is None:
        return False
    return any(re.search(r"\d:\d\d|T\d|[AP]M\b", str(text)) for text in cells.texts)


def reads_with_format(column: pd.Series, form: str) -> bool:
    """Whether a sample of a column has a format of times, or is numbers that a word such as `epoch-s` may mean.

    Raises:
        UserError: The format is none.
    """
    column = _plain(column)
    if form not in ("count", *EPOCHS):
        compiled(form)
    if column.dtype.kind not in "Oiuf":
        return False
    cells = _sample("time", column)
    if cells is None or not len(cells.texts):
        return False
    try:
        _formatted(cells, form)
    except UserError as error:
        return "ambiguous" in str(error)
    return True


def _sample(label: str, column: pd.Series) -> Cells | None:
    """The first distinct texts of a column; None if it holds cells that are not text."""
    try:
        return cells_of(label, column.dropna().head(200).astype(object).drop_duplicates().head(_SAMPLE))
    except (UserError, TypeError):  # lists cannot be compared
        return None


def _several(
    label: str, columns: Mapping[str, pd.Series], today: dt.date | None
) -> tuple[NDArray[np.generic], tuple[str, ...]]:
    """Reads several columns without a format."""
    if (times := from_parts(columns)) is not None:
        return times, ()
    first, *rest = columns.items()
    clock = durations(label, dict(rest))
    if clock is not None:
        dates, notes = _one(label, _plain(first[1]), None, today)
        if dates.dtype.kind != "M":
            raise UserError("time_col", label, "numbers and hours alone are not a date; name a column of dates first")
        return dates.astype("datetime64[us]") + clock.astype("timedelta64[us]"), notes
    return _one(label, joined(clock_texts(list(columns.values()))), None, today)


def _plain(column: pd.Series) -> pd.Series:
    """Wall-clock timestamps, numbers or objects in the types of numpy, from any type of pandas."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        kind = column.cat.categories.dtype
        column = column.astype(object if column.hasnans and kind.kind in "biu" else kind)  # these hold no NaN
    if isinstance(column.dtype, pd.ArrowDtype):
        column = pa.array(column).to_pandas().set_axis(column.index)
    if isinstance(column.dtype, pd.PeriodDtype):
        try:
            starts: pd.Series = column.dt.to_timestamp()
        except pd.errors.OutOfBoundsDatetime as error:
            remedy = "pandas holds periods of the years 1678 to 2261; give timestamps in microseconds"
            raise UserError("time_col", column.name, f"holds {column.dropna().max()}; {remedy}") from error
        return starts
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        wall: pd.Series = column.dt.tz_localize(None)
        return wall
    if column.dtype.kind in "iuf" and not isinstance(column.dtype, np.dtype):
        missing = column.isna().any()
        return column.astype("float64" if missing or column.dtype.kind == "f" else "int64")
    return column.astype(object) if isinstance(column.dtype, pd.StringDtype) else column


def _one(
    label: str, column: pd.Series, form: str | None, today: dt.date | None
) -> tuple[NDArray[np.generic], tuple[str, ...]]:
    """Reads one column of numpy's types."""
    if column.dtype.kind == "M":
        return column.to_numpy(), ()
    if column.dtype.kind not in "Oiuf":
        kind = {"b": "booleans", "m": "durations", "c": "complex numbers"}.get(column.dtype.kind, str(column.dtype))
        raise UserError("time_col", label, f"holds {kind}, which are not times; name a column of dates")
    if form is not None and column.dtype.kind == "f" and "." in form and form not in EPOCHS:
        raise UserError("time_format", form, f"the numbers of {label} have lost their zeros; give the column as text")
    try:
        cells = cells_of(label, column, today)
    except TypeError as error:
        raise UserError(
            "time_col", label, "holds lists or the like, which are not times; name a column of dates"
        ) from error
    if not len(cells.texts):
        return np.full(len(column), np.datetime64("NaT"), "datetime64[ns]"), ()
    read = _formatted(cells, form) if form is not None else _text(cells)
    if read.times.dtype.kind == "i":
        if (cells.codes < 0).any():
            row = int((cells.codes < 0).argmax()) + 1
            raise UserError("time_col", label, f"is empty in row {row}; fill it or drop the row")
        return cells.rows(read.times), read.notes
    if form is None:
        _refuse_parts_of_years(cells, read.times)
    return cells.rows(_unit(read.times)), read.notes


def _refuse_parts_of_years(cells: Cells, times: Times) -> None:
    """Refuses 2015-1 ... 2015-4, 2016-1: the numbers beside the years may be quarters, halves or months."""
    if not all_match(cells.texts, r"\d{4}\D?\d{1,2}|\d{1,2}\D\d{4}"):
        return
    months = np.unique(times[~np.isnat(times)].astype("datetime64[M]")).astype(np.int64)
    years, parts = months // 12, months % 12
    most = int(parts.max(initial=0)) + 1
    full = all(np.array_equal(parts[years == year], np.arange(most)) for year in np.unique(years)[1:-1])
    if most in (2, 4) and len(months) > most and len(np.unique(years)) > 1 and full:
        remedy = "write quarters as 2015-Q1 and halves as 2015-H1, or name the months by `time_format`, such as '%Y-%m'"
        raise cells.refuse(0, f"no number beside the years exceeds {most}; {remedy}")


def _unit(times: Times) -> Times:
    """Returns times in nanoseconds, as pandas does for text, if these hold all times; else in microseconds."""
    known = times[~np.isnat(times)]
    held = not len(known) or (known.min() >= _NANOSECONDS[0] and known.max() < _NANOSECONDS[1])
    return times.astype("datetime64[ns]") if held else times


def _formatted(cells: Cells, form: str) -> Digits:
    if form not in ("count", *EPOCHS):
        return Digits(read_format(cells, form))
    numbers = _numbers(cells)
    if numbers is None:
        text = int((~matches(cells.texts, r"-?\d+(?:\.\d*)?")).argmax())
        raise cells.refuse(text, f"`time_format` {form!r} is for numbers; mend the row or the format")
    if form == "count":
        held = np.abs(numbers.astype(np.float64)) < 2**63
        whole = np.where(held, numbers, 0).astype(np.int64)
        if not np.array_equal(whole, numbers):
            raise cells.refuse(int((whole != numbers).argmax()), "a count of steps is a whole number; mend the row")
        return Digits(whole)
    return Digits(read_as(cells, numbers, form))


def _numbers(cells: Cells) -> NDArray[np.int64] | NDArray[np.float64] | None:
    """The texts of a column as numbers; None if one of them is no number."""
    if all_match(cells.texts, r"-?\d{1,19}"):
        try:
            return np.asarray(cells.texts.cast(pa.int64()))
        except pa.ArrowInvalid:
            pass  # nineteen digits may be too many
    if not all_match(cells.texts, r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?"):
        return None
    return np.asarray(cells.texts.cast(pa.float64()))


def _text(cells: Cells) -> Digits:
    """Reads distinct texts or the texts of numbers, without a format."""
    if all_match(cells.texts, r"-?\d+"):
        return read_digits(cells)
    numbers = _numbers(cells)
    if (
        numbers is not None
        and np.isfinite(numbers).all()
        and (numbers == np.rint(numbers)).all()
        and np.abs(numbers).max() < 2**53
    ):
        texts = pa.array([str(int(number)) for number in numbers])
        return read_digits(Cells(cells.label, texts, cells.codes, cells.today))
    if (fiscal := fiscal_years(cells)) is not None:
        return Digits(fiscal[0], (fiscal[1],))
    if numbers is not None and not all_match(cells.texts, _MONTH_YEAR):
        return Digits(*read_decimals(cells, numbers.astype(np.float64)))
    if (begin := first_of_ranges(cells)) is not None:
        return Digits(begin)
    return Digits(read_text(cells))


def _refuse_endless(label: str, times: NDArray[np.generic]) -> None:
    """Refuses 9999-12-31, and years that no calendar has."""
    days = times.astype("datetime64[D]")
    bad = ~np.isnat(times) & ((days >= _NO_END) | (days < np.datetime64("0001-01-01")))
    if bad.any():
        row = int(bad.argmax())
        raise UserError("time_col", label, f"row {row + 1} holds {days[row]}, which stands for no date; drop the row")
