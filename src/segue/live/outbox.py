"""The alerts of a store. Each has an id, and its lines wait in the outbox until they are delivered.

An alert is committed before it is delivered. If the process is killed in between, the next one delivers it again.
"""

import json
import sqlite3
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from segue.live.sums import Sums

if TYPE_CHECKING:
    from segue.live.alerts import Event

_DIRECTIONS = {1: "up", -1: "down", 0: "both"}


class Outbox:
    """The tables `alerts` and `outbox`.

    Args:
        connection: The database.
        sums: Its checksums.
    """

    def __init__(self, connection: sqlite3.Connection, sums: Sums) -> None:
        self._connection, self._sums = connection, sums
        self._open: dict[tuple[Any, Any], int] = {}  # the alerts that have not ended, by lane and begin

    def read(self) -> None:
        """Reads which alerts have not ended."""
        self._sums.check("alerts", self._connection.execute("SELECT * FROM alerts"))
        rows = self._connection.execute('SELECT name, begin, id FROM alerts WHERE "end" IS NULL')
        self._open = {(name, begin): number for name, begin, number in rows}

    def put(self, events: "Iterable[Event]") -> None:
        """Writes alerts that open or end, and their lines."""
        for event in events:
            key = plain(event.lane), plain(event.begin)
            facts = plain(event.end), event.p, event.extent, event.direction, event.accepted
            number = self._open.get(key)
            if number is None:
                statement = "INSERT INTO alerts VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)"
                number = int(self._connection.execute(statement, (*key, *facts)).lastrowid or 0)
            else:
                self._toggle(number)
                changes = '"end" = ?, p = ?, extent = ?, direction = ?, accepted = ?'
                self._connection.execute(f"UPDATE alerts SET {changes} WHERE id = ?", (*facts, number))
            self._toggle(number)
            self._open[key] = number
            if event.end is not None:
                del self._open[key]
            self._connection.execute("INSERT INTO outbox VALUES (NULL, ?)", (alert_line(number, event),))

    def _toggle(self, number: int) -> None:
        self._sums.toggle("alerts", self._connection.execute("SELECT * FROM alerts WHERE id = ?", (number,)).fetchone())

    def lines(self) -> list[tuple[int, str]]:
        """The lines that wait, with their numbers, in order."""
        return self._connection.execute("SELECT number, line FROM outbox ORDER BY number").fetchall()

    def drop(self, last: int) -> None:
        """Drops the lines up to a number."""
        self._connection.execute("DELETE FROM outbox WHERE number <= ?", (last,))


def alert_line(number: int, event: "Event") -> str:
    """Writes an alert as one line of JSON; it has the same `id` when it opens and when it ends.

    Args:
        number: The id of the alert.
        event: The alert as it stands.
    """
    facts = {
        "id": number,
        "unique_id": plain(event.lane),
        "begin": plain(event.begin),
        "end": plain(event.end),
        "extent": event.extent,
        "p": float(f"{event.p:.4g}"),
        "direction": _DIRECTIONS[event.direction],
        "accepted": event.accepted,
    }
    return json.dumps(facts, ensure_ascii=False)


def plain(value: Any) -> Any:
    """A name or a time as JSON and SQLite hold it; times are text without zeros of parts of a second.

    Example:
        >>> plain(np.datetime64("2024-05-01T10:30:00.000000"))
        '2024-05-01 10:30:00'
    """
    if isinstance(value, np.datetime64):
        text = str(value.astype("datetime64[us]")).replace("T", " ")
        return text.rstrip("0").removesuffix(".") if "." in text else text
    return value.item() if isinstance(value, np.generic) else value
