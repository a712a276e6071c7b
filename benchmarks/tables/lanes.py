"""Inputs by number through processes that may die, hang or fill the memory: none of them stops the others."""

import multiprocessing
import queue
import resource
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from benchmarks.tables.inputs import Input
from benchmarks.tables.trial import SECONDS, Outcome, attempt

Maker = Callable[[int, int], Input]
"""Makes the input of a seed and a number."""

_CHUNK = 250  # inputs of one process, so that what one leaves behind does not count for the next ones for long
_PATIENCE = 4 * SECONDS  # an alarm waits until a function of C returns
_ADDRESSES = 8 * 2**30  # bytes; pyarrow and polars reserve much more than they touch


def outcomes(make: Maker, seed: int, numbers: Sequence[int], whole_every: int, workers: int) -> Iterator[Outcome]:
    """Tries inputs in processes of their own.

    Args:
        make: A function of a module, which the processes import.
        seed: The seed of all inputs.
        numbers: The numbers of the inputs.
        whole_every: Each input whose number this divides goes through the whole command.
        workers: How many processes run side by side.

    Yields:
        The outcomes, in no order.
    """
    done: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
    chunks = [numbers[start : start + _CHUNK] for start in range(0, len(numbers), _CHUNK)]
    with ThreadPoolExecutor(workers) as pool:
        for chunk in chunks:
            pool.submit(_shielded, make, seed, chunk, whole_every, done)
        for _ in numbers:
            yield done.get()


_starting = threading.Lock()


def _shielded(make: Maker, seed: int, numbers: Sequence[int], whole_every: int, done: Any) -> None:
    """Tries one chunk; where the process dies or hangs, the next process goes on after that input."""
    left = list(numbers)
    while left:
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe()
        with _starting:
            process = context.Process(target=_serve, args=(there, make, seed, left, whole_every), daemon=True)
            process.start()
        there.close()
        reason = "the process ended"
        try:
            while left:
                if not here.poll(_PATIENCE):
                    reason = f"no answer in {_PATIENCE} s"
                    break
                done.put(here.recv())
                left.pop(0)
        except EOFError:
            pass
        process.kill()
        process.join()
        if left:
            kind = "slow" if "answer" in reason else "died"
            done.put(Outcome(left.pop(0), "?", kind, f"{reason}, exit {process.exitcode}", float(_PATIENCE), 0.0))


def _serve(pipe: Connection, make: Maker, seed: int, numbers: Sequence[int], whole_every: int) -> None:
    """The process: one outcome after another."""
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESSES, _ADDRESSES))
    import segue.forecasting.forecast  # noqa: F401  so that imports count for no input

    for number in numbers:
        pipe.send(tried(make, seed, number, whole_every))
    pipe.close()


def tried(make: Maker, seed: int, number: int, whole_every: int) -> Outcome:
    """Makes and tries one input in this process."""
    with tempfile.TemporaryDirectory() as folder:
        return attempt(make(seed, number), Path(folder), whole=number % whole_every == 0)
