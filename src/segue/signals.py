"""Ctrl-C and SIGTERM of commands: both end a command in one line, with the exit status that shells expect."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Terminated(KeyboardInterrupt):
    """SIGTERM, which services and batch systems stop a process with; code that handles Ctrl-C handles it, too."""


class Stops:
    """Turns both signals into exceptions while its block runs.

    Attributes:
        number: The first signal that came; `None` for none.
    """

    def __init__(self) -> None:
        self.number: int | None = None

    @property
    def status(self) -> int:
        """The exit status of a process that a signal has stopped: 130 for Ctrl-C, 143 for SIGTERM."""
        return 128 + (self.number or signal.SIGINT)

    def _take(self, number: int, frame: FrameType | None) -> None:
        self.number = self.number or number
        raise Terminated if number == signal.SIGTERM else KeyboardInterrupt

    @contextmanager
    def raised(self) -> Iterator[None]:
        """A block in which the signals are exceptions; a signal that the caller ignores stays ignored."""
        with _handled(self._take):
            yield


@contextmanager
def stopped_at_once() -> Iterator[None]:
    """A block that a signal ends together with the process, as long as there is nothing to clean up.

    An exception would be lost, or become another one, in the middle of an import.
    """

    def quit_now(number: int, frame: FrameType | None) -> None:
        os.write(2, b"segue: stopped\n")
        os._exit(128 + number)

    with _handled(quit_now):
        yield


@contextmanager
def _handled(handler: "signal._HANDLER") -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    taken = [number for number, own in before.items() if own is not signal.SIG_IGN]
    for number in taken:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, before[number] or signal.SIG_DFL)
