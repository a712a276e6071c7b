"""A feed: the lines of a file or of standard input as batches of rows, and how far they were read."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from segue.cli.shared.line_form import LineForm
from segue.cli.shared.line_rows import LineReader, LinesRead, columns_of
from segue.cli.shared.lines import STANDARD_INPUT, Lines
from segue.cli.shared.position import START, Position
from segue.cli.shared.stopping import Stopping
from segue.cli.shared.watch_files import Files
from segue.errors import UserError
from segue.forecasting.table.files.read import FileFormat
from segue.forecasting.table.layout import Layout
from segue.live.clock import find_frequency

_BATCH = 4096
"""The most lines of a batch. A crash loses the batch in flight, which is read again: one to four seconds of work."""
_FIRST = 64
"""The lines of the first batch of a feed: they show its columns and its step. A series warms up for longer."""

Notes = Callable[[Iterable[str]], None]


_FIXED = ("id_col", "time_col", "target_col", "time_format", "duplicates", "decimal")
"""The options that cannot change while a feed goes on."""


@dataclass(frozen=True, eq=False)
class Taken:
    """A batch.

    Attributes:
        read: What its lines gave.
        marks: What to commit with it.
        kept: False for a last line without an end: whatever follows from it is for this run only.
    """

    read: LinesRead
    marks: dict[str, Any]
    kept: bool = True


class Feed:
    """Reads batches of rows.

    Args:
        files: Where lines come from.
        layout: The user's options of columns and times.
        form: How the text becomes rows.
        skip_bad: Whether bad lines are left out, and do not end the feed.
        marks: The marks of the store, which say how far the lines were read before.
        notes: What prints notes for the user.

    Raises:
        UserError: The file cannot be read, or was read with other options before.
    """

    def __init__(
        self, files: Files, layout: Layout, form: FileFormat, skip_bad: bool, marks: Mapping[str, Any], notes: Notes
    ) -> None:
        self._layout, self._form, self._skip_bad, self._notes = layout, form, skip_bad, notes
        standard = str(files.source) == STANDARD_INPUT
        self._file = "standard input" if standard else files.source.name
        self._key = "-" if standard else files.key(files.source)
        self._has_grid = "grid" in marks
        before = self._key if standard else self._before(files.source, marks)
        position = Position.from_facts(marks[f"position {before}"]) if f"position {before}" in marks else START
        self._lines = Lines(files.source, position, files.follow, lambda note: notes([note]))
        known = marks.get(f"form {before}")
        same_file = standard or self._lines.position.bytes or not position.bytes
        try:
            self._reader = self._known(known) if known and same_file else None
        except UserError:
            self._lines.close()
            raise

    @property
    def reader(self) -> LineReader:
        """The reader of lines, which is settled by the first batch."""
        assert self._reader is not None
        return self._reader

    @property
    def columns(self) -> tuple[str, str, str] | None:
        """The names of the columns in what is written, see `columns_of`; None before lines have settled them."""
        return None if self._reader is None else columns_of(self._reader.form)

    def batches(self, stopping: Stopping) -> "Iterator[Taken]":
        """Yields what each batch of lines gave, and the marks to commit with it; Ctrl-C ends a wait for lines."""
        while True:
            with stopping.waiting():
                new = self._reader is None
                begin, header, lines = self._first() if new else (None, 0, self._lines.read(_BATCH))
            if not lines:
                break
            begin = begin or self._lines.begin
            evidence = len(self.reader.evidence[0])
            read = self.reader.read(lines[header:], begin.lines + header)
            self._notes(read.notes if new else ())
            used = header + read.used
            position = self._lines.position if used == len(lines) else self._lines.after(begin, lines[:used])
            marks = {f"position {self._key}": position.facts()}
            if new or evidence < len(self.reader.evidence[0]):
                marks[f"form {self._key}"] = self._facts()
            yield Taken(read, marks)
            if read.fault is not None or stopping.asked:
                return
        yield from self._unfinished()

    def close(self) -> None:
        """Closes the file."""
        self._lines.close()

    def _first(self) -> tuple[Position, int, list[bytes]]:
        """Settles the form by the first lines; returns where they begin, the lines of the header, and all of them.

        There are `_FIRST` lines, of a file as of standard input. Where they do not show the roles of columns, or no
        step, there are twice as many, and so on up to a batch.
        """
        lines = self._lines.read(_FIRST, _FIRST)
        begin, header = self._lines.begin, 0
        while lines:
            try:
                header, fault = self._settle(lines), None
                if self._shows_step(lines[header:]):
                    break
            except UserError as error:
                if error.argument == "file":
                    raise
                fault = error
            more = self._lines.read(len(lines), len(lines)) if len(lines) < _BATCH else []
            if not more or not self._lines.begin.bytes:  # no more lines of this file
                if fault is not None:
                    raise fault
                break
            lines += more
        return begin, header, lines

    def _settle(self, lines: list[bytes]) -> int:
        form, header, notes = LineForm.of(lines, self._layout, self._form, self._file)
        self._notes(notes)
        self._reader = LineReader(form, self._layout, ([], []), self._skip_bad)
        return header

    def _shows_step(self, lines: list[bytes]) -> bool:
        """Whether the step is known, or lines show it; bad lines are for others to report."""
        if self._layout.freq is not None or self._has_grid:
            return True
        try:
            read = LineReader(self.reader.form, self._layout, ([], []), self._skip_bad).read(lines, 0)
            find_frequency(None, pd.factorize(read.rows.ids)[0].astype(np.int64), read.rows.times)
        except UserError:
            return False
        return True

    def _unfinished(self) -> "Iterator[Taken]":
        """Yields the last line of a file if it has no end, without a row where it is none yet."""
        line, lines = self._lines.unfinished, self._lines.position.lines
        if not line and not lines:
            self._notes([f"{self._file} is empty"])
        if not line:
            return
        if self._reader is None:
            self._settle([line])  # refuses what is no table
            self._reader = None
        read = None if self._reader is None else self._reader.read([line], lines)
        if read is None or read.fault is not None or read.bad:
            self._notes([f"line {lines + 1} has no end and is no row yet; it is read when its end comes"])
        elif len(read.rows):
            self._notes([f"line {lines + 1} has no end: its row counts, and the next run reads it again"])
        if read is not None:
            yield Taken(read, {}, kept=False)

    def _before(self, source: Path, marks: Mapping[str, Any]) -> str:
        """The name in the store of what this file was when it was read before."""
        if f"position {self._key}" in marks:
            return self._key
        known = [name.removeprefix("position ") for name in marks if name.startswith("position ")]
        known.sort(key=lambda name: int(marks[f"position {name}"]["bytes"]), reverse=True)
        for name in known if source.is_file() else ():
            position = Position.from_facts(marks[f"position {name}"])
            with source.open("rb") as file:
                if position.bytes and position.found_in(file):
                    self._notes([f"{source.name} goes on after the rows that were read from {Path(name).name}"])
                    return name
        return self._key

    def _facts(self) -> dict[str, Any]:
        options = {name: getattr(self._layout, name) for name in _FIXED}
        return {"form": self.reader.form.facts(), "options": options, "evidence": self.reader.evidence}

    def _known(self, facts: Mapping[str, Any]) -> LineReader:
        for name, before in facts["options"].items():
            value = getattr(self._layout, name)
            if value != before:
                was = "not given" if before is None else before
                raise UserError(name, value, f"was {was} when the watch began; give the same, or another `state`")
        cells, times = facts["evidence"]
        form = LineForm.from_facts(facts["form"])
        if self._form.encoding is not None:
            form = replace(form, encoding=self._form.encoding)
        return LineReader(form, self._layout, (cells, times), self._skip_bad)
