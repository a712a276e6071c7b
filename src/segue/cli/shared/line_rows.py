"""From lines to rows: the series, the time and the value of each, read as those of a table.

How text is read as times and numbers depends on the cells of a whole column, and a feed may bring one line at a time.
So the first lines stay evidence: they are read again together with each batch, and must read as they first did.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float64, Shaped

from segue.cli.shared.line_form import BadLine, Cells, LineForm
from segue.errors import UserError
from segue.forecasting.table.columns.roles import infer_columns
from segue.forecasting.table.grid.frequency import Times
from segue.forecasting.table.layout import Layout
from segue.forecasting.table.rows import Rows, read_rows, table_of

_EVIDENCE = 64
"""Lines that are read again with each batch; they take a few milliseconds, and settle the order of day and month."""

_MOST_BAD = 100  # lines of a batch that cannot be read: with more of them it is the reading that is wrong


@dataclass(frozen=True, eq=False)
class Arrived:
    """Rows in the order of the lines, one for each line and target.

    Attributes:
        ids: The name of the series, as text.
        times: Local times in microseconds, or integers.
        values: The value, NaN where missing.
        stamps: The time as it stands in the line; of several columns, the time that they make.
    """

    ids: Shaped[np.ndarray, " rows"]
    times: Times
    values: Float64[np.ndarray, " rows"]
    stamps: list[str]

    def __len__(self) -> int:
        return len(self.stamps)


@dataclass(frozen=True, eq=False)
class LinesRead:
    """What a batch of lines gave.

    Attributes:
        rows: The rows.
        used: How many of the lines were read: all, or those before the first bad one.
        bad: The number of each bad line that was left out, counted from 1, and why.
        fault: The first bad line, if bad lines are not left out.
        notes: What the user should know of the reading.
    """

    rows: Arrived
    used: int
    bad: list[tuple[int, str]]
    fault: UserError | None
    notes: tuple[str, ...]


class LineReader:
    """Reads batches of lines of one form.

    Args:
        form: The form of the lines.
        layout: The user's options.
        evidence: The cells of the first rows, and their times as they were read; empty at first.
        skip_bad: Whether lines that cannot be read are left out, and do not end the reading.
    """

    def __init__(
        self, form: LineForm, layout: Layout, evidence: tuple[list[Cells], list[int]], skip_bad: bool = False
    ) -> None:
        self.form, self._layout, self._skip = form, form.layout(layout), skip_bad
        others = len(form.names) > len(form.times) + len(form.targets)
        self._may_be_named = layout.id_col is None and not form.ids and others
        self._evidence, self._times = evidence
        self._names = (*form.ids, *form.times, *form.targets)

    @property
    def evidence(self) -> tuple[list[Cells], list[int]]:
        """The cells of the first rows and their times, as JSON values."""
        return self._evidence, self._times

    def read(self, lines: Sequence[bytes], begin: int) -> LinesRead:
        """Reads a batch.

        Args:
            lines: The lines.
            begin: The number of lines before them.

        Raises:
            UserError: These lines show that a column names several series, which the first lines did not show.
        """
        bad: list[tuple[int, str]] = []
        cells, at = list[Cells](), list[int]()  # the cells of each row, and its index among the lines
        used, fault = len(lines), None
        for index, line in enumerate(lines):
            try:
                row = self.form.cells(line)
            except BadLine as error:
                bad.append((index, str(error)))
                if not self._skip:
                    break
                continue
            if row is not None and self._filled(row):
                cells.append(row)
                at.append(index)
        if self._may_be_named:
            self._refuse_names(cells)
        rows, notes = self._readable(cells, at, bad)
        bad.sort()
        if bad and not self._skip:
            used, reason = bad[0]
            remedy = f"{reason}; mend it, or leave such lines out by `skip_bad`"
            fault, bad = UserError("file", f"line {begin + used + 1}", remedy), []
        return LinesRead(rows, used, [(begin + index + 1, reason) for index, reason in bad], fault, notes)

    def _refuse_names(self, cells: list[Cells]) -> None:
        frame, layout = self.form.frame([*self._evidence, *cells], self.form.names), replace(self._layout, id_col=None)
        names = infer_columns(table_of(frame, layout), layout).ids
        if names:
            remedy = f"could be {names[0]}; name it with `id_col`, or give 'none' if all rows are one series"
            raise UserError("id_col", "(not given)", remedy)

    def _filled(self, row: Cells) -> bool:
        """Whether a row has a time or a value: a table without these has blank rows, which are no rows."""
        names = (*self.form.times, *self.form.targets)
        return any(str(row[self.form.names.index(name)] or "").strip() for name in names if name in self.form.names)

    def _readable(
        self, cells: list[Cells], at: list[int], bad: list[tuple[int, str]]
    ) -> tuple[Arrived, tuple[str, ...]]:
        """Reads rows up to the first bad one, or all but the bad ones; the bad ones are added to `bad`."""
        while True:
            try:
                return self._rows(cells)
            except UserError as error:
                if len(bad) >= _MOST_BAD:
                    raise
                good, error = self._first_bad(cells, error)
                bad.append((at[good], _fault(error)))
                cells, at = (cells[:good] + cells[good + 1 :], at[:good] + at[good + 1 :])
                if not self._skip:
                    cells, at = cells[:good], at[:good]

    def _first_bad(self, cells: list[Cells], error: UserError) -> tuple[int, UserError]:
        """The index of the first row with which rows cannot be read, and why not."""
        good, high = 0, len(cells)
        while high - good > 1:
            middle = (good + high) // 2
            try:
                self._rows(cells[:middle])
                good = middle
            except UserError as fault:
                high, error = middle, fault
        return high - 1, error

    def _rows(self, cells: list[Cells]) -> tuple[Arrived, tuple[str, ...]]:
        if not cells:
            return Arrived(np.empty(0, object), np.empty(0, np.int64), np.empty(0), []), ()
        known = len(self._evidence)
        frame = self.form.frame([*self._evidence, *cells], self._names)
        for name in self.form.ids:
            frame[name] = frame[name].map(lambda cell: cell if cell is None else str(cell)).astype(object)
        rows = read_rows(frame, self._layout, points=self.form.delimiter == ",")
        targets = len(self.form.targets)
        times, values = (array.reshape(targets, -1).T[known:].ravel() for array in (rows.times, rows.values))
        numbers = rows.times.view(np.int64)[: known + len(cells)]
        if self._times != numbers[:known].tolist():
            remedy = "the first rows read in another way together with these; name the format of times"
            raise UserError("time_format", "(not given)", remedy)
        if len(self._evidence) < _EVIDENCE:
            end = known + min(len(cells), _EVIDENCE - known)
            self._evidence = [*self._evidence, *cells][:end]
            self._times = numbers[:end].tolist()
        return Arrived(self._ids(rows)[known * targets :], times, values, self._stamps(cells, times)), rows.notes

    def _ids(self, rows: Rows) -> Shaped[np.ndarray, " rows"]:
        names = np.array([str(name) for name in rows.ids], dtype=object)
        return np.asarray(names[rows.codes.reshape(len(self.form.targets), -1).T.ravel()])

    def _stamps(self, cells: list[Cells], times: Times) -> list[str]:
        targets = len(self.form.targets)
        if len(self.form.times) == 1:
            index = self.form.names.index(self.form.times[0])
            return [str(row[index]).strip() for row in cells for _ in range(targets)]
        return [str(time).replace("T", " ").removesuffix(".000000") for time in times]


def _fault(error: UserError) -> str:
    """What is wrong with a row, in the words of the reader of tables; rows have no number here."""
    fault = re.sub(r" in row \d+", "", error.remedy).removesuffix("; fill it or drop the row")
    return f"`{error.argument}` {error.value} {fault.replace('mend it or ', '')}"


def columns_of(form: LineForm) -> tuple[str, str, str]:
    """The names of the columns of series, times and values in what is written about the rows."""
    target: Any = form.targets[0] if len(form.targets) == 1 else "y"
    return "/".join(form.ids) or "unique_id", form.times[0] if len(form.times) == 1 else "ds", target
