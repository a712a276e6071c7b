"""Lines of a file that may grow and may be rotated, or of standard input, and how far they were read."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from segue.cli.shared.position import START, Position
from segue.errors import UserError

STANDARD_INPUT = "-"

_CHUNK = 1 << 18  # bytes read at a time
_MANY = 4  # files that are no longer named one by one
_POLL = 0.5  # seconds between two looks at a file that has not grown


class Lines:
    """Reads whole lines, without their ends.

    Args:
        path: A file, or `-` for standard input.
        position: Where to go on; it is the beginning if the file is another one than before, and for standard input.
            If the file of before has another name in the same folder, as after log rotation, its rest comes first.
        follow: Whether to wait for more lines at the end of the file.
        sleep: What waits for a number of seconds; `time.sleep` if None.
        note: A function that is called with a line if the file is another one than before.

    Attributes:
        position: After the lines that were read last.
        begin: Before them.

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
        self._rest, self._ended = b"", False
        self._replaced = self._over = False  # another file is at the path; no more lines of the open one will come
        self.position = self.begin = START
        self._file: BinaryIO = sys.stdin.buffer if self._standard else _opened(path)
        if not self._standard and position.bytes and self._file.seekable():
            self._go_to(position)

    def read(self, most: int, least: int = 1) -> list[bytes]:
        """Returns the next lines, at most `most`, all of one file; none at the end.

        A file is read up to `most` lines or its end. Standard input, and a file that is followed, give what has come
        once there are `least` lines. The last line of a file waits for its end: see `unfinished`.
        """
        while True:
            self._gather(most, least)
            *lines, rest = self._rest.split(b"\n", most)
            if (self._over or (self._ended and self._standard)) and rest and len(lines) < most:
                lines, rest = [*lines, rest], b""  # no more of this line will come
            size = len(self._rest) - len(rest)
            self.begin, self.position = self.position, self.position.moved(self._rest[:size], len(lines))
            self._rest = rest
            if lines or not self._over:
                return lines
            self._begin_anew()

    @property
    def unfinished(self) -> bytes:
        """After the end of a file: its last line, if it has no end yet, which `position` does not count."""
        return self._rest if self._ended and b"\n" not in self._rest else b""

    def after(self, begin: Position, lines: list[bytes]) -> Position:
        """The position after some lines that were read from `begin` on, which are not the last ones of the file."""
        return begin.moved(b"".join(line + b"\n" for line in lines), len(lines))

    def close(self) -> None:
        """Closes the file."""
        if not self._standard:
            self._file.close()

    def _gather(self, most: int, least: int) -> None:
        """Reads until there are enough lines, or no more will come."""
        enough = least if self._standard else most
        while self._rest.count(b"\n") < enough and not self._ended and not self._over:
            if self._fill():
                continue
            if self._standard or not self._follow:
                self._over, self._ended = self._replaced, not self._replaced
            elif self._rest.count(b"\n") >= least:
                return
            else:
                self._wait()

    def _go_to(self, position: Position) -> None:
        for path in (self.path, *_beside(self.path)):
            file = _opened(path)
            if found := position.found_in(file):
                self._file.close()
                self._file, self.position, self._replaced = file, found, path != self.path
                file.seek(position.bytes)
                if self._replaced:
                    self._note(f"{self.path.name} was replaced; first comes the rest of {path.name}")
                return
            file.close()
        advice = "if rows of the old one are left, watch it under its new name"
        self._note(f"{self.path.name} is another file than before, and is read from its beginning; {advice}")

    def _fill(self) -> bool:
        """Reads more bytes; returns whether there were any."""
        chunk = self._file.read1(_CHUNK) if self._standard else self._file.read(_CHUNK)  # type: ignore[attr-defined]
        self._rest += chunk
        return bool(chunk)

    def _wait(self) -> None:
        """Waits a moment, and looks whether the file was replaced or cut meanwhile.

        Who writes into a file that is renamed may do so for a while. So such a file is over when nothing came between
        two looks.
        """
        self._sleep(_POLL)
        if self._replaced:
            self._over = not self._fill()
            return
        try:
            now = os.stat(self.path)
        except FileNotFoundError:  # about to be replaced
            return
        if not self._file.seekable():
            return
        known = self.position.moved(self._rest, 0)
        if not os.path.samestat(now, os.fstat(self._file.fileno())):
            self._replaced = True
        elif known.found_in(self._file) is None:
            self._rest, self._over = self._rest[: self._rest.rfind(b"\n") + 1], True
        else:
            self._file.seek(known.bytes)

    def _begin_anew(self) -> None:
        path = self._following()
        self._note(
            f"{path.name} was replaced, and is read from its beginning"
            if path == self.path
            else f"{self.path.name} was replaced more than once; {path.name} comes next"
        )
        self._file.close()
        self._file, self._rest, self.position = _opened(path), b"", START
        self._replaced, self._over = path != self.path, False

    def _following(self) -> Path:
        """The file after the open one: after `a.log.2` comes `a.log.1` or `a.log.3`, whichever changed later."""
        now = os.fstat(self._file.fileno())
        beside = {path: os.stat(path) for path in _beside(self.path)}
        name = next((path.name for path, own in beside.items() if os.path.samestat(own, now)), "")
        number = name.removeprefix(f"{self.path.name}.")
        if name and number.isdigit():
            below, above = (self.path.with_name(f"{self.path.name}.{int(number) + step}") for step in (-1, 1))
            if below in beside and beside[below].st_mtime_ns >= now.st_mtime_ns:
                return below
            if above in beside and beside[above].st_mtime_ns > now.st_mtime_ns:
                return above
            if int(number) > 1 and below not in beside:
                self._note(f"{below.name} was not found; rows that it held after those of {name} are missing")
        elif name:
            later = [path.name for path, own in beside.items() if own.st_mtime_ns > now.st_mtime_ns]
            for unread in later if len(later) < _MANY else [f"{later[0]} and {len(later) - 1} more files"]:
                self._note(f"{unread} changed after {name} and is not read; rows of this feed in it are missing")
        return self.path


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb", buffering=0)  # a buffer would hide that the file was cut meanwhile
    except OSError as error:
        raise UserError("file", path, f"cannot be read ({error.strerror}); name a file of lines") from error


def _beside(path: Path) -> list[Path]:
    """The files that may be this one after log rotation, such as `a.log.1`."""
    names = (other for other in path.parent.iterdir() if other.name.startswith(path.stem) and other != path)
    return sorted(other for other in names if other.is_file() and os.access(other, os.R_OK))
