"""Ctrl-C and SIGTERM between two steps, never within one."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType


class Interrupted(KeyboardInterrupt):
    """Training was stopped by Ctrl-C or SIGTERM and its state saved.

    It is a `KeyboardInterrupt`, so code that catches errors does not catch it.

    Args:
        run: The run folder.
        step: The step of the checkpoint.
    """

    def __init__(self, run: Path, step: int) -> None:
        self.run, self.step = run, step
        super().__init__(f"stopped at step {step}, saved in {run}: --resume (resume=True) goes on from there")


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Delays Ctrl-C until the block has ended, then raises it as a `KeyboardInterrupt`.

    SIGTERM is delayed in the same way where the program handles it, as the command line does.
    """
    if threading.current_thread() is not threading.main_thread():  # Ctrl-C reaches the main thread only
        yield
        return
    held: list[int] = []

    def hold(number: int, frame: FrameType | None) -> None:
        held.append(number)

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    handlers = {number: handler for number, handler in before.items() if callable(handler)}  # not ignored, not fatal
    for stopping in handlers:
        signal.signal(stopping, hold)
    try:
        yield
    finally:
        for stopping, handler in handlers.items():
            signal.signal(stopping, handler)
    for number in held:
        handlers[signal.Signals(number)](number, None)
