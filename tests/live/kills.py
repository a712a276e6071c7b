"""Runs the command in a process that is killed at its n-th operation: a write, a sync or a statement of SQLite."""

import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from segue.cli import app


class Killing:
    """Counts operations, and kills this process before or after one of them.

    Args:
        at: The moment, counted from 1: twice the number of the operation, less one if before it; 0 for never.
    """

    def __init__(self, at: int) -> None:
        self.moments, self._at = 0, at

    def _moment(self) -> None:
        self.moments += 1
        if self.moments == self._at:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, operation: Callable[..., Any]) -> Callable[..., Any]:
        """The operation with a moment before and after it."""

        def counted(*arguments: Any, **more: Any) -> Any:
            self._moment()
            result = operation(*arguments, **more)
            self._moment()
            return result

        return counted

    def connection(self) -> type[sqlite3.Connection]:
        """A class of connections whose statements are counted."""
        kill = self

        class Counted(sqlite3.Connection):
            execute = kill.around(sqlite3.Connection.execute)
            executemany = kill.around(sqlite3.Connection.executemany)
            close = kill.around(sqlite3.Connection.close)

        return Counted


def run_killed(arguments: list[str], at: int, printed: Path, moments: Path | None = None) -> bool:
    """Runs the command in a child of this process; returns whether it was killed before its end.

    Args:
        arguments: Those of the command line.
        at: See `Killing`.
        printed: A file that what the command prints is appended to.
        moments: A file for the number of moments, if it is not killed.
    """
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        return os.WIFSIGNALED(status)
    try:
        sys.stdout = printed.open("a", buffering=1)
        killing = Killing(at)
        connect, counted = sqlite3.connect, killing.connection()
        sqlite3.connect = lambda *given, **more: connect(*given, **more, factory=counted)  # type: ignore[assignment]
        for name in ("write", "fsync", "ftruncate"):
            setattr(os, name, killing.around(getattr(os, name)))
        app(arguments, standalone_mode=False)
        if moments is not None:
            moments.write_text(str(killing.moments))
    finally:
        os._exit(0)
