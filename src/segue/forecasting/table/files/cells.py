"""From the rows of a CSV file to columns of text: each row's cells are counted, none is dropped or moved in silence."""

import csv
from collections.abc import Iterator, Sequence
from itertools import chain, islice

import pyarrow as pa

from segue.errors import UserError
from segue.forecasting.table.files.dialect import COMMENT
from segue.forecasting.table.files.footer import Footer, footer_note
from segue.forecasting.table.files.header import Header
from segue.forecasting.table.files.shape import reach

_ROWS, _CELLS = 1_000, 1_000_000
"""Rows turned into columns at a time. Of a million rows of three cells, 1,000 at a time take 1.4 s, 20,000 take 2.5 s
(the cells stay in the cache of the processor); rows of thousands of cells are bounded by their cells."""


class Cells:
    """Collects the columns of a table from chunks of rows, and what a user should know of the rows.

    Args:
        header: The names of the columns.
        footer: Decides which of the last rows are no rows of the table.
        comments: Whether rows that begin with `#` are comments, because no other row's first cell is a text.
        file: The name of the file in errors and notes.
    """

    def __init__(self, header: Header, footer: Footer, comments: bool, file: str) -> None:
        self._header, self._footer, self._comments, self._file = header, footer, comments, file
        self._width = len(header.names)
        self._chunks: list[list[pa.Array]] = []
        self._short, self._first_short, self._remarks, self._repeated = 0, 0, 0, 0
        self._foot: tuple[str, ...] = ()

    def read(self, lines: Iterator[str], delimiter: str) -> None:
        """Reads the rows below the header, of which `lines` has all lines of the file.

        Raises:
            UserError: A row has more cells than there are names, or a quote is not closed.
        """
        size = max(1, min(_ROWS, _CELLS // self._width))
        reader = csv.reader(
            islice(lines, self._header.end, None), delimiter=delimiter, skipinitialspace=True, strict=True
        )
        pending: list[list[str]] = []
        line = start = self._header.end + 1
        try:
            while rows := list(islice(reader, size)):
                if pending and len(rows) == size:  # the last rows are kept back, for a footer may end them
                    self._add(pending, start)
                    pending, start = rows, line
                else:
                    pending += rows
                line = self._header.end + reader.line_num + 1
        except csv.Error as error:
            raise self._not_closed(error, self._header.end + reader.line_num) from error
        last = self._footer.begin(pending)
        self._foot = footer_note(pending[last:], self._file)
        self._add(pending[:last], start)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know of the rows."""
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

    def _add(self, rows: list[list[str]], line: int) -> None:
        width = self._width
        remarks = self._comments and any(row and row[0].startswith(COMMENT) for row in rows)
        if remarks or list(self._header.cells) in rows or set(map(len, rows)) != {width}:
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
            line += 1 + sum(cell.count("\n") or cell.count("\r") for cell in row)

    def _too_wide(self, row: Sequence[str], cells: int, line: int) -> UserError:
        names = "1 name" if self._width == 1 else f"{self._width} names"
        remedy = f"line {line} has {cells} cells, the header in line {self._header.line} {names}; "
        remedy += "put a cell that holds the delimiter in quotes, name every column"
        return UserError("file", self._file, f"{remedy}, or leave out lines above the header by `skip_rows`")

    def _not_closed(self, error: csv.Error, line: int) -> UserError:
        if "field larger" in str(error):
            fault = f"a cell near line {line} has more than {csv.field_size_limit()} characters"
        else:
            fault = f"line {line} has a quote within a cell in quotes, or one that is not closed"
        return UserError("file", self._file, f"{fault}; double each quote that belongs to a text, or remove it")
