"""Ctrl-C between two batches: it ends a wait at once, and a batch is finished first."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Stop(BaseException):
    """A wait was ended by Ctrl-C, or by the signal that services are stopped with."""


class Stopping:
    """Takes SIGINT and SIGTERM while its block runs.

    Attributes:
        asked: Whether one of them came.
    """

    def __init__(self) -> None:
        self.asked, self._waiting = False, False

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """A block that is ended at once.

        Raises:
            Stop: One of the signals came, before or within the block.
        """
        self._waiting = True
        try:
            if self.asked:
                raise Stop
            yield
        finally:
            self._waiting = False

    def __enter__(self) -> "Stopping":
        self._before = {}
        if threading.current_thread() is threading.main_thread():  # signals reach the main thread only
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._take)
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)

    def _take(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
        if self._waiting:
            raise Stop
