"""The form of a feed of lines: CSV or JSON, its columns and their roles, settled by the first lines and then kept."""

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import pandas as pd
import pyarrow as pa

from segue.errors import UserError
from segue.forecasting.table.columns.roles import infer_columns
from segue.forecasting.table.files.columns import frame_of_text
from segue.forecasting.table.files.dialect import COMMENT, read_start
from segue.forecasting.table.files.encoding import to_utf8
from segue.forecasting.table.files.header import read_header
from segue.forecasting.table.files.read import FileFormat, known_names
from segue.forecasting.table.layout import Layout
from segue.forecasting.table.rows import table_of

Cells = Sequence[Any]
"""The cells of one row in the order of the names: text of CSV; text, numbers or None of JSON."""


class BadLine(ValueError):
    """A line that is no row; the message says why."""


@dataclass(frozen=True)
class LineForm:
    """How lines become cells, and which columns they are of.

    Attributes:
        delimiter: The sign between cells; empty for lines of JSON.
        names: The names of the columns.
        ids: The columns that name the series.
        times: The columns of times.
        targets: The columns of values.
        encoding: The encoding of the text.
        comment: The mark of lines that are left out; empty for none.
        header: The line of names, which is left out where it comes again.
    """

    delimiter: str
    names: tuple[str, ...]
    ids: tuple[str, ...]
    times: tuple[str, ...]
    targets: tuple[str, ...]
    encoding: str = "utf-8"
    comment: str = ""
    header: str = ""

    @staticmethod
    def of(lines: Sequence[bytes], layout: Layout, form: FileFormat, file: str) -> "tuple[LineForm, int, list[str]]":
        """Settles the form by the first lines, as `segue forecast` reads a file.

        Returns:
            The form, the number of lines up to the end of the header, and notes for the user.

        Raises:
            UserError: The lines are no table, or can be read in several ways.
        """
        encoding = form.encoding or "utf-8"
        try:
            text, notes = to_utf8(b"\n".join(lines), form.encoding, file)
        except ValueError as error:
            if isinstance(error, UserError):
                raise
            raise _no_lines(file, str(error)) from error
        if b"\0" in b"".join(lines):
            raise _no_lines(file, "it is UTF-16")
        if notes:  # not UTF-8, but plain Latin
            encoding = "cp1252"
        texts = text.decode().splitlines(keepends=True)
        first = next((line.lstrip() for line in texts if line.strip()), "")
        if not first:
            raise UserError("file", file, "holds no rows; name a file with a header and at least one row")
        if first.startswith("{"):
            settled, end = LineForm("", (), (), (), (), encoding, form.comment or ""), 0
            names = {name: None for line in texts if line.strip() for name in _names_of(line)}
            settled = replace(settled, names=tuple(names))
        else:
            settled, end, more = _csv_form(texts, layout, form, file, encoding)
            notes = (*notes, *more)
        cells, fault = _rows_of(settled, lines[end:], end)
        frame = settled.frame(cells, settled.names)
        if not len(frame):
            raise fault or UserError("file", file, "holds no rows; name a file with a header and at least one row")
        columns = infer_columns(table_of(frame, layout), layout)
        return replace(settled, ids=columns.ids, times=columns.times, targets=columns.targets), end, list(notes)

    @staticmethod
    def from_facts(facts: dict[str, Any]) -> "LineForm":
        """The form that `facts` gave."""
        attributes: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in facts.items()
        }
        return LineForm(**attributes)

    def facts(self) -> dict[str, Any]:
        """The attributes as JSON values."""
        return asdict(self)

    def layout(self, layout: Layout) -> Layout:
        """The user's options with the roles of the columns that were settled."""
        return replace(layout, id_col=self.ids or "none", time_col=self.times, target_col=self.targets, skip_bad=False)

    def cells(self, line: bytes) -> Cells | None:
        """Splits a line; None if it is blank, a comment, or the header again.

        Raises:
            BadLine: It is no row.
        """
        try:
            text = line.decode(self.encoding).removeprefix("\ufeff").strip("\r\n")
        except (UnicodeDecodeError, LookupError) as error:
            raise BadLine(f"is not in {self.encoding}; give its encoding by --encoding") from error
        if not text.strip() or text == self.header or (self.comment and text.lstrip().startswith(self.comment)):
            return None
        if not self.delimiter:
            row = _object(text)
            return [row.get(name) for name in self.names]
        try:
            (cells,) = csv.reader([text], delimiter=self.delimiter, skipinitialspace=True, strict=True)
        except (csv.Error, ValueError) as error:
            raise BadLine("has a quote that is not closed; a row has one line") from error
        while len(cells) > len(self.names) and not cells[-1].strip():
            cells.pop()
        if len(cells) > len(self.names):
            raise BadLine(f"has {len(cells)} cells, and there are {len(self.names)} columns")
        return [*cells, *[""] * (len(self.names) - len(cells))] if any(cell.strip() for cell in cells) else None

    def frame(self, rows: Sequence[Cells], names: Sequence[str]) -> pd.DataFrame:
        """Makes a frame of some of the columns, as the reader of files would."""
        index = [self.names.index(name) for name in names]
        columns = [[row[position] for row in rows] for position in index]
        if self.delimiter:
            arrays = [pa.chunked_array([pa.array(column, pa.string())]) for column in columns]
            return frame_of_text(list(names), arrays, keep=names if self.times else ())
        text = {name: name in self.ids for name in names}
        return pd.DataFrame({name: _typed(column, text[name]) for name, column in zip(names, columns, strict=True)})


def _csv_form(
    texts: Sequence[str], layout: Layout, form: FileFormat, file: str, encoding: str
) -> tuple[LineForm, int, tuple[str, ...]]:
    marked = ["\n" if form.comment and line.lstrip().startswith(form.comment) else line for line in texts]
    try:
        start = read_start(iter(marked), form.skip_rows)
        header = read_header(start, known_names(layout), form.skip_rows, file)
    except UserError:
        raise
    except ValueError as error:
        raise _no_lines(file, str(error)) from error
    comment = form.comment or (COMMENT if 0 in start.shape.values else "")
    line = texts[header.line - 1].strip("\r\n") if header.line else ""
    settled = LineForm(start.delimiter, header.names, (), (), (), encoding, comment, line)
    return settled, header.end, header.notes


def _rows_of(form: LineForm, lines: Sequence[bytes], begin: int) -> tuple[list[Cells], UserError | None]:
    """The rows among lines, and what is wrong with the first line that is none, which the reader of batches refuses."""
    rows, fault = list[Cells](), None
    for number, line in enumerate(lines, start=begin + 1):
        try:
            row = form.cells(line)
        except BadLine as error:
            fault = fault or UserError("file", f"line {number}", f"{error}; mend it")
            continue
        if row is not None:
            rows.append(row)
    return rows, fault


def _names_of(text: str) -> Iterable[str]:
    """The names of a JSON object; none where a line is no such object."""
    try:
        return _object(text)
    except BadLine:
        return ()


def _object(text: str) -> dict[str, Any]:
    """Reads one line of JSON, an object of plain values; a list or an object within it counts as missing."""
    try:
        row = json.loads(text, object_pairs_hook=_Pairs)
    except RecursionError as error:
        raise BadLine("is nested too deeply") from error
    except ValueError as error:
        raise BadLine("is not JSON") from error
    if not isinstance(row, _Pairs):
        raise BadLine("is not a JSON object")
    cells = {name: _plain(name, value) for name, value in row}
    if len(cells) < len(row):
        raise BadLine("names a column twice")
    return cells


class _Pairs(list[tuple[str, Any]]):
    """The names and values of a JSON object; a dict would hide names that come twice."""


def _plain(name: str, value: Any) -> Any:
    """A value as a cell.

    Raises:
        BadLine: It is no number that a computer has, or no text.
    """
    if isinstance(value, list):
        return None
    try:
        if isinstance(value, int):
            float(value)
        for text in (name, value):
            if isinstance(text, str):
                text.encode()
    except OverflowError as error:
        raise BadLine("has a number that is too large") from error
    except UnicodeEncodeError as error:
        raise BadLine("has half a character (a lone surrogate)") from error
    return value


def _typed(column: list[Any], name: bool) -> pd.Series:
    """A column of JSON: names as text, numbers as they are, all else as text."""
    known = [cell for cell in column if cell is not None]
    plain = not name and all(isinstance(cell, int | float) and not isinstance(cell, bool) for cell in known)
    if plain and known and all(isinstance(cell, int) and abs(cell) < 2**63 for cell in column):
        return pd.Series(column, dtype="int64")
    if plain and known:
        return pd.Series([float("nan") if cell is None else float(cell) for cell in column], dtype="float64")
    return pd.Series([cell if cell is None else str(cell) for cell in column], dtype=object)


def _no_lines(file: str, reason: str) -> UserError:
    return UserError("file", file, f"cannot be read line by line ({reason}); give lines of CSV or JSON")
