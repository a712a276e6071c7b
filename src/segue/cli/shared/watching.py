"""The work of `segue watch`: for each batch of lines scores, a commit and alerts, in this order."""

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import typer
from jaxtyping import Int8

from segue.atomic import atomic_file
from segue.cli.shared.feed import Feed, Notes
from segue.cli.shared.line_rows import Arrived, LinesRead, columns_of
from segue.cli.shared.scored import Grid, Steps, Values, head_line
from segue.cli.shared.stopping import Stop, Stopping
from segue.cli.shared.watch_files import Files
from segue.errors import UserError
from segue.forecasting.predictor import Predictor
from segue.forecasting.registry import load_predictor
from segue.forecasting.table.files.read import FileFormat
from segue.forecasting.table.grid.names import frequency_of
from segue.forecasting.table.layout import Layout
from segue.live.alerts import Event
from segue.live.appended import AppendedFile
from segue.live.clock import find_frequency
from segue.live.observations import Status
from segue.live.policy import Policy
from segue.live.session import Session
from segue.live.store import IN_MEMORY, Store
from segue.live.watch import Watch

_DRAWN = 20_000
"""Rows that are kept for the picture, the newest ones."""
_BAD_SHOWN = 3
"""Bad lines that the note at the end names."""


@dataclass(frozen=True)
class Terms:
    """What a watch decides by; see `segue watch`."""

    model: str
    threads: int | None
    refresh: int
    warm_up: int
    policy: Policy
    forget: str | None
    adopt: bool
    skip_bad: bool
    learn: bool


def watch_lines(files: Files, layout: Layout, form: FileFormat, terms: Terms, notes: Notes) -> None:
    """Reads lines until their end, Ctrl-C or a bad line; each batch is committed before the next.

    Raises:
        UserError: A line or a file cannot be read or written, or the store is of another model.
    """
    predictor = load_predictor(terms.model, threads=terms.threads)
    identity = {"model": predictor.name, "fingerprint": predictor.fingerprint}
    with ExitStack() as stack:
        stopping, store = (
            stack.enter_context(Stopping()),
            stack.enter_context(Store(files.state or IN_MEMORY, identity, terms.adopt)),
        )
        feed = Feed(files, layout, form, terms.skip_bad, store.marks, notes)
        stack.callback(feed.close)
        work = Work(store, files, layout, terms, predictor, stack)
        notes(work.notes)
        try:
            for taken in feed.batches(stopping):
                if taken.kept:
                    work.take(taken.read, taken.marks, columns_of(feed.reader.form))
                else:
                    work.end_with(taken.read, columns_of(feed.reader.form))
            if not stopping.asked:
                work.end(feed.columns)
        except Stop:
            pass
        finally:
            notes(work.report())
        work.draw()


class Work:
    """What a watch does with rows.

    Args:
        store: The store.
        files: The files that it writes.
        layout: The user's options of columns and times.
        terms: What it decides by.
        predictor: The model.
        stack: What closes the files.
    """

    def __init__(
        self, store: Store, files: Files, layout: Layout, terms: Terms, predictor: Predictor, stack: ExitStack
    ) -> None:
        self._store, self._layout, self._terms, self._predictor = store, layout, terms, predictor
        self._marks, self._plot = store.marks, files.plot
        self._files, self._stack = files, stack
        self._alerts: AppendedFile | None = None
        self._scores: AppendedFile | None = None
        self._session: Session | None = None
        self._steps: Steps | None = None
        self._counts: Counter[str] = Counter()
        self._drawn = deque[tuple[pd.DataFrame, list[Event]]]()
        self._bad, self._bad_shown = 0, list[str]()
        self._ended = False
        self.notes = list(self._late_files())
        if self._marks:  # the outputs of a store that has begun are cut back at once, whatever comes
            self._open()
            self._deliver()

    def _late_files(self) -> Iterator[str]:
        """Yields a line where a file of scores begins in the middle of a watch."""
        path = self._files.scores
        if path is not None and "grid" in self._marks and self._files.key(path) not in self._marks.get("scores", {}):
            yield f"{path.name} begins with the next row, because the store has taken those before it"

    def take(self, read: LinesRead, marks: Mapping[str, Any], names: tuple[str, str, str]) -> None:
        """Observes a batch of rows, writes scores, commits, and gives out the alerts.

        Raises:
            UserError: One of the lines was bad, and the rows before it have been taken.
        """
        if len(read.rows) or self._steps is not None:
            self._take(read.rows, marks, names)
        self._bad += len(read.bad)
        self._bad_shown += [f"line {line} {reason}" for line, reason in read.bad[: _BAD_SHOWN - len(self._bad_shown)]]
        if read.fault is not None:
            raise read.fault

    def end(self, names: tuple[str, str, str] | None) -> None:
        """Takes the rows that are held for others of their step, since no more will come."""
        if self._steps is None and names is not None and self._marks.get("held"):  # this run had no rows
            kind = np.int64 if self._marks["grid"]["alias"].isdigit() else "datetime64[us]"
            self._begin(Arrived(np.empty(0, object), np.empty(0, kind), np.empty(0), []), names)
        if self._steps is not None and self._steps.held and not self._ended:
            self._observe(self._steps.flush(), {})
        self._ended = True

    def end_with(self, read: LinesRead, names: tuple[str, str, str]) -> None:
        """Takes the row of a last line that has no end, and ends: all is written, and none of it committed.

        The next run cuts the files back, and reads the line again: it may have grown meanwhile.
        """
        if self._steps is not None or ("grid" in self._marks and len(read.rows)):
            with self._store.trial():
                self._take(read.rows, {}, names)
                self.end(names)

    def _take(self, rows: Arrived, marks: Mapping[str, Any], names: tuple[str, str, str]) -> None:
        grid = dict[str, Any]()
        if self._session is None or self._steps is None:
            grid = self._begin(rows, names)
        assert self._steps is not None
        self._observe(self._steps.take(rows), {**marks, **grid})

    def draw(self) -> None:
        """Draws the newest rows of this run."""
        if self._plot is None:
            return
        if not self._drawn:
            raise UserError("plot", self._plot, "no row came that could be drawn")
        from segue.live.plot import plot_watch

        frames, events = [frame for frame, _ in self._drawn], [event for _, own in self._drawn for event in own]
        figure = plot_watch(pd.concat(frames), events)
        with atomic_file(self._plot, "plot") as file:
            figure.savefig(file)

    def report(self) -> list[str]:
        """What became of the rows, and the lines that were left out."""
        rows = sum(self._counts[status.name] for status in Status)
        parts = [f"{self._counts[status.name]:,} {_WORDS[status]}" for status in Status if self._counts[status.name]]
        lines = [f"{rows:,} rows: {', '.join(parts)}"] if parts else ["no new rows"]
        alerts, gone = self._counts["alerts"], self._counts["gone"]
        lines[0] += f"; {alerts:,} {'alert' if alerts == 1 else 'alerts'}" if parts else ""
        lines += [f"{gone:,} series without new rows were forgotten"] if gone else []
        if self._bad:
            more = f", and {self._bad - _BAD_SHOWN:,} more" if self._bad > _BAD_SHOWN else ""
            lines.append(f"{self._bad:,} bad lines were left out: {'; '.join(self._bad_shown)}{more}")
        if self._counts[Status.DUPLICATE.name] and self._layout.duplicates is None:
            lines.append("of several values at one time the first stands; `duplicates` names another rule")
        return lines

    def _begin(self, rows: Arrived, names: tuple[str, str, str]) -> dict[str, Any]:
        """Makes the watch, and the header of a new file of scores; returns the marks of the step of the feed."""
        terms, layout, marks = self._terms, self._layout, dict[str, Any]()
        age = _age(terms.forget, rows.times)  # refused before any file is written
        if "grid" not in self._marks:
            codes = pd.factorize(rows.ids)[0].astype(np.int64)
            frequency = find_frequency(layout.freq, codes, rows.times)
            alias = frequency.alias if layout.freq is None else str(layout.freq)
            grid = Grid.of(frequency, alias, layout.freq is not None, rows)
            marks["grid"] = {"alias": grid.alias, "origin": grid.origin}
        else:
            grid = Grid(**self._marks["grid"])
            known = frequency_of(grid.alias, rows.times)
            if layout.freq is not None and frequency_of(layout.freq, rows.times) != known:
                raise UserError("freq", layout.freq, f"the store has steps of {grid.alias}; give {grid.alias}")
        freq = int(grid.alias) if grid.alias.isdigit() else grid.alias
        steps = Steps(layout.duplicates, grid, self._marks.get("held", []))
        watch = Watch(self._predictor, refresh=terms.refresh, warm_up=terms.warm_up, freq=freq, learn=terms.learn)
        self._session = Session(watch, terms.policy, self._store, age)
        self._open()
        if self._scores is not None and not self._scores.bytes:
            self._scores.write(head_line(names, self._files.safe))
        self._steps = steps
        return marks

    def _observe(self, values: Values, marks: Mapping[str, Any]) -> None:
        assert self._session is not None
        assert self._steps is not None
        observed, events = self._session.observe(values.ids, values.times, values.values)
        marks = {**marks, "held": self._steps.held}
        if self._scores is not None:
            self._scores.write(values.lines(observed, self._files.safe))
            marks["scores"] = self._scores.facts()
        gone = self._session.commit(marks)
        self._deliver()
        self._count(observed.status[values.source], events, len(gone))
        if self._plot is not None:
            self._keep(observed.frame(), events)

    def _deliver(self) -> None:
        """Gives out the alerts that are committed."""
        lines = self._store.outbox()
        if not lines:
            return
        if self._alerts is None:
            typer.echo("\n".join(line for _, line in lines))
            self._store.delivered(lines[-1][0], {})
            return
        self._alerts.write("".join(f"{line}\n" for _, line in lines))
        self._store.delivered(lines[-1][0], {"alerts": self._alerts.facts()})

    def _open(self) -> None:
        """Opens the files that are appended to, once; the store knows them before their first byte."""
        new = dict[str, Any]()
        for name in ("scores", "alerts"):
            path = getattr(self._files, name)
            if path is not None and getattr(self, f"_{name}") is None:
                file = AppendedFile(name, path, self._files.key(path), self._marks.get(name, {}))
                self._stack.callback(file.close)
                setattr(self, f"_{name}", file)
                new |= {name: file.facts()} if file.is_new else {}
        if new:
            self._store.mark(new)

    def _count(self, statuses: Int8[np.ndarray, " rows"], events: list[Event], gone: int) -> None:
        for status, count in zip(*np.unique(statuses, return_counts=True), strict=True):
            self._counts[Status(int(status)).name] += int(count)
        self._counts["alerts"] += sum(event.end is None for event in events)
        self._counts["gone"] += gone

    def _keep(self, frame: pd.DataFrame, events: list[Event]) -> None:
        self._drawn.append((frame, events))
        while sum(len(part) for part, _ in self._drawn) - len(self._drawn[0][0]) > _DRAWN:
            self._drawn.popleft()


_WORDS = {
    Status.FRESH: "with a score",
    Status.WARMING: "while warming up",
    Status.MISSING: "without a value",
    Status.LATE: "late",
    Status.DUPLICATE: "double",
    Status.AHEAD: "too far ahead in time",
}


def _age(given: str | None, times: Any) -> int | None:
    """The age of `--forget` in microseconds, or as an integer where times are integers."""
    if given is None:
        return None
    try:
        if times.dtype.kind != "i" and given.strip().replace(".", "").isdigit():
            raise ValueError("without a unit")  # pandas would read nanoseconds
        age = int(given) if times.dtype.kind == "i" else int(pd.Timedelta(given) / pd.Timedelta(microseconds=1))
    except ValueError as error:
        raise UserError("forget", given, "give an age such as 12h or 30D, or a number for integer times") from error
    if age <= 0:
        raise UserError("forget", given, "give an age above zero")
    return age
