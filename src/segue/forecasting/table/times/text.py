"""Times that are text: one form for the whole column, read without a guess."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from segue.forecasting.table.frequency import DAY, Times
from segue.forecasting.table.times.cells import Cells
from segue.forecasting.table.times.century import CENTURY_REMEDY, full_years
from segue.forecasting.table.times.fields import Fields, assembled, extract, matches
from segue.forecasting.table.times.order import Reading, most_regular
from segue.forecasting.table.times.shapes import MONTH_YEAR, SHAPES, YEAR_MONTH, YEAR_OF_TWO_MONTH, Shape

_SAMPLE = 100  # texts that show which form a column has
_FIRST_YEAR = 1000  # an earlier year in text is rather another number
_FORMAT = "name the format with `time_format`, for example '%d.%m.%Y %H:%M'"
_REMEDIES = (
    (r"\d{1,2}[:.]\d{2}.*|\d{1,2} ?[ap]m", "a clock needs a date; name both columns with `time_col`, such as date,hour"),
    (r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*", "it holds no date; name a column of dates with `time_col`"),
    (r"[a-z]{3,9}\.?[- /]?\d{1,2}|\d{1,2}\.?[- /]?[a-z]{3,9}|\d{1,2}[-/. ]\d{1,2}\.?",
     "it may lack a year; add the year, or name the format with `time_format`, such as '%y-%b'"),
    (r".*\p{L}{3}.*\d.*|.*\d.*\p{L}{3}.*", "write months in English or as numbers, or name the format with `time_format`"),
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
    for shape in _all_shapes():
        found = int(matches(sample, shape.pattern).sum())
        if found > merit:
            best, merit = shape, found
        if found == len(sample) and (times := _read(shape, cells)) is not None:
            return times
    raise _unread(best, cells)


def _all_shapes() -> Iterator[Shape]:
    yield SHAPES[0]
    yield from (YEAR_MONTH, MONTH_YEAR, YEAR_OF_TWO_MONTH)
    yield from SHAPES[1:]


def _read(shape: Shape, cells: Cells) -> Times | None:
    """Reads all texts in one form; None if one of them has another form."""
    fields, fits = extract(cells.texts, shape.pattern)
    if not fits.all():
        return None
    if shape is MONTH_YEAR and _are_days(fields, cells):
        raise cells.refuse(0, _REMEDIES[2][1])
    if shape is YEAR_OF_TWO_MONTH and fields["y"].max() <= 31:
        raise cells.refuse(0, _REMEDIES[2][1])
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
            raise cells.refuse(0, CENTURY_REMEDY)
        closest = max(readings, key=lambda reading: int((~np.isnat(reading.times)).sum()))
        raise cells.refuse(int(np.isnat(closest.times).argmax()), f"there is no such time; mend the row, or {_FORMAT}")
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


def _are_days(fields: Fields, cells: Cells) -> bool:
    """Whether a month and two digits, such as Jan 30, Jan 31, may be days: most follow each other, or Jan 15, Feb 15."""
    if len(cells.texts) < 2 or fields["y"].max() > 31:
        return False
    days = np.unique(assembled({"Y": np.full_like(fields["y"], 2024), "b": fields["b"], "d": fields["y"]}))
    if np.isnat(days).any():
        return False
    daily = (np.diff(days).astype(np.int64) == DAY).mean() > 0.5
    return bool(daily or (len(np.unique(fields["y"])) == 1 and " " in cells.texts[0].as_py()))


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
