"""Batches are made ahead of the training, in a process beside it.

The process is this module, run by the same Python. It reads the windows' settings and then numbers of batches from its
standard input, and writes the batches to its standard output. If the training ends or is killed, the input of the
process ends, and so does the process. Batch n is the same, bit for bit, wherever it is made.
"""

import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from queue import SimpleQueue
from typing import IO, Any

import torch

from segue.forecasting.pretraining.examples import Examples, examples_of
from segue.forecasting.pretraining.windows import Windows

AHEAD = 24
"""Batches. A block of 2,048 series takes as long as 2 to 10 steps, which this number bridges with a reserve."""
# glibc gives large arrays back to the system as soon as they are freed, and the system fills the next ones with zeros.
# To keep them takes 20 % less time per batch for `nanotst`, 40 % less for `nanotst-small`. Other systems ignore this.
_KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(2**30), "MALLOC_TRIM_THRESHOLD_": str(2**32)}
_START = "import sys; sys.path[:] = {path!r}; from segue.forecasting.pretraining.ahead import serve; serve()"
_POLITE = 5  # added to the niceness: where processors are scarce, the training comes first


@contextmanager
def made_ahead(windows: Windows) -> Iterator["BatchesAhead"]:
    """Starts the process, and ends it with the block."""
    batches = BatchesAhead(windows)
    try:
        yield batches
    finally:
        batches.close()


class BatchesAhead:
    """The batches of `windows`, as `examples_of` makes them, from a process that makes them before they are needed.

    A request for batch n returns it and starts the next ones, at most `AHEAD` of them. A request for another batch than
    the next one only costs time.

    Args:
        windows: The source of the batches.
    """

    def __init__(self, windows: Windows) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _START.format(path=sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_KEEP_MEMORY | os.environ,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._to, self._from = self._process.stdin, self._process.stdout
        self._made: SimpleQueue[tuple[int, Any]] = SimpleQueue()
        self._asked = range(0)  # the numbers whose batches are still to come
        self._send((windows.data, windows.patch, windows.span, windows.seed))
        threading.Thread(target=_receive, args=(self._from, self._made), daemon=True).start()

    def examples(self, number: int) -> Examples:
        """Returns batch `number` of the stream.

        Raises:
            RuntimeError: The process has ended; it said why on the standard error stream.
        """
        begin = self._asked.stop if number in self._asked else number
        for following in range(begin, number + 1 + AHEAD):
            self._send(following)
        self._asked = range(number + 1, number + 1 + AHEAD)
        while True:
            found, arrays = self._made.get()
            if found == number:
                return Examples.of(*map(torch.from_numpy, arrays))
            if found < 0:
                self._made.put((found, None))  # the next request must not wait for ever
                raise RuntimeError(f"the process that makes series ended before batch {number}")

    def close(self) -> None:
        """Ends the process."""
        self._process.kill()  # it holds nothing that could be lost
        self._process.wait()
        with suppress(OSError):
            self._to.close()

    def _send(self, what: Any) -> None:
        with suppress(BrokenPipeError):  # `examples` says that the process has ended
            pickle.dump(what, self._to)
            self._to.flush()


def serve() -> None:
    """The process: batches from standard input to standard output, until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the training, which ends this process
    if hasattr(os, "nice"):
        os.nice(_POLITE)
    torch.set_num_threads(1)
    numbers = sys.stdin.buffer
    # with PYTHONUNBUFFERED, `sys.stdout.buffer` is a raw file, which loses the rest of a write that Ctrl-Z cuts short
    batches = os.fdopen(sys.stdout.fileno(), "wb", closefd=False)
    sys.stdout = sys.stderr  # nothing else may reach the batches
    with suppress(EOFError, BrokenPipeError):
        data, patch, span, seed = pickle.load(numbers)
        windows = Windows(data, patch=patch, span=span, seed=seed)
        while True:
            number = pickle.load(numbers)
            examples = examples_of(windows.batch(number))
            pickle.dump((number, [part.numpy() for part in examples.tensors()]), batches, protocol=5)
            batches.flush()


def _receive(stream: IO[bytes], made: "SimpleQueue[tuple[int, Any]]") -> None:
    """Moves batches from the process to the queue, so that the process does not wait for the training to read them."""
    with suppress(EOFError, OSError, pickle.UnpicklingError), stream:
        while True:
            made.put(pickle.load(stream))
    made.put((-1, None))
