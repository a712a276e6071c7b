"""A file that grows by whole batches. It is cut back to the last commit, so that it holds each row once."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from segue.errors import UserError

_TAIL = 1024  # last bytes that show whether a file is the one that was written


class AppendedFile:
    """A file that is written at its end only.

    The store knows a file, and its length, before its first byte is written. Rows are written and synced before the
    commit that marks how long the file is. A process that is killed leaves rows behind that no commit knows. The next
    one cuts them off, and writes them again. No byte is cut of a file that the store does not know.

    Args:
        argument: The name of the argument in errors.
        path: The file.
        key: Its name in `committed`.
        committed: The length in bytes of files at the last commit, and a hash of their last bytes, by their names.

    Attributes:
        bytes: The length.
        is_new: Whether `committed` does not know it. Then commit `facts` before you write.

    Raises:
        UserError: The file cannot be written, or it is not as the last commit left it, but for more rows at its end.
    """

    def __init__(self, argument: str, path: Path, key: str, committed: Mapping[str, Sequence[int | str]]) -> None:
        self._committed, self._key = dict(committed), key
        self.is_new = key not in committed
        size, tail = committed.get(key, (0, ""))
        self.bytes = int(size)
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
        except OSError as error:
            raise UserError(argument, path, f"cannot be written ({error.strerror}); name another file") from error
        try:
            self._tail = self._cut(argument, path, str(tail))
        except UserError:
            os.close(self._descriptor)
            raise
        except OSError as error:  # a pipe or a device
            os.close(self._descriptor)
            raise UserError(argument, path, f"cannot be cut back ({error.strerror}); name a regular file") from error

    def _cut(self, argument: str, path: Path, tail: str) -> bytes:
        """Cuts the file back to its length at the last commit; returns the last bytes that are left."""
        size = os.fstat(self._descriptor).st_size
        if self.is_new and size:
            remedy = "give the `state` that it was written with, move it away, or name another file"
            raise UserError(argument, path, f"holds {size:,} bytes that this store does not know of; {remedy}")
        if size < self.bytes:
            fault = f"has {size:,} bytes, and {self.bytes:,} were written; restore it, or name another file"
            raise UserError(argument, path, fault)
        os.lseek(self._descriptor, max(0, self.bytes - _TAIL), os.SEEK_SET)
        left = os.read(self._descriptor, min(_TAIL, self.bytes))
        if self.bytes and _hash(left) != tail:
            raise UserError(argument, path, "is not the file that was written; restore it, or name another file")
        os.ftruncate(self._descriptor, self.bytes)
        os.lseek(self._descriptor, 0, os.SEEK_END)
        return left

    def facts(self) -> dict[str, Sequence[int | str]]:
        """The length of this file now, and of the others, to commit."""
        return {**self._committed, self._key: [self.bytes, _hash(self._tail)]}

    def write(self, text: str) -> None:
        """Appends a text, and waits until it is on the disk."""
        rest = memoryview(text.encode())
        self.bytes += len(rest)
        self._tail = (self._tail + bytes(rest[-_TAIL:]))[-_TAIL:]
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]
        os.fsync(self._descriptor)

    def close(self) -> None:
        """Closes the file."""
        os.close(self._descriptor)


def _hash(tail: bytes) -> str:
    return hashlib.sha256(tail).hexdigest()[:16]
