"""A lane whose first rows had a wrong time, far in the future, begins again where its other rows are."""

import numpy as np
from jaxtyping import Int64

from segue.live.running import Running


def begins_again(
    running: Running, lanes: Int64[np.ndarray, " rows"], steps: Int64[np.ndarray, " rows"], warm_up: int
) -> list[tuple[int, int]]:
    """Counts rows that lie far behind their lane, and finds the lanes that begin again.

    A row lies far behind if its step is before all that the lane's history reaches. Where more such rows have come one
    after another than values before them, the values before them had a wrong time. A lane that has warmed up never
    begins again: there, old rows are sent once more.

    Args:
        running: The lanes; their counts change.
        lanes: The lane of each row of a call.
        steps: Its step.
        warm_up: The number of values that warm a lane up.

    Returns:
        Lanes that begin again, each with the row that it begins with.
    """
    last, small = running.last[lanes], running.small
    far = (last >= 0) & (steps < last - running.width) & (small["seen"][lanes] < warm_up)
    found = list[tuple[int, int]]()
    if far.any():
        rows = np.flatnonzero(far)
        rows = rows[np.lexsort((steps[rows], lanes[rows]))]
        for part in np.split(rows, np.flatnonzero(np.diff(lanes[rows])) + 1):
            lane = int(lanes[part[0]])
            row = _counted(running, lane, steps[part].tolist())
            found += [] if row is None else [(lane, int(part[row]))]
    small["behind"][lanes[~far]] = 0
    return found


def _counted(running: Running, lane: int, steps: list[int]) -> int | None:
    """Counts rows that lie far behind; returns the index of the one with which the lane begins again, if any."""
    count, newest = running.small["behind"][lane].tolist()
    for row, step in enumerate(steps):
        if count and step == newest:
            continue  # the same step once more
        count = count + 1 if count and newest < step <= newest + running.width else 1
        newest = step
        if count > int(running.small["seen"][lane]):
            return row
    running.small["behind"][lane] = count, newest
    return None
