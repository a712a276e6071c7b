"""The number of threads of the served half, decided in one module, within the limits of a container."""

import math
import os
from pathlib import Path

_QUOTA = Path("/sys/fs/cgroup/cpu.max")  # "quota period" in microseconds, or "max period" (Linux, cgroup v2)


def usable_threads() -> int:
    """The value of OMP_NUM_THREADS, or else the number of processors that this process may use.

    A container that may use two of 64 processors gets two threads: more threads would wait for each other.
    """
    named = os.environ.get("OMP_NUM_THREADS", "")
    if named.isascii() and named.isdigit() and int(named) > 0:
        return int(named)
    return usable_processors()


def usable_processors() -> int:
    """The number of processors that this process may use, whatever number of threads it is to compute with."""
    affinity = getattr(os, "sched_getaffinity", None)  # not on macOS and Windows
    processors = len(affinity(0)) if affinity is not None else os.cpu_count() or 1
    return max(1, min(processors, _quota()))


def _quota() -> int:
    """The number of processors that the control group grants, or a very large number if there is no limit."""
    try:
        quota, period = _QUOTA.read_text().split()
        return math.ceil(int(quota) / int(period))
    except (OSError, ValueError):  # no such file, or "max"
        return 2**31
