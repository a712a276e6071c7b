"""All bytes of a file that has an end."""

import errno
import os
import stat
import sys
from pathlib import Path
from typing import Protocol, runtime_checkable


@runtime_checkable
class _File(Protocol):
    """What is used of an open file."""

    def fileno(self) -> int: ...

    def read(self, size: int = ..., /) -> bytes: ...


def read_whole(path: Path) -> bytes:
    """Reads all bytes of a file or a pipe.

    Raises:
        OSError: The file cannot be read, or is a device that never ends, such as `/dev/zero`.
    """
    with path.open("rb") as file:
        return _read(file, str(path))


def read_standard_input() -> bytes:
    """Reads all bytes of standard input; see `read_whole`."""
    return _read(sys.stdin.buffer, "standard input")


def _read(file: _File, name: str) -> bytes:
    try:
        number = file.fileno()
    except OSError:  # in memory, as in tests
        return file.read()
    # of all character devices only terminals end, and the null device at once
    if stat.S_ISCHR(os.fstat(number).st_mode) and not (os.isatty(number) or _is_null(number)):
        raise OSError(errno.EINVAL, "it is a device without an end", name)
    return file.read()


def _is_null(number: int) -> bool:
    try:
        return os.path.samestat(os.fstat(number), os.stat(os.devnull))
    except OSError:
        return False
