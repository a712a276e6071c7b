"""The working form of lanes in a watch: arrays that are written in place, and rings instead of histories.

A frozen value would be copied at every call: 13 kB a lane, which is 130 MB for a single new value among 10,000 lanes. A
ring keeps step n in column n modulo its width, so that a new value writes one cell.
"""

from typing import Any

import numpy as np
from jaxtyping import Float64, Int64
from numpy.typing import DTypeLike, NDArray

from segue.errors import UserError
from segue.live.lanes import Lanes, index_of
from segue.live.undo import Undo
from segue.state import State

Shapes = dict[str, tuple[tuple[int, ...], DTypeLike]]
"""The shape of one lane and the type of each small array, by name."""

_RINGS = ("history.raw", "history.read")


class Running:
    """Lanes that are at work.

    Args:
        lanes: The lanes to continue; None for none.
        context: The number of last values that a forecast reads.
        horizon: The number of steps that a forecast reaches. The rings keep so many more steps, so that each standing
            forecast can be made again.
        shapes: The small arrays. Those of `lanes` are cut or filled up with zeros at their ends.

    Attributes:
        small: The small arrays, by name without `small.`, with more lanes than there are.
        rings: Values as they came, and as the model reads them; step n stands in column n modulo the width.
        last: The newest step of each lane.
        undo: What notes cells of the rings before they are written; None for nothing.
    """

    def __init__(self, lanes: Lanes | None, context: int, horizon: int, shapes: Shapes) -> None:
        names = () if lanes is None else lanes.names
        self.lane_of: dict[Any, int] = {name: lane for lane, name in enumerate(names)}
        self.context, self.horizon, self.width, count = context, horizon, context + horizon, len(names)
        self.last = np.full(count, -1, dtype=np.int64)
        self.undo: Undo | None = None
        self.rings = {name: np.full((count, self.width), np.nan) for name in _RINGS}
        self.small = {name: np.zeros((count, *shape), dtype=kind) for name, (shape, kind) in shapes.items()}
        if lanes is not None:
            self.last[:] = lanes.last
            self._take(lanes.state)

    def __len__(self) -> int:
        return len(self.lane_of)

    def _take(self, state: State) -> None:
        wanted = (*self.rings, *(f"small.{name}" for name in self.small))
        if lacking := [name for name in wanted if name not in state]:
            raise UserError(
                "lanes", lacking[0], "is missing among the arrays; give the lanes of a watch of this version"
            )
        for name, ring in self.rings.items():
            columns = state[name][:, -self.width :]
            steps = self.last[:, None] - np.arange(columns.shape[1])[::-1]
            np.put_along_axis(ring, steps % self.width, columns, axis=1)
        for name, array in self.small.items():
            given = state[f"small.{name}"]
            inside = tuple(slice(0, min(own, old)) for own, old in zip(array.shape, given.shape, strict=True))
            array[inside] = given[inside]

    def add(self, names: list[Any]) -> None:
        """Adds lanes without values; room is made for a half more, so that adding one by one stays cheap."""
        for name in names:
            self.lane_of.setdefault(name, len(self.lane_of))
        if len(self) > len(self.last):
            room = max(len(self), len(self.last) * 3 // 2)
            self.last = _grown(self.last, room, -1)
            self.rings = {name: _grown(ring, room, np.nan) for name, ring in self.rings.items()}
            self.small = {name: _grown(array, room, 0) for name, array in self.small.items()}

    def index(self, ids: Any) -> Int64[np.ndarray, " ids"]:
        """Returns the lane of each name; see `segue.live.lanes.Lanes.index`."""
        return index_of(self.lane_of, ids)

    def before(
        self, ring: str, lanes: Int64[np.ndarray, " picked"], ends: Int64[np.ndarray, " picked"], width: int
    ) -> Float64[np.ndarray, "picked width"]:
        """Returns the `width` values of each lane that end with the step of `ends`; NaN where missing."""
        steps = ends[:, None] - np.arange(width)[::-1]
        values = self.rings[ring][lanes[:, None], steps % self.width]
        kept = (steps > (self.last[lanes] - self.width)[:, None]) & (steps >= 0)
        return np.where(kept, values, np.nan)

    def skip(self, lanes: Int64[np.ndarray, " picked"], steps: Int64[np.ndarray, " picked"]) -> None:
        """Moves distinct lanes forward to the step before each of `steps`; skipped steps are missing."""
        skipped = steps - 1 - self.last[lanes]
        if not skipped.any():
            return
        for lane, step, count in zip(*(part[skipped > 0].tolist() for part in (lanes, steps, skipped)), strict=True):
            columns = np.arange(step - min(count, self.width), step) % self.width
            self._note(np.array([lane]), columns)
            for ring in self.rings.values():
                ring[lane, columns] = np.nan
        self._move(lanes, skipped)
        self.small["seen"][lanes[skipped >= self.context]] = 0  # no value remains that a forecast could read

    def write(
        self,
        lanes: Int64[np.ndarray, " picked"],
        raw: Float64[np.ndarray, " picked"],
        read: Float64[np.ndarray, " picked"],
    ) -> None:
        """Writes the next step of distinct lanes, NaN where missing."""
        self._move(lanes, np.ones(len(lanes), dtype=np.int64))
        columns = self.last[lanes] % self.width
        self._note(lanes, columns)
        self.rings["history.raw"][lanes, columns], self.rings["history.read"][lanes, columns] = raw, read
        self.small["seen"][lanes] += (~np.isnan(raw)).astype(np.int32)

    def begin_again(self, lane: int, first: int) -> None:
        """Makes a lane a fresh one, whose first time is another."""
        columns = np.arange(self.width)
        self._note(np.array([lane]), columns)
        for ring in self.rings.values():
            ring[lane] = np.nan
        for array in self.small.values():
            array[lane] = 0
        self.last[lane], self.small["first"][lane] = -1, first

    def _note(self, lanes: NDArray[np.int64], columns: NDArray[np.int64]) -> None:
        if self.undo is not None:
            self.undo.note(lanes, columns)

    def _move(self, lanes: Int64[np.ndarray, " picked"], steps: Int64[np.ndarray, " picked"]) -> None:
        """Moves lanes forward by some steps; a forecast that does not reach the next one is dropped."""
        self.last[lanes] += steps
        ages = self.small["origins"][lanes]
        aged = np.where(ages > 0, ages + np.minimum(steps, self.horizon)[:, None], 0)
        self.small["origins"][lanes] = np.where(aged <= self.horizon, aged, 0)

    def frozen(self, freq: str | int | None, lanes: NDArray[np.int64] | None = None) -> Lanes:
        """Returns all lanes, or some, as a value."""
        picked = np.arange(len(self)) if lanes is None else lanes
        names = list(self.lane_of)
        last = self.last[picked].copy()
        history = {name: self.before(name, picked, last, self.width) for name in _RINGS}
        small = {f"small.{name}": array[picked].copy() for name, array in self.small.items()}
        return Lanes(tuple(names[lane] for lane in picked), freq, last, State(history | small))


def _grown(array: NDArray[Any], room: int, fill: float | int) -> NDArray[Any]:
    grown = np.full((room, *array.shape[1:]), fill, dtype=array.dtype)
    grown[: len(array)] = array
    return grown
