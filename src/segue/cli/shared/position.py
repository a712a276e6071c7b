"""How far a file was read, and whether a file is the one that was read so far."""

import hashlib
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO

_SHOWN = 1024  # first and last bytes that show whether a file is the one of before

_Content = bytes  # the class has an attribute of this name


@dataclass(frozen=True)
class Position:
    """How far a file was read.

    Attributes:
        bytes: The bytes of the lines that were read.
        lines: Their number.
        head: A hash of the first of these bytes, at most 1,024.
        tail: A hash of the last of them, at most 1,024.
    """

    bytes: int
    lines: int
    head: str
    tail: str
    _first: _Content = field(default=b"", repr=False, compare=False)  # what `head` and `tail` are hashes of, if known
    _last: _Content = field(default=b"", repr=False, compare=False)

    @staticmethod
    def from_facts(facts: dict[str, Any]) -> "Position":
        """The position that `facts` gave."""
        return Position(**facts)

    def facts(self) -> dict[str, Any]:
        """The attributes as JSON values."""
        return {name: getattr(self, name) for name in ("bytes", "lines", "head", "tail")}

    def moved(self, content: _Content, lines: int) -> "Position":
        """The position after some more bytes, which hold so many lines."""
        if not content:
            return self
        first = (self._first + content)[:_SHOWN] if len(self._first) < _SHOWN else self._first
        last = (self._last + content)[-_SHOWN:]
        return Position(self.bytes + len(content), self.lines + lines, _hash(first), _hash(last), first, last)

    def found_in(self, file: BinaryIO) -> "Position | None":
        """This position, if a file begins with what was read up to here, else None; the file is left elsewhere."""
        count = min(_SHOWN, self.bytes)
        file.seek(0)
        first = file.read(count)
        file.seek(self.bytes - count)
        last = file.read(count)
        same = (_hash(first), _hash(last)) == (self.head, self.tail)
        return replace(self, _first=first, _last=last) if same else None


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


START = Position(0, 0, _hash(b""), _hash(b""))
"""The beginning of a file."""
