"""The values of one call in the order of their processing, and which of them come too late or twice."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Float64, Int8, Int64

from segue.live.observations import Status
from segue.live.running import Running


class Arrivals:
    """Values of any lanes, sorted by lane and step; they may come in any order.

    A value is new if its step is after the newest one of its lane, and if it is the first one for this step. Other
    values are late if their step has no value, and duplicates if it has one.

    Args:
        running: The lanes so far.
        lanes: The lane of each row.
        steps: The step of each row.
        values: The value of each row, NaN where missing.

    Attributes:
        status: `LATE`, `DUPLICATE` or, for new rows, `MISSING` or `FRESH`, in the order given.
    """

    def __init__(
        self,
        running: Running,
        lanes: Int64[np.ndarray, " rows"],
        steps: Int64[np.ndarray, " rows"],
        values: Float64[np.ndarray, " rows"],
    ) -> None:
        order = np.lexsort((steps, lanes))  # stable: of several rows of a step the first one given counts
        lane, step, value = lanes[order], steps[order], values[order]
        first = np.ones(len(order), dtype=bool)
        first[1:] = (lane[1:] != lane[:-1]) | (step[1:] != step[:-1])
        new = first & (step > running.last[lane])
        leader = np.maximum.accumulate(np.where(first, np.arange(len(order)), 0))
        kept = step > running.last[lane] - running.width
        known = np.where(kept & (step >= 0), running.rings["history.raw"][lane, step % running.width], np.nan)
        known = np.where(step > running.last[lane], value[leader], known)
        status = np.where(np.isnan(known), np.int8(Status.LATE), np.int8(Status.DUPLICATE))
        status[new] = np.where(np.isnan(value[new]), np.int8(Status.MISSING), np.int8(Status.FRESH))
        self.status: Int8[np.ndarray, " rows"] = np.empty(len(order), dtype=np.int8)
        self.status[order] = status
        self._rows, self._lanes = order[new], lane[new]
        self._leader = np.empty(len(order), dtype=np.int64)
        self._leader[order] = order[leader]

    def with_leaders(self, flags: Bool[np.ndarray, " rows"]) -> Bool[np.ndarray, " rows"]:
        """Returns for each row the flag of the first row of its lane and step."""
        return np.asarray(flags[self._leader])

    def rounds(self) -> Iterator[Int64[np.ndarray, " round"]]:
        """Yields the new rows in rounds, in the order of steps. Each round has at most one row of a lane."""
        begin = np.flatnonzero(np.diff(self._lanes, prepend=-1))
        counts = np.diff(np.append(begin, len(self._lanes)))
        by_count = np.argsort(-counts, kind="stable")
        begin, falling = begin[by_count], counts[by_count]
        for number in range(int(counts.max(initial=0))):
            yield self._rows[begin[: np.searchsorted(-falling, -number)] + number]
