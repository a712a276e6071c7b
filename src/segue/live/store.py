"""The store of a watch: all lanes, alerts and marks of files in one SQLite file, one transaction a batch.

A batch writes the small arrays of the lanes that it touches, and appends their new values to a log (`log.py`).
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Int64
from numpy.typing import NDArray

from segue.errors import UserError
from segue.live.log import Log
from segue.live.outbox import Outbox, plain
from segue.live.packing import RAW, Small, histories, new_cells
from segue.live.schema import connect, keep_log, reported, sequence, transaction
from segue.live.sums import KEY, Sums
from segue.state import State

if TYPE_CHECKING:
    from segue.live.alerts import Event
    from segue.live.lanes import Lanes

IN_MEMORY = Path(":memory:")
"""The path of a store without a file, whose content is lost when it is closed."""
_GONE = np.iinfo(np.int64).max // 2
"""The newest step of a removed lane, so that none of its cells is within any context."""
_FIRST = "small.first"
"""The small array of the first time of a lane, which does not depend on the model."""


@dataclass(frozen=True, eq=False)
class Batch:
    """The changes of one batch.

    Attributes:
        lanes: The lanes that it touched, each once.
        seen: When each was heard last, for `Silence`.
        again: How many of the last steps of each may have changed, besides new ones.
        gone: The names of lanes that are forgotten.
        events: Alerts that open or end.
        marks: Marks as JSON values, such as how far files are read and written; other marks stay.
    """

    lanes: "Lanes"
    seen: Int64[np.ndarray, " lanes"]
    again: Int64[np.ndarray, " lanes"]
    gone: Sequence[Any] = ()
    events: "Sequence[Event]" = ()
    marks: Mapping[str, Any] = field(default_factory=dict)


class Store:
    """An open store. Call `load` before the first `commit`, and `close` at the end, or use it in a `with` block.

    Args:
        path: The file; it is made if there is none.
        identity: Facts of the model as JSON values, among them its name as `model`. The store must have the same.
        adopt: Accept the store of another model: values and times stay, and everything else begins anew.

    Raises:
        UserError: The file is no store, is damaged, in use, or of another model.
    """

    def __init__(self, path: str | Path, identity: Mapping[str, Any], adopt: bool = False) -> None:
        self.path, self._identity, self._adopt = Path(path), dict(identity), adopt
        self._new, self._kept = not self.path.exists(), False  # the file was not there; something was committed
        self._connection = connect(self.path)
        self._sums = Sums(self._connection)
        self._log, self._alerts = Log(self._connection, self._sums), Outbox(self._connection, self._sums)
        self._numbers: dict[Any, int] = {}  # of the lanes in the file, by name
        self._last = self._seen = np.empty(0, np.int64)  # the newest step of each number, and when it was heard
        self._first = np.empty(0, np.int64)  # and its first time
        self._small, self._context, self._turn, self._next = Small(()), 0, 0, 0
        try:
            with reported(self.path):
                self._sums.read()
                self._facts = self._read("meta")
            owner = self._facts.get("identity", self._identity)
            if owner != self._identity:
                other = owner["model"] != self._identity["model"]
                self._refuse(owner["model"] if other else f"another {owner['model']}", "model")
        except BaseException:
            self._connection.close()
            raise

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file, which holds all commits; a new file without commits is removed."""
        with reported(self.path):
            self._connection.close()
        if self._new and not self._kept:
            self.path.unlink(missing_ok=True)

    @property
    def marks(self) -> dict[str, Any]:
        """The marks of all commits, the latest of each name."""
        with reported(self.path):
            return {name: value for name, value in self._read("marks").items() if name != KEY}

    @property
    def freq(self) -> str | int | None:
        """The step of all lanes; None before the first commit."""
        freq: str | int | None = self._facts.get("freq")
        return freq

    def load(self, empty: "Lanes") -> "Lanes | None":
        """Reads all lanes; None if none was ever committed.

        Args:
            empty: An empty value of `Lanes` of the model; its state names the arrays that are read.

        Raises:
            UserError: The store has other arrays and was not opened with `adopt`, or it is damaged.
        """
        self._context, self._small = int(empty.state[RAW].shape[1]), Small.of(empty.state)
        if not self._facts:
            return None
        stored = Small.from_facts(self._facts["small"])
        if stored != self._small:
            self._refuse("another version of segue", "version")
        with reported(self.path):
            rows = self._connection.execute("SELECT lane, name, last, seen, small FROM lanes ORDER BY lane").fetchall()
            self._sums.check_lanes(rows)
            self._alerts.read()
            cells, largest = self._log.read(), sequence(self._connection, "lanes")
        self._numbers = {name: number for number, name, *_ in rows}
        self._turn = int(cells["turn"].max(initial=0))
        self._next = largest + 1
        self._make_room(self._next)
        keep_log(self._connection, len(rows))
        numbers = np.array(list(self._numbers.values()), dtype=np.int64)
        self._last[numbers], self._seen[numbers] = [row[2] for row in rows], [row[3] for row in rows]
        row_of = np.full(largest + 1, -1)
        row_of[numbers] = np.arange(len(rows))
        arrays: dict[str, Any] = histories(cells, row_of, self._last[numbers], self._context)
        small = stored.unpack([row[4] for row in rows])
        self._first[numbers] = small[_FIRST]
        adopted = stored != self._small or self._facts["identity"] != self._identity
        state = State({**arrays, **(self._small.anew(small, (_FIRST,), len(rows)) if adopted else small)})
        names, last = tuple(self._numbers), self._last[numbers]
        lanes = replace(empty, names=names, freq=self.freq, last=last, state=state)
        if adopted:
            self._put_adopted(lanes, numbers)
        return lanes

    def heard(self) -> dict[Any, int]:
        """When each lane was heard last, as it was committed."""
        return {name: int(self._seen[number]) for name, number in self._numbers.items()}

    def commit(self, batch: Batch) -> None:
        """Writes what a batch changed, in one transaction; alerts get their ids, and wait in the outbox."""
        lanes, self._turn = batch.lanes, self._turn + 1
        with self._written():
            if not self._facts:
                self._put_facts(lanes.freq)
            self._forget([*batch.gone, *self._begun_again(lanes)])
            numbers, new = self._numbered(lanes.names)
            if new.any():
                keep_log(self._connection, len(self._numbers))
            ahead = lanes.last - np.where(new, -1, self._last[numbers])  # lanes count steps from 0
            cells = new_cells(lanes, numbers, ahead, batch.again, self._turn)
            self._last[numbers], self._seen[numbers] = lanes.last, batch.seen
            self._first[numbers] = lanes.state[_FIRST]
            self._put_lanes(lanes, numbers)
            self._log.append(cells, self._last, self._context, len(self._numbers))
            self._alerts.put(batch.events)
            self._put("marks", batch.marks)
        self._kept = True

    def mark(self, marks: Mapping[str, Any]) -> None:
        """Commits marks alone; see `Batch`."""
        with self._written():
            self._put("marks", marks)
        self._kept = True

    @contextmanager
    def trial(self) -> Iterator[None]:
        """Within the block commits are none: what they write can be read, and is dropped at its end.

        What is in memory is not taken back. So close the store after it.
        """
        with reported(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            with reported(self.path):
                self._connection.execute("ROLLBACK")

    def outbox(self) -> list[tuple[int, str]]:
        """The lines of alerts that are committed and not yet `delivered`, with their numbers, in order."""
        with reported(self.path):
            return self._alerts.lines()

    def delivered(self, last: int, marks: Mapping[str, Any]) -> None:
        """Drops the lines of the outbox up to a number, and sets the marks of the file that they went to."""
        with self._written():
            self._alerts.drop(last)
            self._put("marks", marks)

    @contextmanager
    def _written(self) -> Iterator[None]:
        """A transaction that writes the checksums at its end."""
        with reported(self.path), transaction(self._connection):
            yield
            self._sums.write()

    def _refuse(self, owner: str, what: str) -> None:
        if not self._adopt:
            remedy = f"go on with that {what}, or give `adopt`: values stay, all else begins anew"
            raise UserError("state", self.path, f"is the store of {owner}; {remedy}")

    def _read(self, table: str) -> dict[str, Any]:
        return {key: json.loads(value) for key, value in self._connection.execute(f"SELECT key, value FROM {table}")}

    def _put(self, table: str, values: Mapping[str, Any]) -> None:
        rows = [(key, json.dumps(value)) for key, value in values.items()]
        self._connection.executemany(f"INSERT OR REPLACE INTO {table} VALUES (?, ?)", rows)

    def _put_facts(self, freq: str | int | None) -> None:
        self._facts = {"identity": self._identity, "freq": freq, "small": self._small.facts()}
        self._put("meta", self._facts)

    def _put_adopted(self, lanes: "Lanes", numbers: NDArray[np.int64]) -> None:
        """Makes the store one of this model. Open alerts stay open, because their episodes are dropped."""
        with self._written():
            self._put_facts(lanes.freq)
            self._put_lanes(lanes, numbers)

    def _begun_again(self, lanes: "Lanes") -> list[Any]:
        """The names of lanes whose first time has changed: their old steps are others, so they get a new number."""
        numbers = np.array([self._numbers.get(plain(name), -1) for name in lanes.names], dtype=np.int64)
        known = np.flatnonzero(numbers >= 0)
        changed = known[self._first[numbers[known]] != lanes.state[_FIRST][known]]
        return [lanes.names[lane] for lane in changed.tolist()]

    def _forget(self, names: Iterable[Any]) -> None:
        gone = [(self._numbers.pop(name),) for name in map(plain, names) if name in self._numbers]  # else it was new
        self._last[[number for (number,) in gone]] = _GONE
        for (number,) in gone:
            self._sums.set_lane(number, None)
        self._connection.executemany("DELETE FROM lanes WHERE lane = ?", gone)

    def _numbered(self, names: Sequence[Any]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """The numbers of lanes, and which of them are new; a number is never reused."""
        for name in map(plain, names):
            if name not in self._numbers:
                self._numbers[name] = self._next
                self._next += 1
        self._make_room(self._next)
        numbers = np.array([self._numbers[plain(name)] for name in names], dtype=np.int64)
        return numbers, self._last[numbers] == _GONE

    def _make_room(self, numbers: int) -> None:
        more = np.full(max(0, numbers - len(self._last)), _GONE)
        self._last, self._seen, self._first = (np.append(of, more) for of in (self._last, self._seen, self._first))

    def _put_lanes(self, lanes: "Lanes", numbers: NDArray[np.int64]) -> None:
        blobs = [row.tobytes() for row in self._small.pack(lanes.state)]
        columns = numbers.tolist(), map(plain, lanes.names), lanes.last.tolist(), self._seen[numbers].tolist(), blobs
        rows = list(zip(*columns, strict=True))
        for row in rows:
            self._sums.set_lane(row[0], row)
        self._connection.executemany("INSERT OR REPLACE INTO lanes VALUES (?, ?, ?, ?, ?)", rows)
