"""Checksums of the tables of a store, so that damage on a disk is refused and never read as values.

SQLite checks the frames of its write-ahead log, and of the database only how pages hang together.
"""

import json
import sqlite3
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

KEY = "sums"
"""The mark that holds the checksums."""
_TEXTS = (
    f"SELECT key, value FROM marks WHERE key != '{KEY}' ORDER BY key",
    "SELECT key, value FROM meta ORDER BY key",
    "SELECT number, line FROM outbox ORDER BY number",
    "SELECT name, seq FROM sqlite_sequence ORDER BY name",
)


class Sums:
    """The checksums of all tables, which are written with each commit.

    That of `lanes`, `history` and `alerts` is the exclusive or of the checksums of their rows. So a row that is added,
    removed or changed costs its own length only. The small tables share one checksum, which is computed anew each time.

    Args:
        connection: The database.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._of = {"lanes": 0, "history": 0, "alerts": 0}
        self._lanes: dict[int, int] = {}  # the checksum of each row of lanes

    def read(self) -> None:
        """Reads the checksums, and checks the small tables.

        Raises:
            sqlite3.DatabaseError: They differ.
        """
        found = self._connection.execute("SELECT value FROM marks WHERE key = ?", (KEY,)).fetchone()
        texts = self._texts()
        if found is None:
            _check(texts == 0)
            return
        try:
            stored = json.loads(found[0])
            _check(stored.pop("texts") == texts and stored.keys() == self._of.keys())
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise sqlite3.DatabaseError("a checksum differs") from error
        self._of = stored

    def toggle(self, table: str, row: Sequence[Any]) -> None:
        """Takes account of a row that is added or removed."""
        self._of[table] ^= checksum(row)

    def set_lane(self, lane: int, row: Sequence[Any] | None) -> None:
        """Takes account of a lane that is written, or removed if there is no row."""
        after = 0 if row is None else checksum(row)
        self._of["lanes"] ^= self._lanes.get(lane, 0) ^ after
        self._lanes[lane] = after

    def check_lanes(self, rows: Sequence[Sequence[Any]]) -> None:
        """Checks the rows of lanes, each of which begins with its number.

        Raises:
            sqlite3.DatabaseError: The checksum differs.
        """
        self.check("lanes", rows)
        self._lanes = {row[0]: checksum(row) for row in rows}

    def check(self, table: str, rows: Iterable[Sequence[Any]]) -> None:
        """Checks all rows of a table.

        Raises:
            sqlite3.DatabaseError: The checksum differs.
        """
        total = 0
        for row in rows:
            total ^= checksum(row)
        _check(total == self._of[table])

    def write(self) -> None:
        """Writes the checksums, within a transaction."""
        value = json.dumps({**self._of, "texts": self._texts()})
        self._connection.execute("INSERT OR REPLACE INTO marks VALUES (?, ?)", (KEY, value))

    def _texts(self) -> int:
        """The checksum of the small tables; 0 if all are empty."""
        total = 0
        for statement in _TEXTS:
            for row in self._connection.execute(statement):
                total = checksum(row, total)
        return total


def checksum(row: Sequence[Any], before: int = 0) -> int:
    """The CRC-32 of a row.

    Args:
        row: The values, as SQLite gives them back.
        before: The checksum of what comes before it.
    """
    for value in row:
        content = value if isinstance(value, bytes) else f"{value!r}\0".encode(errors="surrogatepass")
        before = zlib.crc32(content, before)
    return before


def _check(fits: bool) -> None:
    if not fits:
        raise sqlite3.DatabaseError("a checksum differs")
