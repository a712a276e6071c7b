"""The shape of a table's first lines: how far its rows reach, and which columns hold values."""

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

_VALUE = re.compile(r"[-+−<>~'\s$€£¥]*[.,]?\d|\([$€£\d.,\s]+\)")
_PLAIN = re.compile(r"[-+−$€£¥]?[\d.,:/'\s%+TZ-]*\d[\d.,:/'\s%+TZ€$-]*")
_UNKNOWN = re.compile(r"[\W_]*|n\.?/?a\.?n?|<na>|null|none|nil|missing", re.IGNORECASE)
_COLUMNS = 50
"""Columns whose cells are looked at: the first ones show what the rows are, and tables may have thousands."""
_MOST = 0.7
"""The share of cells that makes a column one of values: some cells are footers or mistakes."""


@dataclass(frozen=True)
class Row:
    """One row of the first lines of a file.

    Attributes:
        cells: Its cells, without blanks around them.
        line: The line on which it begins, counted from 1.
        end: The line on which it ends; a cell in quotes may hold line ends.
    """

    cells: tuple[str, ...]
    line: int
    end: int

    @cached_property
    def reach(self) -> int:
        """The number of cells up to the last one that is not empty."""
        return reach(self.cells)

    @cached_property
    def filled(self) -> int:
        """The number of cells that are not empty."""
        return sum(map(bool, self.cells))


@dataclass(frozen=True)
class Shape:
    """The rows of the first lines, split at one delimiter.

    Attributes:
        rows: The rows that are not blank.
        delimiter: The sign between cells.
    """

    rows: tuple[Row, ...]
    delimiter: str

    @cached_property
    def width(self) -> int:
        """How far most rows reach; rows of one cell count only where there are no others."""
        counts = Counter(row.reach for row in self.rows if row.reach > 1) or Counter([1])
        return max(counts, key=lambda width: (counts[width], width))

    @cached_property
    def body(self) -> tuple[Row, ...]:
        """The second half of the rows: names are not among them unless there are few."""
        rows = [row for row in self.rows if row.reach > 1 or self.width == 1]
        return tuple(rows[len(rows) // 2 :])

    @cached_property
    def values(self) -> frozenset[int]:
        """The columns whose cells begin as numbers or dates do."""
        return frozenset(self._columns(begins_as_value))

    @cached_property
    def plain(self) -> int:
        """The number of columns that hold plain numbers or dates, which no foreign delimiter interrupts."""
        return len(self._columns(lambda cell: bool(_PLAIN.fullmatch(cell))))

    def _columns(self, fits: Callable[[str], bool]) -> list[int]:
        found = []
        for column in range(min(self.width, _COLUMNS)):
            cells = [row.cells[column] for row in self.body if column < len(row.cells)]
            known = [fits(cell) for cell in cells if not unknown(cell)]
            if known and sum(known) >= _MOST * len(known):
                found.append(column)
        return found

    def _known(self, row: Row) -> list[bool]:
        """Whether each known cell of a row in a column of values begins as a value."""
        cells = [row.cells[column] for column in self.values if column < len(row.cells)]
        return [begins_as_value(cell) for cell in cells if not unknown(cell)]

    def agreement(self, row: Row) -> tuple[bool, bool]:
        """Whether a row has a value in any column of values, and whether it has text in any of them."""
        known = self._known(row)
        return any(known), not all(known)

    def texts(self, row: Row) -> int:
        """The number of texts of a row in columns of values."""
        return self._known(row).count(False)

    def written(self, cells: Sequence[str]) -> str:
        """The beginning of a row as it stands in the file, with the sign between its cells."""
        return self.delimiter.join(cells[: reach(cells)])[:80]

    @cached_property
    def first(self) -> int:
        """The index of the first row with values, and no text, in the columns of values; else the number of rows."""
        for index, row in enumerate(self.rows):
            if row.reach <= self.width and self.agreement(row) == (True, False):
                return index
        return len(self.rows)


def begins_as_value(cell: str) -> bool:
    """Whether a cell begins as a number or a date does."""
    return bool(_VALUE.match(cell))


def unknown(cell: str) -> bool:
    """Whether a cell is empty, has no letter and no digit, or is a common word for a missing value."""
    return bool(_UNKNOWN.fullmatch(cell))


def reach(cells: Sequence[str]) -> int:
    """The number of cells up to the last one that holds more than blanks."""
    return next((index for index in range(len(cells), 0, -1) if cells[index - 1].strip()), 0)


def split(lines: Iterable[str], delimiter: str, before: int = 0) -> Shape:
    """Splits lines into rows, without the blank ones; `before` is the number of lines above them."""
    return Shape(tuple(row for row in _rows(lines, delimiter, before) if row.filled), delimiter)


def _rows(lines: Iterable[str], delimiter: str, before: int) -> Iterator[Row]:
    reader, line = csv.reader(lines, delimiter=delimiter, skipinitialspace=True), 0
    for cells in reader:
        yield Row(tuple(cell.strip() for cell in cells), before + line + 1, before + reader.line_num)
        line = reader.line_num
