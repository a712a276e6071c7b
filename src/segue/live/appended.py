"""A file that grows by whole batches. It is cut back to the last commit, so that it holds each row once."""

import os
from collections.abc import Mapping
from pathlib import Path

from segue.errors import UserError

_FIRST_LINE = 65_536  # the most bytes of a first line that are read: more than a header or an alert has


class AppendedFile:
    """A file that is written at its end only.

    Rows are written and synced before the commit that marks how long the file is. A process that is killed leaves
    rows behind that no commit knows; the next one cuts them off, and writes them again.

    Args:
        argument: The name of the argument in errors.
        path: The file.
        committed: The length in bytes of files at the last commit, by their whole path. A file that is not among them
            is written anew, if it is empty or of this kind.
        kind: What the first line of such a file holds, so that no file of another kind is lost.

    Raises:
        UserError: The file cannot be written, is of another kind, or is shorter than the last commit left it.
    """

    def __init__(self, argument: str, path: Path, committed: Mapping[str, int], kind: str) -> None:
        self._committed, self._key = dict(committed), str(path.resolve())
        self.bytes = self._committed.get(self._key, 0)
        if self._key not in self._committed:
            _refuse_other_kind(argument, path, kind)
        try:
            self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
        except OSError as error:
            raise UserError(argument, path, f"cannot be written ({error.strerror}); name another file") from error
        size = os.fstat(self._descriptor).st_size
        if size < self.bytes:
            os.close(self._descriptor)
            fault = f"has {size:,} bytes, and {self.bytes:,} were written; restore it, or name another file"
            raise UserError(argument, path, fault)
        os.ftruncate(self._descriptor, self.bytes)
        os.lseek(self._descriptor, 0, os.SEEK_END)

    def facts(self) -> dict[str, int]:
        """The length of this file now, and of the others, to commit."""
        return {**self._committed, self._key: self.bytes}

    def write(self, text: str) -> None:
        """Appends a text, and waits until it is on the disk."""
        rest = memoryview(text.encode())
        self.bytes += len(rest)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]
        os.fsync(self._descriptor)

    def close(self) -> None:
        """Closes the file."""
        os.close(self._descriptor)


def _refuse_other_kind(argument: str, path: Path, kind: str) -> None:
    """Refuses a file that something else has written."""
    if not path.is_file():
        return
    try:
        with path.open("rb") as file:
            first = file.readline(_FIRST_LINE)
    except OSError as error:
        raise UserError(argument, path, f"cannot be read ({error.strerror}); name another file") from error
    if first and kind.encode() not in first:
        raise UserError(argument, path, "was not written by a watch; name another file")
