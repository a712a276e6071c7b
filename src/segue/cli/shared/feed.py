"""A feed: the lines of a file or of standard input as batches of rows, and how far they were read."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from segue.cli.shared.line_form import LineForm
from segue.cli.shared.line_rows import LineReader, LinesRead
from segue.cli.shared.lines import STANDARD_INPUT, Lines, Position
from segue.cli.shared.stopping import Stopping
from segue.cli.shared.watch_files import Files
from segue.errors import UserError
from segue.forecasting.table.files.read import FileFormat
from segue.forecasting.table.layout import Layout

_BATCH = 4096
"""The most lines of a batch. A crash loses the batch in flight, which is read again: one to four seconds of work."""
_FIRST = 64
"""The least lines of the first batch of a feed: they show its columns and its step. A series warms up for longer."""

Notes = Callable[[Iterable[str]], None]


_FIXED = ("id_col", "time_col", "target_col", "time_format", "duplicates", "decimal")
"""The options that cannot change while a feed goes on."""


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
        self._key = "-" if standard else str(files.source.resolve())
        position = Position(**marks.get(f"position {self._key}", {}))
        self._lines = Lines(files.source, position, files.follow, lambda note: notes([note]))
        known = marks.get(f"form {self._key}")
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

    def batches(self, stopping: Stopping) -> Iterator[tuple[LinesRead, dict[str, Any]]]:
        """Yields what each batch of lines gave, and the marks to commit with it; Ctrl-C ends a wait for lines."""
        while True:
            begin = self._lines.position
            with stopping.waiting():
                lines = self._lines.read(_BATCH, 1 if self._reader else _FIRST)
            if not lines:
                if not self._lines.position.lines:
                    self._notes([f"{self._file} is empty"])
                return
            if self._lines.position.lines < begin.lines + len(lines):  # the file was replaced
                begin = Position()
            new = self._reader is None
            header = self._settle(lines) if new else 0
            evidence = len(self.reader.evidence[0])
            read = self.reader.read(lines[header:], begin.lines + header)
            self._notes(read.notes if new else ())
            used = header + read.used
            position = self._lines.position if used == len(lines) else self._lines.after(begin, lines[:used])
            marks = {f"position {self._key}": position.facts()}
            if new or evidence < len(self.reader.evidence[0]):
                marks[f"form {self._key}"] = self._facts()
            yield read, marks
            if read.fault is not None or stopping.asked:
                return

    def close(self) -> None:
        """Closes the file."""
        self._lines.close()

    def _settle(self, lines: list[bytes]) -> int:
        form, header, notes = LineForm.of(lines, self._layout, self._form, self._file)
        self._notes(notes)
        self._reader = LineReader(form, self._layout, ([], []), self._skip_bad)
        return header

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
        return LineReader(LineForm.from_facts(facts["form"]), self._layout, (cells, times), self._skip_bad)
