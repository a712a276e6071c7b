"""Ctrl-C between two steps, never within one."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType


class Interrupted(KeyboardInterrupt):
    """Training was stopped by Ctrl-C and its state saved.

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
    """Delays Ctrl-C until the block has ended, then raises it as a `KeyboardInterrupt`."""
    if threading.current_thread() is not threading.main_thread():  # Ctrl-C reaches the main thread only
        yield
        return
    held: list[int] = []

    def hold(number: int, frame: FrameType | None) -> None:
        held.append(number)

    before = signal.signal(signal.SIGINT, hold)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before if before is not None else signal.default_int_handler)
    if held:
        raise KeyboardInterrupt
