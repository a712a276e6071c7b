"""Measured processes: seconds, peak memory and output.

It imports the standard library only, and so should its users: the peak of a child begins at that of its parent.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple


class Finished(NamedTuple):
    """A process that ended well."""

    seconds: float
    """Wall time, its start included."""
    peak: float
    """Largest resident set, in MiB."""
    printed: str
    """Its standard output."""


def run(
    command: Sequence[str | Path],
    threads: int,
    changes: Mapping[str, str | None] | None = None,
    folder: Path | None = None,
) -> Finished:
    """Runs a command to its end.

    Args:
        command: The program and its arguments.
        threads: How many threads it may compute with (`OMP_NUM_THREADS`).
        changes: Environment variables to set, or to remove where None.
        folder: The working folder; ours by default.

    Raises:
        subprocess.CalledProcessError: It failed.
    """
    wanted = {**os.environ, "OMP_NUM_THREADS": str(threads), **(changes or {})}
    environment = {name: value for name, value in wanted.items() if value is not None}
    with tempfile.TemporaryFile("w+") as printed:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=printed, env=environment, cwd=folder)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command)
        printed.seek(0)
        unit = 1 if sys.platform == "darwin" else 1024  # bytes there, kibibytes elsewhere
        return Finished(seconds, usage.ru_maxrss * unit / 2**20, printed.read())


def summary(numbers: Sequence[float], prefix: str = "") -> dict[str, float]:
    """Median, least and largest, as columns."""
    found = {"median": statistics.median(numbers), "min": min(numbers), "max": max(numbers)}
    return {f"{prefix}{name}": number for name, number in found.items()}
