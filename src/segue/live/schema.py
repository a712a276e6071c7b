"""The file of a store: a SQLite database, opened by one process. A one-line error refuses any other file."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from segue.errors import UserError

APPLICATION, VERSION = 0x53656775, 3
"""The mark of the databases of Segue, `Segu` in ASCII, and the version of their tables."""

PAGE = 1024
"""Bytes of a page: SQLite writes whole pages.

The row of a lane has at most 950 bytes, which fit one page of 1 kB. So a batch writes 1 kB for a lane, whichever lanes
it touches. With the usual 4 kB, a batch of scattered lanes would write 4 kB for each.
"""
_CHECKPOINT, _BATCHES = 8192, 8
"""Pages of the write-ahead log before they are moved to the database: 8 MB, or those of eight batches of all lanes.

A page that changes often is moved once. With 8 MB alone, 10,000 lanes would have each page written twice a batch.
"""

_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE marks (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE lanes (lane INTEGER PRIMARY KEY AUTOINCREMENT, name NOT NULL, last INTEGER NOT NULL,
    seen INTEGER NOT NULL, small BLOB NOT NULL);
CREATE TABLE history (block INTEGER PRIMARY KEY AUTOINCREMENT, cells BLOB NOT NULL);
CREATE TABLE alerts (id INTEGER PRIMARY KEY AUTOINCREMENT, name NOT NULL, begin NOT NULL, "end", p REAL NOT NULL,
    extent INTEGER NOT NULL, direction INTEGER NOT NULL, accepted INTEGER NOT NULL);
CREATE TABLE outbox (number INTEGER PRIMARY KEY AUTOINCREMENT, line TEXT NOT NULL);
"""


def connect(path: Path) -> sqlite3.Connection:
    """Opens a store, or makes an empty one; no other process can open it until it is closed.

    The journal is a synchronous write-ahead log: a commit is one append and one sync of the log. A rollback journal
    would write old and new pages, and sync three times. After `kill -9` or a power cut the next process finds the last
    commit.

    Raises:
        UserError: The file cannot be opened, is no store or a damaged one, or another process has it open.
    """
    with reported(path):
        connection = sqlite3.connect(path, timeout=0, isolation_level=None)
        try:
            _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute(f"PRAGMA page_size = {PAGE}")
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    mark, version = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version"))
    if not empty and mark != APPLICATION:
        raise UserError("state", path, "is another program's database; name another file")
    if not empty and version != VERSION:
        raise UserError("state", path, f"has tables of version {version}, and this is version {VERSION}; name another")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA secure_delete = OFF")  # zeros over dropped cells would be written for nothing
    keep_log(connection, 0)
    with transaction(connection):  # takes the lock, which the process keeps
        if empty:
            for statement in _TABLES.split(";\n"):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION}")
            connection.execute(f"PRAGMA user_version = {VERSION}")


def keep_log(connection: sqlite3.Connection, lanes: int) -> None:
    """Sets how long the write-ahead log of a store of so many lanes grows."""
    connection.execute(f"PRAGMA wal_autocheckpoint = {max(_CHECKPOINT, _BATCHES * lanes)}")


def sequence(connection: sqlite3.Connection, table: str) -> int:
    """The largest number that a row of this table ever had; numbers are never reused."""
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).fetchone()
    return 0 if row is None else int(row[0])


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commits what the block writes; nothing if it fails. An outer transaction commits for both."""
    if connection.in_transaction:
        yield
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


@contextmanager
def reported(path: Path) -> Iterator[None]:
    """Turns the errors of SQLite into one line for the user.

    Raises:
        UserError: The file is no database, is damaged, cannot be opened, or is in use.
        OSError: The disk is full, or another fault of the system.
    """
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
        if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
            raise OSError(None, str(error), str(path)) from error
        remedies = {
            sqlite3.SQLITE_BUSY: "is in use by another process; stop it, or name another file",
            sqlite3.SQLITE_LOCKED: "is in use by another process; stop it, or name another file",
            sqlite3.SQLITE_NOTADB: "is not a store that segue watch made; name another file",
            sqlite3.SQLITE_CANTOPEN: "cannot be opened; name a file in a folder that exists and can be written",
            sqlite3.SQLITE_READONLY: "cannot be written; change its permissions, or name another file",
            sqlite3.SQLITE_PERM: "cannot be written; change its permissions, or name another file",
        }
        damaged = f"is damaged ({error}); restore a copy of it, or name another file to begin anew"
        raise UserError("state", path, remedies.get(code, damaged)) from error
