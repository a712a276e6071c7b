"""Many series on a regular grid of time, and the right-aligned lanes a forecaster reads."""

from collections.abc import Sequence
from dataclasses import dataclass
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
    """What can be forecast: series, or beginnings of series."""

    def __len__(self) -> int: ...

    @property
    def lengths(self) -> Int64[np.ndarray, " lanes"]:
        """How many steps each spans, missing ones included."""
        ...

    @property
    def seasons(self) -> Float64[np.ndarray, "lanes periods"]:
        """The periods in steps that the calendar suggests for each; see `segue.forecasting.predictor.History`."""
        ...

    def lanes(
        self, picked: Sequence[int] | NDArray[np.int64], context: int
    ) -> tuple[Float64[np.ndarray, "lanes time"], Bool[np.ndarray, "lanes time"]]:
        """The last values of some, aligned at the last one; see `Panel.lanes`."""
        ...


@dataclass(frozen=True, eq=False)
class Panel:
    """Series in the order of their ids; the rows of one series lie together, by time, one a step at most.

    Attributes:
        ids: The name of each series.
        starts: The first row of each series, then the number of rows.
        times: When each value was: timestamps without a time zone, or integers.
        steps: How many steps after the first row of its series each row lies.
        values: NaN where missing. A step without a row is missing, too.
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
        """How many steps each series spans, missing ones included."""
        lengths: NDArray[np.int64] = self.steps[self.starts[1:] - 1] + 1
        return lengths

    @property
    def seasons(self) -> Float64[np.ndarray, "series periods"]:
        """The periods in steps that the frequency suggests, the same for every series."""
        return np.tile(np.array(self.frequency.seasons, dtype=np.float64), (len(self), 1))

    @property
    def ends(self) -> Int64[np.ndarray, " series"]:
        """After how many of its steps each series has its last observed value; 0 where it has none."""
        ends: NDArray[np.int64] = np.maximum.reduceat(
            np.where(np.isfinite(self.values), self.steps + 1, 0), self.starts[:-1]
        )
        return ends

    def future(self, horizon: int) -> Times:
        """The `horizon` times after the last row of each series: `(series, horizon)`."""
        return self.frequency.after(self.times, self.starts, horizon)

    def rows_before(self, series: NDArray[np.int64], spans: Int64[np.ndarray, " lanes"]) -> Int64[np.ndarray, " lanes"]:
        """The row after the last that lies within the first `spans` steps of each of `series`."""
        bounds = zip(self.starts[series], self.starts[series + 1], spans, strict=True)
        rows = [first + np.searchsorted(self.steps[first:end], span) for first, end, span in bounds]
        return np.asarray(rows, dtype=np.int64)

    def lanes(
        self,
        picked: Sequence[int] | NDArray[np.int64],
        context: int,
        spans: Int64[np.ndarray, " lanes"] | None = None,
    ) -> tuple[Float64[np.ndarray, "lanes time"], Bool[np.ndarray, "lanes time"]]:
        """The last values of some series, aligned at the last one.

        Args:
            picked: Which series, by position.
            context: How many steps at most.
            spans: After how many of its steps each lane ends, at least 1; by default after all.

        Returns:
            Values, zero where not observed, and whether each is observed. Time is `context`, or the span of the
            longest of these series where that is less.
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
        codes: Which series each row belongs to; each has one row at least.
        times: Timestamps without a time zone, or integers.
        values: NaN where missing.
        layout: The step, and what becomes of several values on one step.

    Raises:
        UserError: Several values on one step and no `duplicates` given; an unknown frequency, or none to infer; a
            series whose own step is longer.
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
    """Rows in the order of series and time; those of one series and time stay in theirs."""
    later = (codes[1:] == codes[:-1]) & (times[1:] >= times[:-1])
    if bool((later | (codes[1:] > codes[:-1])).all()):  # as most tables are
        return codes, times, values
    order = np.lexsort((times, codes))
    return codes[order], times[order], values[order]


def neighbours(codes: Int64[np.ndarray, " rows"], times: Times) -> Times:
    """The neighbouring distinct times of each series, `(pairs, 2)`, of rows in the order of series and time."""
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
    """The first row of each step and the one value that `duplicates` makes of it; rows are in order of series and time.

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
    """A series of which most gaps, of `least` at least, are of one size above 1, its own step, and that size."""
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
    """The error for a series that `longer_step` names."""
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
