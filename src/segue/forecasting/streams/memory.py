"""What a stream keeps between two calls, as one value: the last steps of every lane, their times and names."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
from jaxtyping import Bool, Float64, Int64
from numpy.typing import NDArray

from segue.forecasting.table.calendar import frequency_of
from segue.forecasting.table.frequency import DAY, Frequency, Months, Times
from segue.forecasting.table.layout import Columns
from segue.forecasting.table.panel import Panel
from segue.forecasting.table.reading import Reading, Rows
from segue.state import State

Id = str | int | float | bool
"""The name of a series, as JSON keeps it."""

MOST_STEPS = 2_600
"""What a lane keeps at most: a value and whether it is observed take 9 bytes, so with its times it is below 24 kB."""


@dataclass(frozen=True)
class Form:
    """How the frames of a stream look, so that a forecast is written as the rows were read.

    Attributes:
        columns: Which column is which.
        backend: The library of the frame, for example `pandas`.
        id_type: The type of names, as that library calls it.
        time_type: The type of times, as narwhals calls it, with its unit: `Date`, `Int64`, `Datetime us`.
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
        """What writes frames of this form, of lanes of which the times are known that decide on those that follow."""
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
    """A frozen value; a stream takes one and gives another, and never writes into one.

    Attributes:
        state: Arrays of numpy, lane first. `values` float64 and `observed` bool (lanes, steps) end with the newest step
            of each lane; values are zero where not observed. Of lanes that come from frames also three int64 (lanes,):
            `first` and `last`, the time that the grid begins at and that of the newest row, in microseconds since 1970
            or as the integers that they are; and `day`, how many days into a month the rows came at most.
        ids: The name of each lane, ascending; none where lanes come from arrays.
        frequency: The step, None before the first frame.
        anchors: The anchors of a frequency of months that all rows kept so far.
        form: How the frames look, None before the first frame.
    """

    state: State
    ids: tuple[Id, ...] = ()
    frequency: Frequency | None = None
    anchors: tuple[str, ...] = ()
    form: Form | None = None

    def __len__(self) -> int:
        return self.state.lanes

    @property
    def steps(self) -> int:
        """How many steps a lane keeps."""
        return int(self.state["values"].shape[1])

    @cached_property
    def lengths(self) -> Int64[np.ndarray, " lanes"]:
        """How many steps each lane spans since the first value that is kept."""
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
        """The last values of some lanes, as many as the longest has; see `segue.forecasting.table.panel.Lanes`."""
        begin = self.steps - max(1, min(context, int(self.lengths[picked].max(initial=0))))
        return self.state["values"][:, begin:][picked], self.state["observed"][:, begin:][picked]

    def select(self, lanes: Int64[np.ndarray, " picked"] | Bool[np.ndarray, " lanes"]) -> "Memory":
        """The lanes of the given indices, each once, or those where a mask is true."""
        ids = tuple(self.ids[lane] for lane in np.arange(len(self))[lanes]) if self.ids else ()
        return replace(self, state=self.state.select(lanes), ids=ids)

    def times(self, name: str) -> Times:
        """An array of times of the state, as the frequency takes them."""
        times: Times = self.state[name]
        dated = self.form is not None and self.form.time_type.startswith("Date")
        return times.astype("datetime64[us]") if dated else times

    def reading(self) -> Reading:
        """What writes frames like those that were read.

        Raises:
            ValueError: The lanes come from arrays.
        """
        if self.form is None or self.frequency is None:
            raise ValueError("lanes of arrays have no names and times")
        latest = self.state["day"] * DAY  # a time of January 1970 that is so far into the month
        dated = self.times("last").dtype.kind == "M"
        latest = latest.astype("datetime64[us]") if dated else latest
        return self.form.reading(self.ids, self.times("first"), latest, self.times("last"), self.frequency)

    def fitted(self, steps: int) -> "Memory":
        """The same lanes with so many steps each: the oldest cut off, or unknown ones put in front."""
        if steps == self.steps:
            return self
        kept = {
            name: np.pad(self.state[name][:, -steps:], ((0, 0), (max(0, steps - self.steps), 0)))
            for name in ("values", "observed")
        }
        return replace(self, state=State({**self.state, **kept}))

    def facts(self) -> dict[str, Any]:
        """All that is no array, as JSON values."""
        frequency = None if self.frequency is None else self.frequency.alias
        form = None if self.form is None else asdict(self.form)
        return {"ids": list(self.ids), "frequency": frequency, "anchors": list(self.anchors), "form": form}

    @staticmethod
    def of(state: State, facts: dict[str, Any]) -> "Memory":
        """The memory of which `state` and `facts` were saved.

        Raises:
            KeyError: The facts are of something else.
        """
        if facts["form"] is None:
            return Memory(state)
        form = dict(facts["form"])
        columns = form.pop("columns")
        roles = Columns(columns["id"], tuple(columns["times"]), tuple(columns["targets"]))
        memory = Memory(state, tuple(facts["ids"]), None, tuple(facts["anchors"]), Form(roles, **form))
        frequency = anchored(frequency_of(facts["frequency"], memory.times("first")), memory.anchors)
        return Memory(state, memory.ids, frequency, memory.anchors, memory.form)


def anchored(frequency: Frequency, anchors: tuple[str, ...]) -> Frequency:
    """A frequency of months with the first of these anchors, or none; any other as it is."""
    return Months(frequency.count, next(iter(anchors), "same")) if isinstance(frequency, Months) else frequency
