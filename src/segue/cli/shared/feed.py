"""A feed: the lines of a file or of standard input as batches of rows, and how far they were read."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segue.cli.shared.line_form import LineForm
from segue.cli.shared.line_rows import LineReader, LinesRead
from segue.cli.shared.lines import STANDARD_INPUT, Lines, Position
from segue.cli.shared.stopping import Stopping
from segue.errors import UserError
from segue.forecasting.table.files.read import FileFormat
from segue.forecasting.table.layout import Layout

_BATCH = 4096
"""The most lines of a batch. A crash loses the batch in flight, which is read again: one to four seconds of work."""
_FIRST = 64
"""The least lines of the first batch of a feed: they show its columns and its step. A series warms up for longer."""

Notes = Callable[[Iterable[str]], None]


@dataclass(frozen=True)
class Source:
    """Where lines come from, and how they are read; see `segue watch`."""

    path: Path
    follow: bool
    layout: Layout
    form: FileFormat
    skip_bad: bool

    @property
    def key(self) -> str:
        """The name of the source among the marks of a store."""
        return "-" if str(self.path) == STANDARD_INPUT else str(self.path.resolve())

    @property
    def options(self) -> dict[str, Any]:
        """The options that cannot change while a feed goes on, as JSON values."""
        names = ("id_col", "time_col", "target_col", "time_format", "duplicates", "decimal")
        return {name: getattr(self.layout, name) for name in names}


class Feed:
    """Reads batches of rows.

    Args:
        source: Where lines come from.
        marks: The marks of the store, which say how far the lines were read before.
        notes: What prints notes for the user.

    Raises:
        UserError: The file cannot be read, or was read with other options before.
    """

    def __init__(self, source: Source, marks: Mapping[str, Any], notes: Notes) -> None:
        self._source, self._notes = source, notes
        self._file = "standard input" if source.key == "-" else source.path.name
        position = Position(**marks.get(f"position {source.key}", {}))
        self._lines = Lines(source.path, position, source.follow, lambda note: notes([note]))
        known = marks.get(f"form {source.key}")
        same_file = source.key == "-" or self._lines.position.bytes or not position.bytes
        self._reader = self._known(known) if known and same_file else None

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
                return
            if self._lines.position.lines < begin.lines + len(lines):  # the file was replaced
                begin = Position()
            header = 0 if self._reader else self._settle(lines)
            evidence = len(self.reader.evidence[0])
            read = self.reader.read(lines[header:], begin.lines + header)
            self._notes(read.notes if header else ())
            used = header + read.used
            position = self._lines.position if used == len(lines) else self._lines.after(begin, lines[:used])
            marks = {f"position {self._source.key}": position.facts()}
            if header or evidence < len(self.reader.evidence[0]):
                marks[f"form {self._source.key}"] = self._facts()
            yield read, marks
            if read.fault is not None or stopping.asked:
                return

    def close(self) -> None:
        """Closes the file."""
        self._lines.close()

    def _settle(self, lines: list[bytes]) -> int:
        source = self._source
        form, header, notes = LineForm.of(lines, source.layout, source.form, self._file)
        self._notes(notes)
        self._reader = LineReader(form, source.layout, ([], []), source.skip_bad)
        return header

    def _facts(self) -> dict[str, Any]:
        return {
            "form": self.reader.form.facts(), "options": self._source.options, "evidence": self.reader.evidence,
        }  # fmt: skip

    def _known(self, facts: Mapping[str, Any]) -> LineReader:
        for name, value in self._source.options.items():
            if value != facts["options"][name]:
                before = "(not given)" if facts["options"][name] is None else facts["options"][name]
                raise UserError(name, value, f"was {before} when the watch began; give the same, or another `state`")
        cells, times = facts["evidence"]
        form = LineForm.from_facts(facts["form"])
        return LineReader(form, self._source.layout, (cells, times), self._source.skip_bad)
