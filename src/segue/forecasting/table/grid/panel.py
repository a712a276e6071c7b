"""Many series on a regular grid of time, and the right-aligned lanes that a forecaster reads."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import narwhals as nw
import numpy as np
from jaxtyping import Bool, Float64, Int64
from numpy.typing import NDArray

from segue.forecasting.table.grid.duplicates import one_a_step
from segue.forecasting.table.grid.ends import deserts, early_ends
from segue.forecasting.table.grid.faults import faults_of
from segue.forecasting.table.grid.frequency import Frequency, Times
from segue.forecasting.table.grid.gaps import in_order
from segue.forecasting.table.grid.grid import Grid, frequency_in
from segue.forecasting.table.grid.known import KnownColumns
from segue.forecasting.table.grid.limits import refuse_distant
from segue.forecasting.table.grid.seasons import MOST_SERIES, MOST_STEPS, rows_a_cycle, season_in, seasons_of
from segue.forecasting.table.layout import Layout


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
        periods: The periods in steps of its seasons, the customary one first; None if the frequency suggests them.
        known: Columns that are known at all steps and ahead, if the user gives some.
    """

    ids: nw.Series[Any]
    starts: Int64[np.ndarray, " series_and_1"]
    times: Times
    steps: Int64[np.ndarray, " rows"]
    values: Float64[np.ndarray, " rows"]
    frequency: Frequency
    periods: tuple[float, ...] | None = None
    known: KnownColumns | None = None

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def lengths(self) -> Int64[np.ndarray, " series"]:
        """The number of steps of each series, missing ones included."""
        lengths: NDArray[np.int64] = self.steps[self.starts[1:] - 1] + 1
        return lengths

    @property
    def seasons(self) -> Float64[np.ndarray, "series periods"]:
        """The periods in steps of the seasons, the same for every series."""
        periods = self.frequency.seasons if self.periods is None else self.periods
        return np.tile(np.array(periods, dtype=np.float64), (len(self), 1))

    @property
    def season(self) -> int:
        """The steps of the customary season, rounded; 1 if there is none. It scales errors."""
        periods = self.frequency.seasons if self.periods is None else self.periods
        return max(1, round(periods[0])) if periods else 1

    @property
    def ends(self) -> Int64[np.ndarray, " series"]:
        """The number of steps of each series up to its last observed value; 0 where it has none."""
        return self.ends_before(self.lengths)

    def ends_before(self, spans: Int64[np.ndarray, " series"]) -> Int64[np.ndarray, " series"]:
        """The number of steps of each series up to the last observed value within its first `spans` steps, or 0."""
        within = np.isfinite(self.values) & (self.steps < np.repeat(spans, np.diff(self.starts)))
        ends: NDArray[np.int64] = np.maximum.reduceat(np.where(within, self.steps + 1, 0), self.starts[:-1])
        return ends

    def season_of_values(self) -> tuple[float, ...]:
        """The season that the last values of the first series show; empty if none is significant."""
        return season_in(*self.lanes(range(min(len(self), MOST_SERIES)), MOST_STEPS))

    def future(self, horizon: int) -> Times:
        """Returns the `horizon` times after the last row of each series, `(series, horizon)`.

        Raises:
            UserError: A time is beyond the year 9999, or beyond 64 bits.
        """
        refuse_distant(self.times, self.frequency, horizon)
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
            known=self.known and self.known.part(first, end),
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

    def known_lanes(
        self,
        picked: Sequence[int] | NDArray[np.int64],
        width: int,
        horizon: int,
        spans: Int64[np.ndarray, " lanes"] | None = None,
    ) -> tuple[Float64[np.ndarray, "lanes steps columns"], Float64[np.ndarray, " lanes"]] | None:
        """Returns covariates and holidays of the last `width` steps of some series and `horizon` steps ahead.

        The second array is the weight of each forecast with them; see `KnownColumns`. The result is None if there are
        none. See `lanes` for the other arguments.
        """
        if self.known is None:
            return None
        series = np.asarray(picked, dtype=np.int64)
        spans = self.lengths[series] if spans is None else spans
        return self.known.lanes(series, spans, width, horizon), self.known.weights[series]


def make_panel(
    ids: nw.Series[Any],
    codes: Int64[np.ndarray, " rows"],
    times: Times,
    values: Float64[np.ndarray, " rows"],
    layout: Layout,
) -> tuple[Panel, tuple[str, ...], dict[int, str]]:
    """Sorts rows, infers their grid and puts them on it.

    Args:
        ids: The name of each series.
        codes: The index of each row's series; each series has at least one row.
        times: Timestamps without a time zone, or integers.
        values: The value of each row, NaN where missing.
        layout: The step, the seasons, the rule for several values on one step, and whether bad series are left out.

    Returns:
        The panel; notes on it for the user, one line each; and the reason why each series that is not in it was left
        out, by its index.

    Raises:
        UserError: A step has several values and `duplicates` is not given, the frequency is unknown or cannot be
            inferred, or the own step of a series is longer. With `skip_bad` such series are left out, if any is left.
    """
    periods = seasons_of(layout.season)
    codes, times, values = in_order(codes, times, values)
    frequency, skipped = frequency_in(codes, times, len(ids), layout)
    grid = None if skipped else Grid.of(codes, times, frequency, layout)
    if grid is not None:
        faults = faults_of(
            ids, codes, times, grid.steps, grid.frequency, layout.duplicates is None, layout.freq is None
        )
        if faults and (not layout.skip_bad or len(faults) == len(ids)):
            raise next(iter(faults.values()))[1]()
        skipped = {lane: reason for lane, (reason, _) in faults.items()}
    if grid is None or skipped:
        return _without(skipped, ids, codes, times, values, layout)
    leaders, values = one_a_step(ids, codes, times, grid.steps, values, grid.frequency, layout.duplicates)
    notes = grid.notes(ids, codes, times, leaders)
    cycle = rows_a_cycle(codes[leaders], times[leaders]) if grid.numbered else ()
    codes, times, steps = codes[leaders], grid.times[leaders], grid.steps[leaders]
    starts = np.searchsorted(codes, np.arange(len(ids) + 1)).astype(np.int64)
    if not grid.numbered:
        notes += (*early_ends(ids, starts, times, values, grid.frequency), *deserts(ids, codes, times, steps))
    panel = Panel(ids, starts, times, steps, values, grid.frequency, periods)
    if periods is None and times.dtype.kind == "i":
        panel = replace(panel, periods=cycle or panel.season_of_values())
    return panel, notes, {}


def _without(
    skipped: dict[int, str],
    ids: nw.Series[Any],
    codes: Int64[np.ndarray, " rows"],
    times: Times,
    values: Float64[np.ndarray, " rows"],
    layout: Layout,
) -> tuple[Panel, tuple[str, ...], dict[int, str]]:
    """Makes the panel of all other series; what was left out may have changed the grid."""
    kept = np.setdiff1d(np.arange(len(ids)), list(skipped))
    rows = np.isin(codes, kept)
    panel, notes, more = make_panel(
        ids[kept.tolist()], np.searchsorted(kept, codes[rows]), times[rows], values[rows], layout
    )
    return panel, notes, {**skipped, **{int(kept[lane]): reason for lane, reason in more.items()}}
