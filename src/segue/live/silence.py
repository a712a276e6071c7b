"""Which series have been silent for too long, by a clock of the feed that no single series can set wrong."""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

_ROWS = 64
"""Rows in a row, of at least two series, after which the clock believes a time that lies further off than the age.

So a device with a wrong clock moves nothing, however many rows it sends, and after a pause of the whole feed the clock
goes on within some rows.
"""
NEVER = -(2**63)
"""The time at which a series was heard that no clock has heard yet."""


@dataclass(frozen=True)
class Clock:
    """The time of a feed, as its rows show it one after another, in microseconds or as an integer.

    Attributes:
        time: The time; None before the first row.
        rows: Rows in a row that lie further from it than the age.
        least: Their least time.
        names: Their series.
    """

    time: int | None = None
    rows: int = 0
    least: int = 0
    names: tuple[Any, ...] = ()

    def facts(self) -> dict[str, Any]:
        """The attributes as JSON values."""
        return asdict(self)

    @staticmethod
    def from_facts(facts: Mapping[str, Any]) -> "Clock":
        """The clock that `facts` gave; of none, one before the first row."""
        return Clock(**{**facts, "names": tuple(facts.get("names", ()))})

    def after(self, name: Any, time: int, age: int) -> "Clock":
        """The clock after one more row."""
        if self.time is None:
            return Clock(time)
        if abs(time - self.time) <= age:
            return self if not self.rows and time <= self.time else Clock(max(self.time, time))
        least = min(self.least, time) if self.rows else time
        names = self.names if name in self.names else (*self.names, name)
        believed = self.rows + 1 >= _ROWS and len(names) > 1
        return Clock(least) if believed else Clock(self.time, self.rows + 1, least, names)


class Silence:
    """Listens to rows, and tells after which row a series has been silent for longer than the age.

    A series is silent as long as the clock has moved on since its last row came. The time that this row bears does not
    matter, so rows that come late, or in the order of their series, are rows. The answer is a function of the rows in
    their order.

    Args:
        age: The age, in microseconds or as an integer.
        clock: The clock so far.
        heard: The time of the clock at the last row of each series, or `NEVER`: then its silence begins now.

    Attributes:
        clock: The clock.
        changed: Series of which `heard` has changed, besides those of the rows that came last.
    """

    def __init__(self, age: int, clock: Clock, heard: Mapping[Any, int]) -> None:
        self._age, self.clock, self.changed = age, clock, set[Any]()
        self._heard = dict(heard)
        self._queue: list[tuple[int, str, Any]] = []  # one entry for each series, not later than it was heard
        self._begun = False

    def heard(self, name: Any) -> int:
        """The time of the clock at the last row of a series."""
        heard: int = self._heard.get(name, NEVER)
        return heard

    def listen(self, names: Sequence[Any], times: Sequence[int]) -> list[tuple[int, Any]]:
        """Takes rows, and returns the series that are silent for too long, each with the row after which it is."""
        gone, self.changed = [], set()
        for row, (name, time) in enumerate(zip(names, times, strict=True)):
            before, self.clock = self.clock, self.clock.after(name, time, self._age)
            assert self.clock.time is not None
            if not self._begun:
                self._begin(self.clock.time if before.time is None else before.time)
            if before.time is not None and abs(time - before.time) > self._age and self.clock.time != before.time:
                self._hear_again(before.names)
            if name not in self._heard:
                heapq.heappush(self._queue, (self.clock.time, repr(name), name))
            self._heard[name] = self.clock.time
            gone += [(row, silent) for silent in self._silent(self.clock.time - self._age)]
        return gone

    def _hear_again(self, names: Sequence[Any]) -> None:
        """The clock has believed rows that had come before: their series are heard at its new time."""
        assert self.clock.time is not None
        again = {name: self.clock.time for name in names if name in self._heard}
        self._heard |= again
        self.changed |= again.keys()

    def _begin(self, time: int) -> None:
        self._begun = True
        self.changed |= {name for name, heard in self._heard.items() if heard == NEVER}
        self._heard = {name: time if heard == NEVER else heard for name, heard in self._heard.items()}
        self._queue = [(heard, repr(name), name) for name, heard in self._heard.items()]
        heapq.heapify(self._queue)

    def _silent(self, since: int) -> list[Any]:
        """Drops the series that were not heard since a time, and returns their names."""
        silent = []
        while self._queue and self._queue[0][0] < since:
            _, text, name = heapq.heappop(self._queue)
            if self._heard[name] < since:
                silent.append((self._heard.pop(name), text, name))
            else:
                heapq.heappush(self._queue, (self._heard[name], text, name))
        return [name for _, _, name in sorted(silent, key=lambda entry: entry[:2])]
