"""Times that are text: one form for the whole column, read without a guess."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from segue.errors import UserError
from segue.forecasting.table.grid.calendar import regularity
from segue.forecasting.table.grid.frequency import DAY, Times
from segue.forecasting.table.times.cells import Cells
from segue.forecasting.table.times.century import CENTURY_REMEDY, full_years
from segue.forecasting.table.times.fields import Fields, assembled, extract, matches
from segue.forecasting.table.times.order import Reading, most_regular
from segue.forecasting.table.times.shapes import MONTH_YEAR, SHAPES, TWO_NUMBERS, YEAR_MONTH, YEAR_OF_TWO_MONTH, Shape

_SAMPLE = 100  # texts that show which form a column has
_FIRST_YEAR = 1000  # an earlier year in text is probably another number
_FORMAT = "name the format with `time_format`, for example '%d.%m.%Y %H:%M'"
_NO_YEAR = "it may lack a year; add the year, or name the format with `time_format`, such as '%y-%b'"
_REMEDIES = (
    (r"\d{1,2}:\d{2}.*|\d{1,2} ?[ap]m", "a clock needs a date; name both columns with `time_col`, such as date,hour"),
    (r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*", "it holds no date; name a column of dates with `time_col`"),
    (r"[a-z]{3,9}\.?[- /]?\d{1,2}|\d{1,2}\.?[- /]?[a-z]{3,9}|\d{1,2}[-/. ]\d{1,2}\.?",
     _NO_YEAR),
    (r"[+-]?inf(?:inity)?", "drop the row"),
    (r".*\p{L}{3}.*\d.*|.*\d.*\p{L}{3}.*",
     "write months in English or as numbers, or name the format with `time_format`"),
)  # fmt: skip


def read_text(cells: Cells) -> Times:
    """Reads the time of each distinct text; all of them have one form.

    Returns:
        Times in microseconds, `(texts,)`. Fiscal years such as 2000/01 are not read here.

    Raises:
        UserError: A text is no time, or the column has two readings.
    """
    sample = cells.texts.slice(0, _SAMPLE)
    best, merit = None, 0
    error: UserError | None = None
    for shape in _all_shapes():
        found = int(matches(sample, shape.pattern).sum())
        if found > merit:
            best, merit = shape, found
        if found == len(sample):
            read = _read(shape, cells)
            if not isinstance(read, UserError | None):
                return read
            error = error or read
    raise error or _unread(best, cells)


def _all_shapes() -> Iterator[Shape]:
    yield SHAPES[0]
    yield from (YEAR_MONTH, MONTH_YEAR, YEAR_OF_TWO_MONTH, TWO_NUMBERS)
    yield from SHAPES[1:]


def _read(shape: Shape, cells: Cells) -> Times | UserError | None:
    """Reads all texts in one form; None if one of them has another form, and an error if one of them is no time."""
    fields, fits = extract(cells.texts, shape.pattern)
    if not fits.all():
        return None
    if _may_be_days(shape, fields, cells):
        return cells.refuse(0, _NO_YEAR)
    readings, ambiguous = [], False
    for order in shape.orders:
        ordered = _ordered(fields, order)
        if "y" in ordered:
            years = full_years(ordered["y"], cells)
            ambiguous |= years is None
            ordered["Y"] = ordered["y"] + 2000 if years is None else years
            if years is None and not np.isnat(assembled(ordered)).any():
                continue
        times = assembled(ordered, _FIRST_YEAR)
        form = "".join(f"%{letter}" for letter in order)
        readings.append(Reading(times, form, order in shape.unusual))
    complete = [reading for reading in readings if reading.complete]
    if not complete:
        if ambiguous:
            return cells.refuse(0, CENTURY_REMEDY)
        closest = max(readings, key=lambda reading: int((~np.isnat(reading.times)).sum()))
        return cells.refuse(int(np.isnat(closest.times).argmax()), f"there is no such time; mend the row, or {_FORMAT}")
    return most_regular(_with_separators(complete, cells), cells).times


def _ordered(fields: Fields, order: str) -> Fields:
    """Gives the groups `A`, `B`, `C` their meaning."""
    letters = dict(zip("ABC", order, strict=False))
    return {letters.get(name, name): values for name, values in fields.items()}


def _with_separators(readings: list[Reading], cells: Cells) -> list[Reading]:
    """Writes the format of each reading with the separators and the clock of the first text."""
    text = cells.texts[0].as_py()
    marks = [mark for mark in text if mark in "-/. "]
    mark = marks[0] if marks else ""
    clock = " %H:%M:%S" if text.count(":") > 1 else " %H:%M" if ":" in text else ""
    return [
        Reading(reading.times, mark.join(reading.form[at : at + 2] for at in (0, 2, 4)) + clock, reading.unusual)
        for reading in readings
    ]


def _may_be_days(shape: Shape, fields: Fields, cells: Cells) -> bool:
    """Whether the two digits beside a month, such as in Jan 30, Jan 31, may be days rather than years."""
    if shape is TWO_NUMBERS:
        return bool(max(fields["A"].max(), fields["B"].max()) <= 31)
    if shape is YEAR_OF_TWO_MONTH:
        return bool(fields["y"].max() <= 31)
    if shape is not MONTH_YEAR or fields["y"].max() > 31:
        return False
    if len(cells.texts) < 2:
        return " " in cells.texts[0].as_py()
    days = np.unique(assembled({"Y": np.full_like(fields["y"], 2024), "b": fields["b"], "d": fields["y"]}))
    if np.isnat(days).any():
        return False
    years = np.unique(assembled({"Y": 2000 + fields["y"], "b": fields["b"]}))
    daily = (
        np.diff(days).astype(np.int64) == DAY
    ).mean() > 0.5  # Jan-15, Feb-15 are months, Jan 15, Feb 15 may be days
    merits = regularity(days), regularity(years)
    return merits[0] > merits[1] or (merits[0] == merits[1] and bool(daily or " " in cells.texts[0].as_py()))


def _unread(shape: Shape | None, cells: Cells) -> Exception:
    fits: NDArray[np.bool_] = np.zeros(len(cells.texts), bool)
    if shape is not None:
        fits = matches(cells.texts, shape.pattern)
    bad = int((~fits).argmax())
    if shape is not None and fits.any():
        seen = cells.texts[int(fits.argmax())].as_py()
        return cells.refuse(bad, f"others look like {seen!r}; mend the row, or {_FORMAT}")
    one = pa.array([cells.texts[bad].as_py()])
    return cells.refuse(bad, next((remedy for pattern, remedy in _REMEDIES if matches(one, pattern)[0]), _FORMAT))
