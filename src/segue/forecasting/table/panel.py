"""Many series on a regular grid of time, and the right-aligned lanes that a forecaster reads."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

import narwhals as nw
import numpy as np
from jaxtyping import Bool, Float64, Int64
from numpy.typing import NDArray

from segue.errors import UserError
from segue.forecasting.table.calendar import frequency_of, infer_frequency
from segue.forecasting.table.frequency import Frequency, Times
from segue.forecasting.table.layout import Layout


@runtime_checkable
class Lanes(Protocol):
    """Lanes that can be forecast: series, or beginnings of series."""

    def __len__(self) -> int: ...

    @property
    def lengths(self) -> Int64[np.ndarray, " lanes"]:
        """The number of steps of each lane, missing ones included."""
        ...

    @property
    def seasons(self) -> Float64[np.ndarray, "lanes periods"]:
        """The periods in steps that the calendar suggests for each lane; see `segue.forecasting.predictor.History`."""
        ...

    def lanes(
        self, picked: Sequence[int] | NDArray[np.int64], context: int
    ) -> tuple[Float64[np.ndarray, "lanes time"], Bool[np.ndarray, "lanes time"]]:
        """Returns the last values of some lanes, aligned at their ends; see `Panel.lanes`."""
        ...


@dataclass(frozen=True, eq=False)
class Panel:
    """Series in the order of their ids; rows of one series lie together, in order of time, at most one for each step.

    Attributes:
        ids: The name of each series.
        starts: The first row of each series, then the number of rows.
        times: The time of each row: timestamps without a time zone, or integers.
        steps: The number of steps from the first row of its series to each row.
        values: The value of each row, NaN where missing. A step without a row is a missing value, too.
        frequency: The step of the grid.
    """

    ids: nw.Series[Any]
    starts: Int64[np.ndarray, " series_and_1"]
    times: Times
    steps: Int64[np.ndarray, " rows"]
    values: Float64[np.ndarray, " rows"]
    frequency: Frequency

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def lengths(self) -> Int64[np.ndarray, " series"]:
        """The number of steps of each series, missing ones included."""
        lengths: NDArray[np.int64] = self.steps[self.starts[1:] - 1] + 1
        return lengths

    @property
    def seasons(self) -> Float64[np.ndarray, "series periods"]:
        """The periods in steps that the frequency suggests, the same for every series."""
        return np.tile(np.array(self.frequency.seasons, dtype=np.float64), (len(self), 1))

    @property
    def ends(self) -> Int64[np.ndarray, " series"]:
        """The number of steps of each series up to its last observed value; 0 where it has none."""
        ends: NDArray[np.int64] = np.maximum.reduceat(
            np.where(np.isfinite(self.values), self.steps + 1, 0), self.starts[:-1]
        )
        return ends

    def future(self, horizon: int) -> Times:
        """Returns the `horizon` times after the last row of each series, `(series, horizon)`."""
        return self.frequency.after(self.times, self.starts, horizon)

    def part(self, first: int, end: int) -> "Panel":
        """Returns the series from index `first` up to `end`; their arrays are views of this panel's."""
        rows = slice(self.starts[first], self.starts[end])
        return replace(
            self,
            ids=self.ids[first:end],
            starts=self.starts[first : end + 1] - self.starts[first],
            times=self.times[rows],
            steps=self.steps[rows],
            values=self.values[rows],
        )

    def rows_before(self, series: NDArray[np.int64], spans: Int64[np.ndarray, " lanes"]) -> Int64[np.ndarray, " lanes"]:
        """Returns the end of the rows that lie within the first `spans` steps of each of `series`."""
        bounds = zip(self.starts[series], self.starts[series + 1], spans, strict=True)
        rows = [first + np.searchsorted(self.steps[first:end], span) for first, end, span in bounds]
        return np.asarray(rows, dtype=np.int64)

    def lanes(
        self,
        picked: Sequence[int] | NDArray[np.int64],
        context: int,
        spans: Int64[np.ndarray, " lanes"] | None = None,
    ) -> tuple[Float64[np.ndarray, "lanes time"], Bool[np.ndarray, "lanes time"]]:
        """Returns the last values of some series, aligned at their ends.

        Args:
            picked: The index of each of these series.
            context: The largest number of steps.
            spans: The number of steps after which each lane ends, at least 1; by default all of its steps.

        Returns:
            The values, zero where not observed, and whether each is observed. Time is `context`, or the largest span
            of these series if that is less.
        """
        series = np.asarray(picked, dtype=np.int64)
        ends = self.starts[series + 1] if spans is None else self.rows_before(series, spans)
        spans = self.lengths[series] if spans is None else spans
        width = min(context, int(spans.max()))
        rows = ends[:, None] - 1 - np.arange(width)  # no step holds two rows, so `width` rows are enough
        own = rows >= self.starts[series, None]
        rows = np.maximum(rows, self.starts[series, None])
        column = width - spans[:, None] + self.steps[rows]
        own &= (column >= 0) & np.isfinite(self.values[rows])
        lane = np.broadcast_to(np.arange(len(series))[:, None], rows.shape)[own]
        values, observed = np.zeros((len(series), width)), np.zeros((len(series), width), dtype=bool)
        values[lane, column[own]] = self.values[rows[own]]
        observed[lane, column[own]] = True
        return values, observed


def make_panel(
    ids: nw.Series[Any],
    codes: Int64[np.ndarray, " rows"],
    times: Times,
    values: Float64[np.ndarray, " rows"],
    layout: Layout,
) -> Panel:
    """Sorts rows, infers their grid and puts them on it.

    Args:
        ids: The name of each series.
        codes: The index of each row's series; each series has at least one row.
        times: Timestamps without a time zone, or integers.
        values: The value of each row, NaN where missing.
        layout: The step, and the rule for several values on one step.

    Raises:
        UserError: A step has several values and `duplicates` is not given, the frequency is unknown or cannot be
            inferred, or the own step of a series is longer.
    """
    codes, times, values = in_order(codes, times, values)
    if layout.freq is None:
        frequency = infer_frequency(times, neighbours(codes, times))
    else:
        frequency = frequency_of(layout.freq, times)
    firsts = times[np.searchsorted(codes, np.arange(len(ids)))]
    steps = frequency.steps(firsts[codes], times)
    leaders, values = one_a_step(ids, codes, times, steps, values, frequency, layout.duplicates)
    codes, times, steps = codes[leaders], times[leaders], steps[leaders]
    longer = longer_step(codes, steps, len(ids))
    if longer is not None:
        raise other_step(ids[longer[0]], longer[1], frequency)
    starts = np.searchsorted(codes, np.arange(len(ids) + 1)).astype(np.int64)
    return Panel(ids, starts, times, steps, values, frequency)


def in_order(
    codes: Int64[np.ndarray, " rows"], times: Times, values: Float64[np.ndarray, " rows"]
) -> tuple[Int64[np.ndarray, " rows"], Times, Float64[np.ndarray, " rows"]]:
    """Sorts rows by series and time; rows of one series and time keep their order."""
    later = (codes[1:] == codes[:-1]) & (times[1:] >= times[:-1])
    if bool((later | (codes[1:] > codes[:-1])).all()):  # most tables are in order
        return codes, times, values
    order = np.lexsort((times, codes))
    return codes[order], times[order], values[order]


def neighbours(codes: Int64[np.ndarray, " rows"], times: Times) -> Times:
    """Returns the neighbouring distinct times of each series, `(pairs, 2)`; rows are in order of series and time."""
    near = (codes[1:] == codes[:-1]) & (times[1:] > times[:-1])
    gaps = np.empty((np.count_nonzero(near), 2), dtype=times.dtype)
    gaps[:, 0], gaps[:, 1] = times[:-1][near], times[1:][near]
    return gaps


def one_a_step(
    ids: Sequence[Any] | nw.Series[Any],
    codes: Int64[np.ndarray, " rows"],
    times: Times,
    steps: Int64[np.ndarray, " rows"],
    values: Float64[np.ndarray, " rows"],
    frequency: Frequency,
    duplicates: str | None,
) -> tuple[Int64[np.ndarray, " kept"] | slice, Float64[np.ndarray, " kept"]]:
    """Returns the first row of each step, and its value by `duplicates`; rows are in order of series and time.

    Raises:
        UserError: A step has several rows and `duplicates` is not given.
    """
    together = np.flatnonzero((codes[1:] == codes[:-1]) & (steps[1:] == steps[:-1]))
    if not len(together):
        return slice(None), values
    if duplicates is None:
        row = together[0]
        raise _crowded(times[row], times[row + 1], ids[int(codes[row])], frequency)
    leaders = np.setdiff1d(np.arange(len(codes)), together + 1)
    return leaders, _reduced(values, leaders, duplicates)


def longer_step(
    codes: Int64[np.ndarray, " rows"], steps: Int64[np.ndarray, " rows"], series: int, least: int = 3
) -> tuple[int, int] | None:
    """Returns a series with a longer step, and that step: most of its gaps, at least `least`, have this size."""
    near = codes[1:] == codes[:-1]
    gaps = np.bincount(codes[1:][near], minlength=series)
    wide = np.flatnonzero(near & (steps[1:] - steps[:-1] > 1))
    sizes, which = np.unique(steps[wide + 1] - steps[wide], return_inverse=True)
    pairs, counts = np.unique(codes[wide] * len(sizes) + which, return_counts=True)
    total = gaps[pairs // max(1, len(sizes))]
    longer = np.flatnonzero((total >= least) & (2 * counts > total))
    if not len(longer):
        return None
    lane, size = divmod(int(pairs[longer[0]]), len(sizes))
    return lane, int(sizes[size])


def other_step(series: object, size: int, frequency: Frequency) -> UserError:
    """Makes the error for a series that `longer_step` returned."""
    fault = f"the rows of series {series} lie {size} steps of {frequency.alias} apart"
    return UserError("freq", frequency.alias, f"{fault}; give their step, or forecast it in a file of its own")


def _reduced(
    values: Float64[np.ndarray, " rows"], leaders: NDArray[np.int64], duplicates: str
) -> Float64[np.ndarray, " kept"]:
    if duplicates != "mean":
        chosen = leaders if duplicates == "first" else np.append(leaders[1:], len(values)) - 1
        return np.asarray(values[chosen])
    count = np.add.reduceat(np.isfinite(values).astype(np.float64), leaders)
    total = np.add.reduceat(np.nan_to_num(values), leaders)
    mean: NDArray[np.float64] = np.divide(total, count, out=np.full(len(leaders), np.nan), where=count > 0)
    return mean


def _crowded(time: object, following: object, series: object, frequency: Frequency) -> UserError:
    first, second = (str(stamp).replace("T", " ").removesuffix(".000000") for stamp in (time, following))
    choice = "choose `duplicates` mean|first|last"
    if first == second:
        return UserError(
            "time_col", first, f"occurs twice in series {series}; {choice}, or name the series by `id_col`"
        )
    fault = f"{first} and {second} of series {series} fall on one step"
    return UserError("freq", frequency.alias, f"{fault}; give a finer step, or {choice}")
