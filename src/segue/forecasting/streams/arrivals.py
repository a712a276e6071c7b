"""New rows for a memory: their steps on the grid of each lane, the rows that are applied, and a report of all."""

from dataclasses import replace

import narwhals as nw
import numpy as np
import pandas as pd
from jaxtyping import Bool, Float64, Int64, Shaped
from numpy.typing import NDArray

from segue.errors import UserError
from segue.forecasting.streams.memory import Form, Id, Memory, anchored
from segue.forecasting.streams.report import Report
from segue.forecasting.table.grid.calendar import infer_frequency
from segue.forecasting.table.grid.duplicates import begins, is_coarser, one_a_step
from segue.forecasting.table.grid.frequency import Frequency, RowNumbers, Times
from segue.forecasting.table.grid.gaps import in_order, longer_steps, neighbours, other_step
from segue.forecasting.table.grid.months import Months, anchors_of
from segue.forecasting.table.grid.names import alias_of, frequency_of
from segue.forecasting.table.layout import Layout
from segue.forecasting.table.rows import Rows
from segue.state import State

_GIVEN = 20  # gaps of a series, before a step that the user gave is doubted


def take_in(memory: Memory, rows: Rows, layout: Layout) -> tuple[Memory, Report]:
    """Adds new rows to a memory.

    Args:
        memory: The memory so far, without lanes, or with lanes that have names and times.
        rows: One row for each series and time, in any order.
        layout: The step, and the rule for several values on one step.

    Raises:
        UserError: The rows do not fit the frequency or the names of the memory, or a step has several rows and
            `duplicates` is not given.
    """
    rows = _named_alike(memory, rows)
    ids, old, codes = _joined(memory, rows)
    codes, times, values = in_order(codes, rows.times, rows.values)
    times, gathered = _gathered(memory, codes, times, layout)
    frequency, anchors = _grid(memory, codes, times, layout)
    begin, last = _known_times(memory, old, codes, times, len(ids))
    newest = np.full(len(ids), -1)
    steps, newest[old] = _steps(frequency, begin, (codes, times), (old, last[old]))
    day = _latest_day(memory, old, codes, times, frequency, len(ids))
    leaders, values = one_a_step(ids, codes, times, steps, values, frequency, layout.duplicates)
    codes, times, steps = codes[leaders], times[leaders], steps[leaders]
    grid = _Grid(memory, old, newest, codes, steps, values)
    arrays, report = grid.written(), grid.report(ids)
    ends = np.append(np.flatnonzero(np.diff(codes)), len(codes) - 1)
    ends = ends[steps[ends] > newest[codes[ends]]]
    last[codes[ends]] = times[ends]
    state = State({**arrays, "first": begin.astype(np.int64), "last": last.astype(np.int64), "day": day})
    after = Memory(state, ids, frequency, anchors, Form.of(rows), gathered)
    _refuse_longer_step(after, codes, steps, given=layout.freq is not None)
    return after, report


class _Grid:
    """Rows and the steps that a memory keeps, both counted from the first time of their lane.

    Args:
        memory: The memory so far.
        old: The index of each of its lanes among all lanes.
        newest: The newest known step of each lane; -1 for new lanes.
        codes: The lane of each row, ascending.
        steps: The step of each row, ascending within a lane; a step has one row.
        values: The value of each row, NaN where missing.
    """

    def __init__(
        self,
        memory: Memory,
        old: Int64[np.ndarray, " known"],
        newest: Int64[np.ndarray, " lanes"],
        codes: Int64[np.ndarray, " rows"],
        steps: Int64[np.ndarray, " rows"],
        values: Float64[np.ndarray, " rows"],
    ) -> None:
        self._memory, self._old, self._codes, self._values = memory, old, codes, values
        self._ahead = np.zeros(len(newest), dtype=np.int64)  # by how many steps each lane moves on
        np.maximum.at(self._ahead, codes, steps - newest[codes])
        self._back = newest[codes] - steps  # steps before the newest known one; negative if after it
        self._added = self._back < 0
        self._too_old = self._back >= memory.steps
        missing, known, differing = np.isnan(values), np.zeros(len(codes), bool), np.zeros(len(codes), bool)
        inside = np.flatnonzero(~self._added & ~self._too_old)
        lane_before = np.zeros(len(newest), dtype=np.int64)
        lane_before[old] = np.arange(len(old))
        at = lane_before[codes[inside]], memory.steps - 1 - self._back[inside]
        known[inside] = memory.state["observed"][at]
        differing[inside] = known[inside] & (memory.state["values"][at] != values[inside])
        self._repeated = ~self._added & ~self._too_old & (known | missing)  # including a row without a value
        self._differing = differing
        self._late = ~self._added & ~self._too_old & ~self._repeated

    def written(self) -> dict[str, Shaped[np.ndarray, "lanes steps"]]:
        """Makes new arrays `values` and `observed`: it moves lanes on and writes the rows that are applied."""
        before, steps, lanes = self._memory.state, self._memory.steps, len(self._ahead)
        arrays = {name: np.zeros((lanes, steps), before[name].dtype) for name in ("values", "observed")}
        ahead = self._ahead[self._old]
        for shift in np.unique(ahead[ahead < steps]).tolist():
            known = np.flatnonzero(ahead == shift)
            for name, array in arrays.items():
                array[self._old[known], : steps - shift] = before[name][known, shift:]
        column = steps - 1 - self._back - self._ahead[self._codes]
        applied = (self._added | self._late) & np.isfinite(self._values) & (column >= 0)
        at = self._codes[applied], column[applied]
        arrays["values"][at], arrays["observed"][at] = self._values[applied], True
        return arrays

    def report(self, ids: tuple[Id, ...]) -> Report:
        """Counts rows and steps by lane."""
        new = np.ones(len(ids), dtype=bool)
        new[self._old] = False
        added = self._count(self._added)
        return Report(
            tuple(ids[lane] for lane in np.flatnonzero(new)),
            _by_id(ids, added),
            _by_id(ids, self._count(self._late)),
            _by_id(ids, self._count(self._repeated)),
            _by_id(ids, self._count(self._differing)),
            _by_id(ids, self._count(self._too_old)),
            _by_id(ids, self._ahead - added),
        )

    def _count(self, rows: Bool[np.ndarray, " rows"]) -> Int64[np.ndarray, " lanes"]:
        return np.bincount(self._codes[rows], minlength=len(self._ahead))


def _named_alike(memory: Memory, rows: Rows) -> Rows:
    """Gives names the type of those in the memory; whole numbers become text, as 7 in one file and A7 in another."""
    column, kind, text = (
        "/".join(rows.columns.ids) or "unique_id",
        rows.ids.dtype,
        {type(name) for name in rows.ids} == {str},
    )
    if not (text or kind.is_numeric() or kind == nw.Boolean):
        raise UserError("id_col", column, f"holds {kind}; give names that are text or numbers")
    if not memory.ids or text == isinstance(memory.ids[0], str):
        return rows
    if not kind.is_integer():
        known = "numbers" if text else "text"
        raise UserError("id_col", column, f"holds {kind}; give names that are {known}, as before")
    names = nw.new_series("unique_id", [str(name) for name in rows.ids], nw.String, backend=rows.ids.implementation)
    return replace(rows, ids=names)


def _joined(
    memory: Memory, rows: Rows
) -> tuple[tuple[Id, ...], Int64[np.ndarray, " known"], Int64[np.ndarray, " rows"]]:
    """All names in ascending order, and the index among them of each known lane and of the series of each row."""
    codes, distinct = pd.factorize(pd.Index([*memory.ids, *rows.ids.to_list()]), sort=True)
    return tuple(distinct.tolist()), codes[: len(memory)].astype(np.int64), codes[len(memory) :][rows.codes]


def _gathered(memory: Memory, codes: Int64[np.ndarray, " rows"], times: Times, layout: Layout) -> tuple[Times, bool]:
    """The beginnings of the steps of rows if rows are gathered, else their times; the first rows decide."""
    if layout.freq is None or (len(memory) and not memory.gathered):
        return times, False
    frequency = frequency_of(layout.freq, times)
    if isinstance(frequency, RowNumbers):
        raise UserError("freq", layout.freq, "a stream counts steps of time; give row numbers as times, and freq=1")
    if not memory.gathered and not is_coarser(codes, times, frequency):
        return times, False
    origin = memory.times("first").min() if memory.gathered and len(memory) else None
    return begins(frequency, alias_of(layout.freq), times, origin), True


def _grid(
    memory: Memory, codes: Int64[np.ndarray, " rows"], times: Times, layout: Layout
) -> tuple[Frequency, tuple[str, ...]]:
    """The frequency of a memory with these rows in it, and the anchors in the month that all of them kept."""
    gaps = neighbours(codes, times)
    if layout.freq is not None:
        frequency = frequency_of(layout.freq, times)
    elif memory.frequency is not None:
        frequency = frequency_of(memory.frequency.alias, times)
    elif len(gaps):
        frequency = infer_frequency(times, gaps)
    else:
        raise UserError("freq", "(not given)", "no series has two rows to infer it from; give the step, such as h or D")
    anchors = anchors_of(times) if isinstance(frequency, Months) else ()
    if memory.frequency is not None:
        anchors = tuple(anchor for anchor in memory.anchors if anchor in anchors)
        if anchored(frequency, ()) != anchored(memory.frequency, ()):
            alias = memory.frequency.alias
            raise UserError("freq", layout.freq, f"the memory has steps of {alias}; give {alias}")
    return anchored(frequency, anchors), anchors


def _known_times(
    memory: Memory, old: Int64[np.ndarray, " known"], codes: Int64[np.ndarray, " rows"], times: Times, lanes: int
) -> tuple[Times, Times]:
    """The times of the first and of the newest known row of each lane; for a new lane both are its first row."""
    first = np.empty(lanes, dtype=times.dtype)
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    first[codes[starts]] = times[starts]
    last = first.copy()
    if len(old):
        first[old], last[old] = memory.times("first"), memory.times("last")
    return first, last


def _steps(frequency: Frequency, first: Times, *rows: tuple[NDArray[np.int64], Times]) -> list[NDArray[np.int64]]:
    """Counts steps from the first time of each lane, for rows of lanes and times; they are negative for earlier times.

    All rows are counted together with the least time of all. Frequencies other than months and fixed steps count on a
    grid that begins at the least `first`.
    """
    lanes, times = (np.concatenate(parts) for parts in zip(*rows, strict=True))
    least = min(first.min(), times.min())
    steps = frequency.steps(np.append(first[lanes], least), np.append(times, least))[:-1]
    return np.split(steps, np.cumsum([len(times) for _, times in rows])[:-1])


def _latest_day(
    memory: Memory,
    old: Int64[np.ndarray, " known"],
    codes: Int64[np.ndarray, " rows"],
    times: Times,
    frequency: Frequency,
    lanes: int,
) -> Int64[np.ndarray, " lanes"]:
    """The latest day of a month, counted from zero, in the rows of each lane; zero where steps are not months."""
    day = np.zeros(lanes, dtype=np.int64)
    if isinstance(frequency, Months):
        if len(old):
            day[old] = memory.state["day"]
        days = times.astype("datetime64[D]")
        np.maximum.at(day, codes, (days - days.astype("datetime64[M]")).astype(np.int64))
    return day


def _refuse_longer_step(
    memory: Memory, codes: Int64[np.ndarray, " rows"], steps: Int64[np.ndarray, " rows"], given: bool
) -> None:
    """Refuses rows of a series with a longer step, as tables do.

    Where the step was inferred, both the rows and the kept steps must have the longer one. A step that the user gave is
    doubted only if many rows have a longer one, because a few may come in any order.
    """
    longer = longer_steps(codes, steps, len(memory), _GIVEN if given else 3)
    if memory.frequency is None or not longer:
        return
    if given:
        lane, size = next(iter(longer.items()))
        raise other_step(memory.ids[lane], size, memory.frequency)
    lanes = np.unique(codes)
    which, columns = np.nonzero(memory.state["observed"][lanes])
    for lane, size in longer_steps(which, columns, len(lanes)).items():
        raise other_step(memory.ids[int(lanes[lane])], size, memory.frequency)


def _by_id(ids: tuple[Id, ...], counts: Int64[np.ndarray, " lanes"]) -> dict[Id, int]:
    return {ids[lane]: int(counts[lane]) for lane in np.flatnonzero(counts)}
