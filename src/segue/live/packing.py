"""Lanes as bytes: a blob of the small arrays of each lane, and a log of cells for all histories.

Floats are stored as bytes, because SQLite turns NaN into NULL. So a lane has the same bits after a restart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Int64, UInt8
from numpy.typing import NDArray

from segue.state import State

if TYPE_CHECKING:
    from segue.live.lanes import Lanes

RAW, READ, SMALL = "history.raw", "history.read", "small."
"""The keys of a lane's state: its values as they came, as the model reads them, and the beginning of all others."""

CELL = np.dtype([("lane", "<i4"), ("turn", "<i4"), ("step", "<i8"), ("raw", "<f8"), ("read", "<f8")])
"""One value of one lane, 32 bytes. Of several cells of a lane and step, that of the latest turn (commit) counts."""


@dataclass(frozen=True)
class Small:
    """The small arrays of a state, and their layout within the blob of a lane.

    Attributes:
        fields: The name, the type and the shape (without the axis of lanes) of each array.
    """

    fields: tuple[tuple[str, str, tuple[int, ...]], ...]

    @staticmethod
    def of(state: State) -> "Small":
        """The layout of the small arrays of this state."""
        names = [name for name in state if name.startswith(SMALL)]
        return Small(tuple((name, state[name].dtype.str, tuple(state[name].shape[1:])) for name in names))

    @staticmethod
    def from_facts(facts: list[list[Any]]) -> "Small":
        """The layout that `facts` gave."""
        return Small(tuple((name, kind, tuple(shape)) for name, kind, shape in facts))

    def anew(self, arrays: dict[str, NDArray[Any]], kept: Sequence[str], lanes: int) -> dict[str, NDArray[Any]]:
        """The arrays of fresh lanes, which are zeros, but for those named in `kept`."""
        fresh = {name: np.zeros((lanes, *shape), kind) for name, kind, shape in self.fields}
        return fresh | {name: arrays[name] for name in kept if name in fresh and name in arrays}

    def facts(self) -> list[list[Any]]:
        """The layout as JSON values."""
        return [[name, kind, list(shape)] for name, kind, shape in self.fields]

    def pack(self, state: State) -> UInt8[np.ndarray, "lanes bytes"]:
        """The bytes of each lane."""
        arrays = [np.ascontiguousarray(state[name]) for name, _, _ in self.fields]
        sizes = [array.itemsize * int(np.prod(array.shape[1:], dtype=np.int64)) for array in arrays]
        flat = [array.reshape(-1).view(np.uint8) for array in arrays]
        parts = [array.reshape(state.lanes, size) for array, size in zip(flat, sizes, strict=True)]
        return np.concatenate([np.empty((state.lanes, 0), np.uint8), *parts], axis=1)

    def unpack(self, blobs: Sequence[bytes]) -> dict[str, NDArray[Any]]:
        """The arrays of lanes from their bytes.

        Raises:
            ValueError: The bytes have another layout.
        """
        sizes = [np.dtype(kind).itemsize * int(np.prod(shape, dtype=np.int64)) for _, kind, shape in self.fields]
        packed = np.frombuffer(b"".join(blobs), np.uint8).reshape(len(blobs), sum(sizes))
        parts = np.split(packed, np.cumsum(sizes)[:-1], axis=1)
        return {
            name: np.ascontiguousarray(part).view(kind).reshape(len(blobs), *shape).copy()
            for (name, kind, shape), part in zip(self.fields, parts, strict=True)
        }


def new_cells(
    lanes: "Lanes",
    numbers: Int64[np.ndarray, " lanes"],
    ahead: Int64[np.ndarray, " lanes"],
    again: Int64[np.ndarray, " lanes"],
    turn: int,
) -> NDArray[Any]:
    """The cells that a commit writes.

    Args:
        lanes: The lanes of the commit.
        numbers: Their numbers in the log.
        ahead: The number of new steps of each lane. A missing value among these needs no cell.
        again: The number of last steps of each lane that are written in any case, because they may have changed.
        turn: The number of the commit.
    """
    width = lanes.state[RAW].shape[1]
    counts = np.clip(np.maximum(ahead, again), 0, width)
    lane = np.repeat(np.arange(len(counts)), counts)
    back = np.concatenate([np.arange(count) for count in counts.tolist()] or [np.empty(0, np.int64)]).astype(np.int64)
    raw, read = (lanes.state[key][lane, width - 1 - back] for key in (RAW, READ))
    kept = ~(np.isnan(raw) & np.isnan(read)) | (back < again[lane])
    cells = np.empty(np.count_nonzero(kept), CELL)
    cells["lane"], cells["turn"], cells["step"] = numbers[lane][kept], turn, (lanes.last[lane] - back)[kept]
    cells["raw"], cells["read"] = raw[kept], read[kept]
    return cells


def histories(
    cells: NDArray[Any], row_of: Int64[np.ndarray, " numbers"], last: Int64[np.ndarray, " lanes"], context: int
) -> dict[str, NDArray[np.float64]]:
    """The histories of lanes, (lanes, context), from all cells of a log; NaN where there is none.

    Args:
        cells: The cells, in any order.
        row_of: The lane of each number of the log; -1 for a removed lane.
        last: The newest step of each lane.
        context: The number of steps that are kept.
    """
    cells = cells[np.argsort(cells["turn"], kind="stable")]  # numpy assigns in order: the latest turn stays
    row = row_of[cells["lane"]]
    cells, row = cells[row >= 0], row[row >= 0]
    column = context - 1 - (last[row] - cells["step"])
    inside = (column >= 0) & (column < context)
    arrays = {}
    for key, field in ((RAW, "raw"), (READ, "read")):
        arrays[key] = np.full((len(last), context), np.nan)
        arrays[key][row[inside], column[inside]] = cells[field][inside]
    return arrays
