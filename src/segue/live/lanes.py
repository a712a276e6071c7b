"""Everything that a watch needs to continue, as one frozen value."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Bool, Int64

from segue.errors import UserError
from segue.state import State


@dataclass(frozen=True, eq=False)
class Lanes:
    """The running series of a watch between two calls; a fresh lane is all zeros, but for its history.

    The standing forecasts are not included. They are a pure function of the histories, `small.origins` and
    `small.terms`, so a watch that continues from this value makes them again, bit for bit.

    Attributes:
        names: The name of each lane, in the order of their first values.
        freq: The step of all lanes, such as `h`, or a number for integer times; None before the first value.
        last: The step of the newest value of each lane; a lane counts steps from its first value, which is step 0.
        state: Arrays of numpy, lane first. `history.raw` and `history.read` float64 (lanes, steps) hold the last steps:
            values as they came, and bounded as the model reads them; NaN is missing, the newest is the last column. All
            other arrays have names `small.*` and take at most 900 bytes a lane together.
    """

    names: tuple[Any, ...]
    freq: str | int | None
    last: Int64[np.ndarray, " lanes"]
    state: State

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def _lane_of(self) -> dict[Any, int]:
        return {name: lane for lane, name in enumerate(self.names)}

    def index(self, ids: Iterable[Any]) -> Int64[np.ndarray, " ids"]:
        """Returns the lane of each name.

        Raises:
            UserError: There is no lane of a name.
        """
        return index_of(self._lane_of, ids)

    def select(self, lanes: Int64[np.ndarray, " picked"] | Bool[np.ndarray, " lanes"]) -> "Lanes":
        """Returns the lanes of the given indices, each at most once, or the lanes for which a mask is true."""
        picked = np.arange(len(self))[lanes]
        return Lanes(tuple(self.names[k] for k in picked), self.freq, self.last[picked], self.state.select(picked))

    @property
    def small_bytes(self) -> int:
        """The bytes of a lane in all arrays but the history."""
        parts = [array for name, array in self.state.items() if name.startswith("small.")]
        return sum(array.dtype.itemsize * int(np.prod(array.shape[1:])) for array in parts)


def index_of(lane_of: dict[Any, int], ids: Iterable[Any]) -> Int64[np.ndarray, " ids"]:
    """Returns the lane of each name; see `Lanes.index`."""
    names = ids.tolist() if isinstance(ids, np.ndarray) else list(ids)
    try:
        return np.array([lane_of[name] for name in names], dtype=np.int64)
    except KeyError as error:
        raise UserError("ids", error.args[0], "name a series that has had a value") from error
