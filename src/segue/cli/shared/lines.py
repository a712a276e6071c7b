"""Lines of a file that may grow, or of standard input, and how far they were read."""

import hashlib
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from segue.errors import UserError

STANDARD_INPUT = "-"

_CHUNK = 1 << 18  # bytes read at a time
_HEAD = 1024  # bytes that show whether a file is the one of before
_POLL = 0.5  # seconds between two looks at a file that has not grown


@dataclass(frozen=True)
class Position:
    """How far a file was read.

    Attributes:
        bytes: The bytes of the lines that were read.
        lines: Their number.
        head: A hash of the first of these bytes, at most 1,024.
    """

    bytes: int = 0
    lines: int = 0
    head: str = ""

    def facts(self) -> dict[str, Any]:
        """The attributes as JSON values."""
        return asdict(self)


class Lines:
    """Reads whole lines, without their ends.

    Args:
        path: A file, or `-` for standard input.
        position: Where to go on; it is the beginning if the file is another one than before, and for standard input.
        follow: Whether to wait for more lines at the end of the file.
        sleep: What waits for a number of seconds; `time.sleep` if None.
        note: A function that is called with a line if the file is another one than before.

    Attributes:
        position: After the lines that were read.

    Raises:
        UserError: The file cannot be read.
    """

    def __init__(
        self,
        path: Path,
        position: Position,
        follow: bool,
        note: Callable[[str], None],
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        self.path, self._follow, self._note, self._sleep = path, follow, note, sleep or time.sleep
        self._standard = str(path) == STANDARD_INPUT
        self._rest, self._head, self._ended = b"", b"", False
        self.position = Position()
        self._file: BinaryIO = sys.stdin.buffer if self._standard else self._opened()
        if not self._standard and position.bytes:
            self._go_to(position)

    def read(self, most: int, least: int = 1) -> list[bytes]:
        """Returns the next lines, at most `most`; none at the end.

        A file is read up to `most` lines or its end. Standard input, and a file that is followed, give what has come
        once there are `least` lines. The last line of a file that is not followed needs no line end.
        """
        enough = least if self._standard else most
        while self._rest.count(b"\n") < enough and not self._ended:
            if self._fill():
                continue
            if self._standard or not self._follow:
                self._ended = True
            elif self._rest.count(b"\n") >= least:
                break
            else:
                self._wait()
        *lines, rest = self._rest.split(b"\n", most)
        if self._ended and rest and len(lines) < most and b"\n" not in rest:
            lines, rest = [*lines, rest], b""
        size = len(self._rest) - len(rest)
        if len(self._head) < _HEAD:
            self._head += self._rest[: min(size, _HEAD - len(self._head))]
        self._rest = rest
        begin = self.position
        self.position = Position(begin.bytes + size, begin.lines + len(lines), hashlib.sha256(self._head).hexdigest())
        return lines

    def after(self, begin: Position, lines: list[bytes]) -> Position:
        """The position after some lines that were read from `begin` on, which are not the last ones of the file."""
        size = begin.bytes + sum(len(line) + 1 for line in lines)
        return Position(size, begin.lines + len(lines), hashlib.sha256(self._head[:size]).hexdigest())

    def close(self) -> None:
        """Closes the file."""
        if not self._standard:
            self._file.close()

    def _opened(self) -> BinaryIO:
        try:
            return self.path.open("rb")
        except OSError as error:
            raise UserError("file", self.path, f"cannot be read ({error.strerror}); name a file of lines") from error

    def _go_to(self, position: Position) -> None:
        head = self._file.read(min(_HEAD, position.bytes))
        size = os.fstat(self._file.fileno()).st_size
        if size < position.bytes or hashlib.sha256(head).hexdigest() != position.head:
            self._note(f"{self.path.name} is another file than before, and is read from its beginning")
            self._file.seek(0)
            return
        self._file.seek(position.bytes)
        self.position, self._head = position, head

    def _fill(self) -> bool:
        """Reads more bytes; returns whether there were any."""
        chunk = self._file.read1(_CHUNK) if self._standard else self._file.read(_CHUNK)  # type: ignore[attr-defined]
        self._rest += chunk
        return bool(chunk)

    def _wait(self) -> None:
        """Waits a moment; a file that was cut or replaced meanwhile is read from its beginning."""
        self._sleep(_POLL)
        try:
            now = os.stat(self.path)
        except FileNotFoundError:  # about to be replaced
            return
        open_file = os.fstat(self._file.fileno())
        if now.st_ino != open_file.st_ino or now.st_size < self._file.tell():
            self._note(f"{self.path.name} was replaced, and is read from its beginning")
            self._file.close()
            self._file, self._rest, self._head, self.position = self._opened(), b"", b"", Position()
