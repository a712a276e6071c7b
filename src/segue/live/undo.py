"""What a call has changed of running lanes, so that a call that fails changes nothing."""

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Int64
from numpy.typing import NDArray

if TYPE_CHECKING:
    from segue.live.running import Running


class Undo:
    """Notes what is overwritten, and puts it back.

    The small arrays of the lanes are copied at once. Of the long histories only the cells that are written are kept.

    Args:
        running: The lanes.
        lanes: Those that may change, besides lanes that are added.
    """

    def __init__(self, running: "Running", lanes: Int64[np.ndarray, " picked"]) -> None:
        self._running, self._lanes, self._count = running, lanes, len(running)
        self._last = running.last[lanes]
        self._small = {name: array[lanes] for name, array in running.small.items()}
        self._cells: list[tuple[NDArray[np.int64], NDArray[np.int64], list[NDArray[np.float64]]]] = []

    def note(self, lanes: NDArray[np.int64], columns: NDArray[np.int64]) -> None:
        """Keeps cells of the histories that are about to be written."""
        self._cells.append((lanes, columns, [ring[lanes, columns] for ring in self._running.rings.values()]))

    def back(self) -> None:
        """Makes the lanes as they were."""
        running = self._running
        for lanes, columns, kept in reversed(self._cells):
            for ring, values in zip(running.rings.values(), kept, strict=True):
                ring[lanes, columns] = values
        running.last[self._lanes] = self._last
        for name, array in running.small.items():
            array[self._lanes] = self._small[name]
            array[self._count :] = 0
        running.last[self._count :] = -1
        for name in list(running.lane_of)[self._count :]:
            del running.lane_of[name]
