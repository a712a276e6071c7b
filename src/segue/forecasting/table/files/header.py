"""The names of a CSV file's columns: which line holds them, what stands above and below it, and what they are."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from segue.errors import UserError
from segue.forecasting.table.files.dialect import COMMENT, Start
from segue.forecasting.table.files.names import distinct_names, holds_values, is_value
from segue.forecasting.table.files.shape import Row, Shape, begins_as_value, split, unknown

_MOST_VALUES = 5
"""The most lines with values above the names, such as `Created,2024-01-05`. More of them could be rows."""
_RULE = re.compile(r":?[-=]{2,}:?(\+[-=]+)*")  # the line below the names in text tables of databases and of Markdown
_UNIT = re.compile(  # units, and types of data
    r"[(\[].*[)\]]|[kMGm]?(W|Wh|Pa|A|V|g|m|l)|[cm]m|km/h|m/s|h|s|min|d|t|K|C|°[CF]?|%|hPa|k?bar|ppm|ppb|mm/h|"
    r"EUR|USD|GBP|CHF|€|\$|£|UTC|iso8601|.*/.*|.*[²³µ°%].*|m[23]|pieces|units?|count|"
    r"date|(date)?time(stamp)?(:.*)?|(big)?int(eger)?\d*|long|double|float\d*|number|numeric|decimal|bool(ean)?|str(ing)?|"
    r"text|object",
)


@dataclass(frozen=True)
class Header:
    """The names of the columns.

    Attributes:
        names: A distinct name for each column up to the last one that has a name; see `distinct_names`.
        cells: The cells as they stand in the file; a row of the same cells is the header again.
        line: The line on which the names stand, counted from 1.
        end: The number of lines up to the last one that belongs to the header.
        notes: What was left out above and below the names.
    """

    names: tuple[str, ...]
    cells: tuple[str, ...]
    line: int
    end: int
    notes: tuple[str, ...]


def read_header(start: Start, known: Collection[str], skip_rows: int | None, file: str) -> Header:
    """Infers which of the first rows holds the names.

    Rows of values show which columns hold values. The rows above the first row of values are names, titles, units or
    remarks. The one of these rows that is as wide as the rows of values holds the names.

    Args:
        start: The first lines of the file.
        known: Names that the user gives, and customary ones: they show which of several rows holds the names.
        skip_rows: How many lines the user leaves out. If given, the first row after them holds the names.
        file: The name of the file in notes.

    Raises:
        UserError: Several rows could hold the names.
        ValueError: There is no row of names.
    """
    shape = start.shape
    rows = shape.rows
    if skip_rows is not None:
        if holds_values(rows[0].cells):
            remedy = f"line {rows[0].line} holds values, not names; give the number of lines above the header"
            raise UserError("skip_rows", skip_rows, remedy)
        return _header(start, 0, _last_text(shape, 1), [], file)
    _refuse_second(shape)
    first, last = _run_of_text(shape)
    if not any(row.reach >= shape.width for row in rows[first:last]):
        index = _widest(shape)
        commented = _commented(start, file) if holds_values(rows[index].cells) else None
        return commented or _header(start, index, index + 1, rows[:index], file)
    joined = _levels(shape, rows[first:last])
    if joined is not None:
        return _header(start, first + joined[0], last, rows[: first + joined[0]], file, joined[1])
    index = first + _choose(shape, rows[first:last], known)
    return _header(start, index, last, rows[:index], file)


def _run_of_text(shape: Shape) -> tuple[int, int]:
    """The last rows of text above the first row of values, up to a row of another kind or a blank line."""
    rows = shape.rows
    last = max((index + 1 for index in range(shape.first) if _text(shape, rows[index])), default=0)
    first = last
    while first > 0 and _text(shape, rows[first - 1]):
        blank = first < last and rows[first - 1].end + 1 < rows[first].line
        if blank and any(row.reach >= shape.width for row in rows[first:last]):
            break
        first -= 1
    return first, last


def _widest(shape: Shape) -> int:
    """The row above the first row of values that has a name for each column; else the one with most names.

    If only titles stand above the first row of values, and that row has no number or date, it holds the names. Such
    names begin with digits, as in `date,2m temperature`.
    """
    rows = shape.rows[: max(shape.first, 1)]
    titles = shape.width > 1 and all(row.filled == 1 for row in rows)
    if titles and shape.first < len(shape.rows) and not any(map(is_value, shape.rows[shape.first].cells)):
        return shape.first
    return max(range(len(rows)), key=lambda index: (min(rows[index].reach, shape.width), -index))


def _text(shape: Shape, row: Row) -> bool:
    """Whether a row has text and no value in the columns of values."""
    return shape.agreement(row) == (False, True)


def _refuse_second(shape: Shape) -> None:
    """Refuses rows of values above a line that could hold the names of the rows below that line."""
    seen = {row.cells for row in shape.rows[: shape.first]}
    for row, below in zip(shape.rows[shape.first :], shape.rows[shape.first + 1 :], strict=False):
        names = row.reach >= shape.width > 1 and shape.texts(row) > 1 and _text(shape, row)
        if names and row.cells not in seen and shape.agreement(below) == (True, False):
            remedy = f"line {row.line} holds text where the rows hold values; give {row.line - 1} if it holds the names"
            raise UserError("skip_rows", "(not given)", f"{remedy}, else remove it")


def _last_text(shape: Shape, index: int) -> int:
    """The end of the rows of text from `index` on."""
    while index < shape.first and _text(shape, shape.rows[index]):
        index += 1
    return index


def _choose(shape: Shape, rows: Sequence[Row], known: Collection[str]) -> int:
    """The index of the row of names among rows of text, of which at least one is as wide as the rows of values."""
    wide = [index for index, row in enumerate(rows) if row.reach >= shape.width]
    full = [index for index in wide if rows[index].filled >= max(shape.width - 1, min(shape.width, 2))] or wide
    named = [index for index in full if not all(_UNIT.fullmatch(cell) for cell in rows[index].cells if cell)] or full
    familiar = [index for index in named if {cell.lower() for cell in rows[index].cells} & set(known)]
    for found in (full, named, familiar):
        if len(found) == 1:
            return found[0]
    choices = [f"{rows[index].line - 1} for the names {shape.written(rows[index].cells)!r}" for index in named[:3]]
    raise UserError("skip_rows", "(not given)", f"several lines could hold the names; give {' or '.join(choices)}")


def _levels(shape: Shape, rows: Sequence[Row]) -> tuple[int, tuple[str, ...]] | None:
    """Joins the names of pandas tables whose columns have several levels: `Close` and `AAPL` become `Close/AAPL`.

    Below the levels stands a row with the names of the index alone: its first cells are filled, all others are empty.

    Returns:
        The index of the first level among the rows, and the names; None if the rows are no such levels.
    """
    index = rows[-1].reach
    levels = [row for row in rows[:-1] if row.reach >= shape.width]
    if (
        len(levels) < 2
        or rows[-1].filled != index
        or index >= shape.width
        or levels != list(rows[-1 - len(levels) : -1])
    ):
        return None
    distinct = [row for row in levels if len(set(row.cells[index:])) > 1] or levels[:1]
    columns = range(index, max(row.reach for row in levels))
    joined = ["/".join(row.cells[column] for row in distinct if column < len(row.cells)) for column in columns]
    return len(rows) - 1 - len(levels), (*rows[-1].cells[:index], *joined)


def _commented(start: Start, file: str) -> Header | None:
    """The header `# ds,y` of a file whose first row below it holds values, as numpy writes it."""
    if not start.comments:
        return None
    text = start.comments[-1].lstrip(COMMENT)
    row = split([text], start.delimiter).rows
    if not row or row[0].reach < start.shape.width or holds_values(row[0].cells):
        return None
    notes = _left_out(list(start.comments[:-1]), "above the header", file)
    return Header(distinct_names(row[0].cells)[0], row[0].cells, start.before, start.before, notes)


def _header(
    start: Start, index: int, last: int, above: Sequence[Row], file: str, names: tuple[str, ...] | None = None
) -> Header:
    shape, rows = start.shape, start.shape.rows
    row, last = rows[index], max(last, index + 1)
    while last < len(rows) and all(_RULE.fullmatch(cell) for cell in rows[last].cells if cell):
        last += 1
    _refuse_values(row, above)
    if sum(begins_as_value(cell) for line in above for cell in line.cells[:1]) > _MOST_VALUES:
        remedy = f"lines above the names in line {row.line} could be rows; give {row.line - 1} to leave them out"
        raise UserError("skip_rows", "(not given)", remedy)
    lines = [*start.comments, *(shape.written(line.cells) for line in above)]
    units = [] if names else [line.cells for line in rows[index + 1 : last] if not all(map(unknown, line.cells))]
    below = [shape.written(cells) for cells in units]
    distinct, doubles = distinct_names(names or row.cells[: row.reach])
    levels = (f"the names of {file} are made of lines {row.line} to {rows[last - 1].line}",) if names else ()
    notes = (*_left_out(lines, "above the header", file), *_left_out(below, "below the names", file), *levels, *doubles)
    return Header(distinct, row.cells, row.line, rows[last - 1].end, notes)


def _left_out(lines: list[str], where: str, file: str) -> tuple[str, ...]:
    if not lines:
        return ()
    count = "1 line" if len(lines) == 1 else f"{len(lines)} lines"
    shown = ", ".join(repr(line[:60]) for line in lines[:3]) + (" ..." if len(lines) > 3 else "")
    return (f"{count} {where} of {file} {'was' if len(lines) == 1 else 'were'} left out: {shown}",)


def _refuse_values(row: Row, above: Sequence[Row] = ()) -> None:
    if holds_values([cell for cell in row.cells if cell]):
        narrow = (
            f"line {above[-1].line} has {above[-1].reach} names and line {row.line} {row.reach} cells" if above else ""
        )
        raise ValueError(f"{narrow or 'its first line holds values, not names'}: add a header line")
