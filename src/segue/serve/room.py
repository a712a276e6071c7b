"""The memory that the bodies of all open requests share."""

from collections.abc import Iterator
from contextlib import contextmanager

from segue.serve.limits import Limits

_SHARE = 1.25
"""All bodies together, as a multiple of the largest one: beside that one, a fifth is left for the small ones."""

_MARKS = b",[{:"
"""What separates values, names and lists of JSON. In text it is counted as well, which errs on the safe side."""


class Full(Exception):
    """There is no room now."""


class TooLarge(Exception):
    """A body has more bytes or values than allowed.

    Args:
        most: What is allowed, in words.
    """

    def __init__(self, most: str) -> None:
        self.most = most
        super().__init__(most)


class Room:
    """Counts the bytes and values that open requests hold.

    Args:
        limits: What one request may hold.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits, self._bytes, self._values = limits, 0, 0

    @contextmanager
    def held(self) -> Iterator["Held"]:
        """A part of the room, which is given back at the end of the block."""
        part = Held(self)
        try:
            yield part
        finally:
            self._bytes -= part.bytes
            self._values -= part.values

    def take(self, part: "Held", size: int, values: int = 0) -> None:
        """See `Held`."""
        most = self._limits
        if part.bytes + size > most.body:
            raise TooLarge(f"{most.body:,} bytes")
        if part.values + values > most.values:
            raise TooLarge(f"{most.values:,} values")
        if self._bytes + size > _SHARE * most.body or self._values + values > _SHARE * most.values:
            raise Full
        self._bytes += size
        self._values += values
        part.bytes += size
        part.values += values


class Held:
    """What one request holds.

    Args:
        room: What it is a part of.
    """

    def __init__(self, room: Room) -> None:
        self._room, self.bytes, self.values = room, 0, 0

    def take(self, size: int, values: int = 0) -> None:
        """Takes more of the room.

        Raises:
            TooLarge: The request is too large.
            Full: All requests together are.
        """
        self._room.take(self, size, values)


def marks(body: bytes) -> int:
    """How many values, names and lists a body of JSON has at most."""
    return sum(body.count(mark) for mark in _MARKS)  # a byte of `bytes` is its number
