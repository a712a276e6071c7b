"""From the rows of a CSV file to columns of text. Cells are counted, so none is dropped or moved silently."""

import csv
from collections.abc import Iterator, Sequence
from itertools import chain, islice

import pyarrow as pa

from segue.errors import UserError
from segue.forecasting.table.files.dialect import COMMENT, Start
from segue.forecasting.table.files.footer import Footer, footer_note
from segue.forecasting.table.files.header import Header
from segue.forecasting.table.files.shape import begins_as_value, reach

_ROWS, _CELLS = 1_000, 1_000_000
"""The most rows and cells that are turned into columns at a time.

A million rows of three cells take 1.4 s with 1,000 rows at a time, and 2.5 s with 20,000, since fewer rows stay in the
cache of the processor. The number of cells bounds wide rows.
"""


class Cells:
    """Collects the columns of a table from chunks of rows, and notes on the rows for the user.

    Args:
        header: The names of the columns.
        start: The first lines, which show what columns hold.
        comments: Whether rows that begin with `#` are comments, because the first cell of no other row is text.
        file: The name of the file in errors and notes.
    """

    def __init__(self, header: Header, start: Start, comments: bool, file: str) -> None:
        self._header, self._comments, self._file = header, comments, file
        self._delimiter, self._shape = start.delimiter, start.shape
        self._footer = Footer(start.shape, header.end)
        self._width = len(header.names)
        self._chunks: list[list[pa.Array]] = []
        self._short, self._first_short, self._remarks, self._repeated = 0, 0, 0, 0
        self._foot: tuple[str, ...] = ()

    def read(self, lines: Iterator[str]) -> None:
        """Reads the rows below the header; `lines` are all lines of the file.

        Raises:
            UserError: A row has more cells than there are names, or a quote is not closed.
        """
        size = max(1, min(_ROWS, _CELLS // self._width))
        below = islice(lines, self._header.end, None)
        reader = csv.reader(below, delimiter=self._delimiter, skipinitialspace=True, strict=True)
        pending: list[list[str]] = []
        line = start = self._header.end + 1
        try:
            while rows := list(islice(reader, size)):
                if pending and len(rows) == size:  # the last rows are kept back, because they may be a footer
                    self._add(pending, start, line)
                    pending, start = rows, line
                else:
                    pending += rows
                line = self._header.end + reader.line_num + 1
        except csv.Error as error:
            raise self._not_closed(error, self._header.end + reader.line_num) from error
        last = self._footer.begin(pending)
        self._foot = footer_note(pending[last:], self._shape, self._file)
        self._add(pending[:last], start, line)

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes on the rows for the user."""
        notes = []
        if self._short:
            rows = "1 row has" if self._short == 1 else f"{self._short} rows have"
            line = f"{'in' if self._short == 1 else 'the first in'} line {self._first_short}"
            notes.append(
                f"{rows} fewer cells than the {self._width} names of {self._file}, {line}; the rest is missing"
            )
        for count, kind in ((self._remarks, f"begin with {COMMENT}"), (self._repeated, "repeat the header")):
            if count:
                notes.append(f"lines of {self._file} that {kind} were left out between the rows: {count}")
        return (*notes, *self._foot)

    def columns(self) -> list[pa.ChunkedArray]:
        """The columns, of all rows that were read."""
        return [pa.chunked_array([chunk[index] for chunk in self._chunks], pa.string()) for index in range(self._width)]

    def _add(self, rows: list[list[str]], line: int, end: int) -> None:
        """Turns rows into columns; the rows stand within the lines from `line` to `end`."""
        width = self._width
        remarks = self._comments and any(row and row[0].startswith(COMMENT) for row in rows)
        if end - line > len(rows) or remarks or list(self._header.cells) in rows or set(map(len, rows)) != {width}:
            rows = list(self._even(rows, line))
        flat = list(chain.from_iterable(rows))
        if rows:
            self._chunks.append([pa.array(flat[index::width], pa.string()) for index in range(width)])

    def _even(self, rows: list[list[str]], line: int) -> Iterator[list[str]]:
        """Yields rows of one width, without blank rows, comments and copies of the header."""
        width = self._width
        for row in rows:
            cells = reach(row)
            if self._comments and cells and row[0].startswith(COMMENT):
                self._remarks += 1
            elif cells and [cell.strip() for cell in row[: len(self._header.cells)]] == list(self._header.cells):
                self._repeated += 1
            elif cells > width:
                raise self._too_wide(row, cells, line)
            elif cells:
                if len(row) < width:
                    self._short += 1
                    self._first_short = self._first_short or line
                yield row[:width] + [""] * (width - len(row))
            ends = sum(cell.count("\n") or cell.count("\r") for cell in row)
            if ends and any(self._is_row(part) for cell in row for part in cell.splitlines()):
                raise self._not_closed(None, line)
            line += 1 + ends

    def _is_row(self, text: str) -> bool:
        """Whether a part of a cell is a row of its own. If so, a quote of a later row closed the quote of this cell."""
        cells = text.split(self._delimiter)
        values = [cells[column] for column in self._shape.values if column < len(cells)]
        return 1 < self._width <= len(cells) and bool(values) and all(map(begins_as_value, values))

    def _too_wide(self, row: Sequence[str], cells: int, line: int) -> UserError:
        names = "1 name" if self._width == 1 else f"{self._width} names"
        fault = f"line {line} has {cells} cells, but the header in line {self._header.line} has {names}"
        remedy = f"name each column, or quote cells with {self._delimiter!r}; `skip_rows` and `comment` leave out lines"
        return UserError("file", self._file, f"{fault}; {remedy}")

    def _not_closed(self, error: csv.Error | None, line: int) -> UserError:
        if "field larger" in str(error):
            fault = f"a cell near line {line} has more than {csv.field_size_limit()} characters"
        else:
            fault = f"line {line} has a quote that is not closed, or one within a cell in quotes"
        return UserError("file", self._file, f"{fault}; double each quote that belongs to a text, or remove it")
