"""Times spread over several columns: a date and a clock, or year, month, day and so on as numbers."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from segue.errors import UserError
from segue.forecasting.table.grid.frequency import Times
from segue.forecasting.table.times.fields import assembled

_PARTS = {
    "year": "year", "yyyy": "year", "quarter": "quarter", "qtr": "quarter", "month": "month", "mnth": "month",
    "mon": "month", "day": "day", "dom": "day", "hour": "hour", "hours": "hour", "hr": "hour", "minute": "minute",
    "min": "minute", "second": "second", "sec": "second",
    **dict.fromkeys(("week", "weekno", "week_number", "weeknum", "isoweek", "iso_week", "kw", "wk"), "week"),
}  # fmt: skip
_FIELDS = {
    "year": "Y",
    "quarter": "q",
    "month": "m",
    "day": "d",
    "hour": "H",
    "minute": "M",
    "second": "S",
    "week": "V",
}
_SECONDS = {"hour": 3600, "minute": 60, "second": 1}
_MOST = {"hour": 24, "minute": 59, "second": 60}  # hours may be counted from 1 to 24; 24 is the next midnight


def time_part(name: str) -> str | None:
    """The part of a date that a column of this name holds, such as `hour` for `hr`; None if it names no part."""
    return _PARTS.get(name.strip().lower())


def numbers_of(column: pd.Series) -> NDArray[np.float64] | None:
    """The numbers of a column of numbers or of text, `(rows,)`; None if a cell is no number."""
    if column.dtype.kind not in "iuf" and not pd.api.types.is_numeric_dtype(column):
        text = column.astype("string")
        if not text.str.fullmatch(r"\s*\d{1,9}(?:\.\d*)?\s*").fillna(False).all():
            return None
        column = pd.to_numeric(text)
    numbers: NDArray[np.float64] = column.to_numpy(np.float64, na_value=np.nan)
    return numbers if np.isfinite(numbers).all() else None


def from_parts(columns: Mapping[str, pd.Series]) -> Times | None:
    """Assembles years, quarters, months, weeks, days, hours, ... of columns with such names, in any order.

    Beside a month and a day, a quarter or a week says nothing new. A week has a day in the month beside it.

    Returns:
        Times in microseconds, `(rows,)`; None if the columns are not all such parts, or no numbers.

    Raises:
        UserError: A row is no date, such as 30 February; a week lies in another month; two columns hold one part; or a
            day has a week, but no month.
    """
    names = [time_part(name) for name in columns]
    parts = {name: numbers_of(column) for name, column in zip(names, columns.values(), strict=True) if name}
    if "year" not in parts or None in names or any(numbers is None for numbers in parts.values()):
        return None
    if len(parts) < len(names):
        raise UserError("time_col", ",".join(columns), "names one part of the time twice; name each once")
    fields = {}
    for name, numbers in parts.items():
        assert numbers is not None
        fields[_FIELDS[name]] = np.where(numbers == np.rint(numbers), numbers, -1).astype(np.int64)
    if "V" in fields and "d" in fields:
        if "m" not in fields:
            raise UserError("time_col", ",".join(columns), "a day beside a week needs a month; name its column, too")
        del fields["V"]
    if "V" in fields:
        fields["G"] = fields["Y"]
    times = assembled(fields)
    if "V" in fields and "m" in fields:  # the year of an ISO week is not that of its month at the turn of a year
        ends = [(times + np.timedelta64(days, "D")).astype("datetime64[M]").astype(np.int64) for days in (0, 6)]
        times[np.all([end % 12 + 1 != fields["m"] for end in ends], axis=0)] = np.datetime64("NaT")
    for letter in set("HMS") & set(fields):
        times[fields[letter] < 0] = np.datetime64("NaT")
    if np.isnat(times).any():
        bad = int(np.isnat(times).argmax())
        shown = " ".join(f"{numbers[bad]:g}" for numbers in parts.values() if numbers is not None)
        raise UserError(
            "time_col", ",".join(columns), f"cannot read {shown!r} in row {bad + 1} as a time; mend the row"
        )
    return times


def durations(label: str, columns: Mapping[str, pd.Series]) -> NDArray[np.int64] | None:
    """The microseconds since midnight of columns of hours, minutes and seconds; None if they are no such columns.

    Raises:
        UserError: An hour is above 24, a minute above 59, or a second above 60; or one of them is below 0.
    """
    total = np.zeros(0)
    for name, column in columns.items():
        part, numbers = time_part(name), numbers_of(column)
        if part not in _SECONDS or numbers is None:
            return None
        if part == "hour" and len(columns) == 1 and _are_clocks(numbers):
            numbers = numbers // 100 + numbers % 100 / 60
        bad = (numbers < 0) | (numbers > _MOST[part])
        if bad.any():
            row = int(bad.argmax())
            remedy = f"row {row + 1} of {name} holds {numbers[row]:g}; give 0 to {_MOST[part]}"
            raise UserError("time_col", label, remedy)
        total = total + numbers * _SECONDS[part] if len(total) else numbers * _SECONDS[part]
    return np.rint(total * 1e6).astype(np.int64)


def clock_texts(columns: Sequence[pd.Series]) -> list[pd.Series]:
    """Writes clocks such as 30 and 1930, of a column of whole numbers that lost its zeros, as 0030 and 1930."""
    last = columns[-1]
    numbers = numbers_of(last) if pd.api.types.is_numeric_dtype(last) else None
    if numbers is None or not _are_clocks(numbers):
        return list(columns)
    padded = pd.Series([f"{int(number):04d}" for number in numbers], index=last.index, dtype=object)
    return [*columns[:-1], padded]


def _are_clocks(numbers: NDArray[np.float64]) -> bool:
    """Whether numbers are clocks without a mark, such as 1930."""
    whole = (numbers >= 0) & (numbers <= 2400) & (numbers == np.rint(numbers)) & (numbers % 100 < 60)
    return bool(whole.all() and len(numbers) and numbers.max() >= 100)
