"""The log of the values of all lanes. New values are appended; old ones are removed a few cells at a time."""

import sqlite3
from typing import Any

import numpy as np
from jaxtyping import Int64
from numpy.typing import NDArray

from segue.live.packing import CELL
from segue.live.sums import Sums

_BLOCK = 15
"""The most cells of a row. Rows are the unit in which old cells are dropped, or moved if they are still needed. Two
rows of 480 bytes fill a page of 1 kB; a row of 512 bytes would leave half of it empty."""


class Log:
    """The table `history`, whose rows are blocks of cells (`CELL`) in the order in which they were written.

    New cells of any lanes are stored side by side. So a new value costs 32 bytes; a table in the order of lanes would
    write a page. Once there are more cells than all lanes can need, each append also removes up to twice as many old
    cells, and appends again those that are still needed. So the log holds at most about twice what the lanes need, and
    no append is much longer than another.

    Args:
        connection: The database.
        sums: Its checksums.
    """

    def __init__(self, connection: sqlite3.Connection, sums: Sums) -> None:
        self._connection, self._sums, self._count = connection, sums, 0

    def read(self) -> NDArray[Any]:
        """Reads all cells."""
        blobs = self._connection.execute("SELECT cells FROM history ORDER BY block").fetchall()
        self._sums.check("history", blobs)
        cells = np.frombuffer(b"".join(blob for (blob,) in blobs), CELL)
        self._count = len(cells)
        return cells

    def append(self, cells: NDArray[Any], last: Int64[np.ndarray, " numbers"], context: int, lanes: int) -> None:
        """Appends cells, and cleans the old end.

        Args:
            cells: New cells.
            last: The newest step of each number of a lane; huge for lanes that were removed.
            context: The number of last steps that a lane needs.
            lanes: The number of lanes.
        """
        count = len(cells)
        if self._count + count > lanes * context:
            old = self._taken(2 * count)
            cells = np.concatenate([cells, old[old["step"] > last[old["lane"]] - context]])
            self._count -= len(old)
        self._count += len(cells)
        blocks = [(cells[begin : begin + _BLOCK].tobytes(),) for begin in range(0, len(cells), _BLOCK)]
        for block in blocks:
            self._sums.toggle("history", block)
        self._connection.executemany("INSERT INTO history VALUES (NULL, ?)", blocks)

    def _taken(self, most: int) -> NDArray[Any]:
        """Removes whole blocks from the old end: at most so many cells, or one block if there are any new cells."""
        taken, found, size = list[tuple[int]](), [np.empty(0, CELL)], 0
        for block, blob in self._connection.execute("SELECT block, cells FROM history ORDER BY block"):
            cells = np.frombuffer(blob, CELL)
            if not most or (taken and size + len(cells) > most):
                break
            size += len(cells)
            taken.append((block,))
            self._sums.toggle("history", (blob,))
            found.append(cells)
        self._connection.executemany("DELETE FROM history WHERE block = ?", taken)
        return np.concatenate(found)
