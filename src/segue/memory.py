"""The memory that is free, and what asks for more than that."""

import os
from pathlib import Path

from segue.errors import UserError

_INFORMATION = Path("/proc/meminfo")
_GRANTED, _USED = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")  # Linux, cgroup v2
# Peak memory of `segue.forecast` above that of the table read, pandas 3.0, in bytes a row: 187 with 3 columns of values
# and 817 with 23, at 500,000 rows of 1,000 series; 176 and 188 with 3 columns of 10,000 and of 1,000 longer series.
_ROW_BYTES, _COLUMN_BYTES = 90, 31
_UNKNOWN = 2**34  # bytes: what is assumed where the system does not say, as much as a large laptop has


def free_memory() -> int:
    """The bytes that this process can still take, within the limits of a container."""
    return min(_of_machine(), _of_container())


def require_memory(argument: str, value: object, size: int, remedy: str) -> None:
    """Refuses work that needs more memory than there is, before it begins.

    Args:
        argument: The argument that asks for it.
        value: Its value.
        size: The least number of bytes that the work takes.
        remedy: What to do instead.

    Raises:
        UserError: The work takes more bytes than are free.
    """
    free = free_memory()
    if size > free:
        raise UserError(
            argument, value, f"needs {size / 1e9:,.1f} GB of memory, {free / 1e9:,.1f} GB are free; {remedy}"
        )


def require_room(series: int, horizon: int, columns: int) -> None:
    """Refuses a table of forecasts that does not fit the memory.

    Args:
        series: The series of the table.
        horizon: The steps of each.
        columns: The columns of values.

    Raises:
        UserError: The table takes more bytes than are free.
    """
    size = series * horizon * (_ROW_BYTES + _COLUMN_BYTES * columns)
    require_memory("horizon", horizon, size, f"ask for fewer steps, or for fewer of the {series:,} series at once")


def _of_machine() -> int:
    try:
        for line in _INFORMATION.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
        return _UNKNOWN
    except (OSError, ValueError):
        return _physical()


def _physical() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows
        return _UNKNOWN


def _of_container() -> int:
    try:
        return int(_GRANTED.read_text()) - int(_USED.read_text())
    except (OSError, ValueError):  # no such file, or "max"
        return 2**63
