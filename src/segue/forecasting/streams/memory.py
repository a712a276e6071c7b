"""The memory of a stream between two calls, as one value: the last steps of every lane, their times and names."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
from jaxtyping import Bool, Float64, Int64
from numpy.typing import NDArray

from segue.forecasting.table.columns.roles import Columns
from segue.forecasting.table.grid.frequency import DAY, Frequency, Times
from segue.forecasting.table.grid.months import Months
from segue.forecasting.table.grid.names import frequency_of
from segue.forecasting.table.grid.panel import Panel
from segue.forecasting.table.reading import Reading
from segue.forecasting.table.rows import Rows
from segue.state import State

Id = str | int | float | bool
"""The name of a series, as JSON keeps it."""

MOST_STEPS = 2_600
"""The most steps that a lane keeps. A step takes 9 bytes, so a lane with its times takes less than 24 kB."""


@dataclass(frozen=True)
class Form:
    """The form of the frames of a stream; forecasts are written in this form.

    Attributes:
        columns: The roles of the columns.
        backend: The library of the frame, for example `pandas`.
        id_type: The type of names, in the words of pandas, or of narwhals where the frame is of another library.
        time_type: The type of times, in the words of narwhals, with its unit: `Date`, `Int64`, `Datetime us`.
    """

    columns: Columns
    backend: str
    id_type: str
    time_type: str

    @staticmethod
    def of(rows: Rows) -> "Form":
        """The form of the frame that these rows come from."""
        native, kind = rows.ids.to_native(), rows.time_type
        id_type = str(native.dtype) if rows.ids.implementation.is_pandas() else type(rows.ids.dtype).__name__
        unit = f" {kind.time_unit}" if isinstance(kind, nw.Datetime) else ""
        return Form(rows.columns, rows.ids.implementation.value, id_type, type(kind).__name__ + unit)

    def reading(self, ids: Sequence[Id], first: Times, latest: Times, last: Times, frequency: Frequency) -> Reading:
        """Makes the reading that writes frames of this form, from the times that decide on the future of each lane."""
        if self.backend == "pandas":
            names = nw.from_native(pd.Series(list(ids), name="unique_id", dtype=self.id_type), series_only=True)
        else:
            kind = nw.Categorical if self.id_type == "Enum" else getattr(nw, self.id_type)  # no text outside an Enum
            backend: Any = self.backend
            names = nw.new_series("unique_id", list(ids), kind(), backend=backend)
        name, _, unit = self.time_type.partition(" ")
        time_type = getattr(nw, name)(unit) if unit else getattr(nw, name)()
        times = np.stack([first, latest, last], axis=1).ravel()
        starts, nothing = np.arange(len(ids) + 1) * 3, np.zeros(len(times), dtype=np.int64)
        return Reading(
            Panel(names, starts, times, nothing, nothing.astype(np.float64), frequency), self.columns, time_type
        )


@dataclass(frozen=True)
class Memory:
    """The memory of a stream, a frozen value; a stream takes one, returns another, and never changes one.

    Attributes:
        state: Arrays of numpy, lane first. `values` float64 and `observed` bool (lanes, steps) end with the newest step
            of each lane; values are zero where not observed. Lanes from frames also have three int64 arrays (lanes,).
            `first` and `last` are the times of the beginning of the grid and of the newest row, in microseconds since
            1970 or as integers. `day` is the latest day of a month in the rows, counted from zero.
        ids: The name of each lane, ascending; empty where lanes come from arrays.
        frequency: The step; None before the first frame.
        anchors: The anchors of a frequency of months that all rows have kept so far.
        form: The form of the frames; None before the first frame.
        gathered: Whether rows are gathered into the step that they lie in, and do not stand on it.
    """

    state: State
    ids: tuple[Id, ...] = ()
    frequency: Frequency | None = None
    anchors: tuple[str, ...] = ()
    form: Form | None = None
    gathered: bool = False

    def __len__(self) -> int:
        return self.state.lanes

    @property
    def steps(self) -> int:
        """The number of steps that a lane keeps."""
        return int(self.state["values"].shape[1])

    @cached_property
    def lengths(self) -> Int64[np.ndarray, " lanes"]:
        """The number of steps of each lane since its first kept value."""
        observed = self.state["observed"]
        return np.where(observed.any(1), self.steps - observed.argmax(1), 0).astype(np.int64)

    @property
    def seasons(self) -> Float64[np.ndarray, "lanes periods"]:
        """The periods in steps that the frequency suggests, the same for every lane."""
        seasons = () if self.frequency is None else self.frequency.seasons
        return np.tile(np.array(seasons, dtype=np.float64), (len(self), 1))

    def lanes(
        self, picked: Sequence[int] | NDArray[np.int64], context: int
    ) -> tuple[Float64[np.ndarray, "picked time"], Bool[np.ndarray, "picked time"]]:
        """Returns the last values of some lanes, up to the longest; see `segue.forecasting.predictor.Lanes`."""
        begin = self.steps - max(1, min(context, int(self.lengths[picked].max(initial=0))))
        return self.state["values"][:, begin:][picked], self.state["observed"][:, begin:][picked]

    def select(self, lanes: Int64[np.ndarray, " picked"] | Bool[np.ndarray, " lanes"]) -> "Memory":
        """Returns the lanes of the given indices, each at most once, or those where a mask is true."""
        ids = tuple(self.ids[lane] for lane in np.arange(len(self))[lanes]) if self.ids else ()
        return replace(self, state=self.state.select(lanes), ids=ids)

    def times(self, name: str) -> Times:
        """Returns an array of times of the state in the form that the frequency takes."""
        times: Times = self.state[name]
        dated = self.form is not None and self.form.time_type.startswith("Date")
        return times.astype("datetime64[us]") if dated else times

    def reading(self) -> Reading:
        """Makes the reading that writes frames like those that were read.

        Raises:
            ValueError: The lanes come from arrays.
        """
        if self.form is None or self.frequency is None:
            raise ValueError("lanes of arrays have no names and times")
        latest = self.state["day"] * DAY  # a time in January 1970 at this day of the month
        dated = self.times("last").dtype.kind == "M"
        latest = latest.astype("datetime64[us]") if dated else latest
        return self.form.reading(self.ids, self.times("first"), latest, self.times("last"), self.frequency)

    def fitted(self, steps: int) -> "Memory":
        """Returns the lanes with `steps` steps each; it cuts off the oldest steps, or puts unknown ones in front."""
        if steps == self.steps:
            return self
        kept = {
            name: np.pad(self.state[name][:, -steps:], ((0, 0), (max(0, steps - self.steps), 0)))
            for name in ("values", "observed")
        }
        return replace(self, state=State({**self.state, **kept}))

    def facts(self) -> dict[str, Any]:
        """Returns all attributes that are not arrays, as JSON values."""
        frequency = None if self.frequency is None else self.frequency.alias
        form = None if self.form is None else asdict(self.form)
        anchors = list(self.anchors)
        return {
            "ids": list(self.ids), "frequency": frequency, "anchors": anchors, "form": form, "gathered": self.gathered,
        }  # fmt: skip

    @staticmethod
    def of(state: State, facts: dict[str, Any]) -> "Memory":
        """Restores the memory from its saved `state` and `facts`.

        Raises:
            KeyError: The facts do not belong to a memory.
        """
        if facts["form"] is None:
            return Memory(state)
        form = dict(facts["form"])
        columns = form.pop("columns")
        ids = columns["ids"] if "ids" in columns else [columns["id"]] * bool(columns["id"])  # the word of older files
        roles = Columns(tuple(ids), tuple(columns["times"]), tuple(columns["targets"]))
        memory = Memory(state, tuple(facts["ids"]), None, tuple(facts["anchors"]), Form(roles, **form))
        frequency = anchored(frequency_of(facts["frequency"], memory.times("first")), memory.anchors)
        return replace(memory, frequency=frequency, gathered=bool(facts.get("gathered", False)))


def require_lanes(state: State, facts: dict[str, Any]) -> None:
    """Refuses arrays and names that are not those of one memory.

    Raises:
        KeyError: An array or a fact is missing.
        ValueError: An array is unknown, or has another type or shape, or a value is not finite; or names of lanes are
            missing, of another type, or not different.
    """
    values, observed = state["values"], state["observed"]
    kinds = {"values": "float64", "observed": "bool"}
    if facts["form"] is not None:
        kinds |= dict.fromkeys(("first", "last", "day"), "int64")
    found = {name: array.dtype.name for name, array in state.items()}
    if found != kinds or values.ndim != 2 or values.shape != observed.shape or not 1 <= values.shape[1] <= MOST_STEPS:
        raise ValueError(f"arrays {found}")
    if any(state[name].shape != (state.lanes,) for name in kinds.keys() - {"values", "observed"}):
        raise ValueError("times of another shape")
    if not np.isfinite(values).all():
        raise ValueError("a value that is not finite")
    if type(facts.get("gathered", False)) is not bool:
        raise ValueError("gathered neither true nor false")
    if facts["form"] is not None:
        ids = facts["ids"]
        kind = type(ids[0]) if ids else str
        if len(ids) != state.lanes or kind not in (str, int, float, bool) or any(type(one) is not kind for one in ids):
            raise ValueError("names of another number or type")
        if len(set(ids)) != len(ids):
            raise ValueError("two lanes of one name")


def anchored(frequency: Frequency, anchors: tuple[str, ...]) -> Frequency:
    """Gives a frequency of months the first of these anchors, or `same`; returns any other frequency as it is."""
    return Months(frequency.count, next(iter(anchors), "same")) if isinstance(frequency, Months) else frequency
