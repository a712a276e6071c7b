"""The dialect of a CSV file: comments, marks such as `sep=;`, and the delimiter, inferred from the first lines."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from segue.forecasting.table.files.shape import Shape, split

DELIMITERS = ",;\t|"
COMMENT = "#"

_SEPARATOR = re.compile(r'"?sep=(.|\\t)"?\s*', re.IGNORECASE)  # a mark for spreadsheets, which Excel writes
_MOST = 0.9  # the share of rows that have one number of cells; the others are footers, remarks or mistakes
_BLANK = f' "\r\n{DELIMITERS}'  # what a row of empty cells is made of
_LINES, _FEW_LINES, _CHARACTERS = 200, 20, 1 << 20
"""The first lines to look at: 200, but only 20 where they hold more than a million characters."""


@dataclass(frozen=True)
class Start:
    """The lines at the start of a file.

    Attributes:
        before: The number of lines above the first row: blank lines, comments, a mark, or lines that the user skips.
        comments: The comments among these lines.
        delimiter: The sign between cells.
        shape: The first rows.
    """

    before: int
    comments: tuple[str, ...]
    delimiter: str
    shape: Shape


def lines_of(text: bytes, comment: str | None) -> Iterator[str]:
    """The lines of a text in UTF-8 with their ends; a comment becomes a blank line, which keeps line numbers right."""
    lines = io.TextIOWrapper(io.BytesIO(text), encoding="utf-8", newline="")
    if comment is None:
        return iter(lines)
    return ("\n" if line.lstrip().startswith(comment) else line for line in lines)


def read_start(lines: Iterator[str], skip_rows: int | None) -> Start:
    """Reads the first lines of a file.

    Args:
        lines: All lines, from the first one.
        skip_rows: How many lines the user leaves out; by default comments at the top are left out.

    Raises:
        ValueError: There is no line that is not blank.
    """
    before, comments, delimiter = 0, [], None
    sample: list[str] = []
    for line in lines:
        word = line.strip(_BLANK)
        mark = _SEPARATOR.fullmatch(line.strip("\r\n ")) if not delimiter else None
        if before < (skip_rows or 0) or not word:
            before += 1
        elif mark:
            before, delimiter = before + 1, mark[1].replace("\\t", "\t")
        elif skip_rows is None and line.lstrip().startswith(COMMENT):
            before += 1
            comments.append(line.strip())
        else:
            sample = _sample(line, lines)
            break
    if not sample:
        raise ValueError(
            "it is empty" if not (skip_rows or comments) else "it holds no row below the lines that are left out"
        )
    candidates = {mark: shape for mark in (delimiter or DELIMITERS) if (shape := _split(sample, mark, before))}
    if not candidates:
        raise ValueError(f"it holds cells of more than {csv.field_size_limit()} characters")
    best = max(
        candidates,
        key=lambda mark: (candidates[mark].width > 1, _quotes_fit(sample, mark), *_merit(mark, candidates[mark])),
    )
    if not candidates[best].rows:
        raise ValueError("it is empty")
    return Start(before, tuple(comments), best, candidates[best])


def _split(sample: list[str], delimiter: str, before: int) -> Shape | None:
    try:
        return split(sample, delimiter, before)
    except csv.Error:  # a whole line is one cell, or a quote is never closed: this is not the delimiter
        return None


def _sample(first: str, lines: Iterator[str]) -> list[str]:
    sample, characters = [first], len(first)
    for line in islice(lines, _LINES - 1):
        sample.append(line)
        characters += len(line)
        if characters > _CHARACTERS and len(sample) >= _FEW_LINES:
            break
    return sample


def _quotes_fit(sample: list[str], delimiter: str) -> bool:
    """Whether each quote that closes stands before a delimiter or the end of a line."""
    try:
        for _ in csv.reader(sample, delimiter=delimiter, skipinitialspace=True, strict=True):
            pass
    except csv.Error as error:
        return "unexpected end" in str(error)  # the sample ends within a cell
    return True


def _merit(mark: str, shape: Shape) -> tuple[bool, bool, int, float, int]:
    """Measures how well a delimiter fits, the most significant trait first.

    Returns:
        Whether all columns have names; whether the delimiter is not a comma and stands equally often in nearly all rows
        (commas in decimals and dates do so, too); the number of columns of values; the share of rows that fit; and the
        number of columns.
    """
    width, rows = shape.width, shape.rows
    named = any(row.reach >= width for row in rows[: max(shape.first, 1)])
    cells = [len(row.cells) for row in rows[len(rows) // 2 :]]
    most = max(cells, key=cells.count, default=1)
    equal = mark != "," and most > 1 and cells.count(most) >= _MOST * len(cells)
    fitting = sum(row.reach <= width for row in rows) / max(len(rows), 1)
    return named, equal, shape.plain, fitting, width
