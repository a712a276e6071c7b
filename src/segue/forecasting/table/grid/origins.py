"""Beginnings of series, as lanes: the values before some origins, and the values after them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64
from numpy.typing import NDArray

from segue.forecasting.table.grid.panel import Panel


@dataclass(frozen=True, eq=False)
class Origins:
    """Beginnings of series, as lanes: one for each series and window, the earliest window of a series first.

    A beginning of a series is a series. So the function that forecasts a `Panel` forecasts all of these, in the same
    batches.

    Attributes:
        panel: The whole series.
        series: The index of the series of each lane, in ascending order.
        window: The index of each lane among the `windows` of its series; a shorter series has the last ones.
        spans: The number of steps of its series after which each lane ends.
        horizon: The number of steps to forecast after that.
    """

    panel: Panel
    series: Int64[np.ndarray, " lanes"]
    window: Int64[np.ndarray, " lanes"]
    spans: Int64[np.ndarray, " lanes"]
    horizon: int

    def __len__(self) -> int:
        return len(self.series)

    @property
    def lengths(self) -> Int64[np.ndarray, " lanes"]:
        """The number of steps of each lane, missing ones included."""
        return self.spans

    @property
    def seasons(self) -> Float64[np.ndarray, "lanes periods"]:
        """The periods of the series of each lane."""
        return np.asarray(self.panel.seasons[self.series])

    def lanes(
        self, picked: Sequence[int] | NDArray[np.int64], context: int
    ) -> tuple[Float64[np.ndarray, "lanes time"], Bool[np.ndarray, "lanes time"]]:
        """Returns the last values before some of the origins, aligned at the origin; see `Panel.lanes`."""
        return self.panel.lanes(self.series[picked], context, self.spans[picked])

    def known_lanes(
        self, picked: NDArray[np.int64], width: int, horizon: int
    ) -> tuple[Float64[np.ndarray, "lanes steps columns"], Float64[np.ndarray, " lanes"]] | None:
        """Returns covariates and holidays of some of the lanes and ahead of them; see `Panel.known_lanes`."""
        return self.panel.known_lanes(self.series[picked], width, horizon, self.spans[picked])

    def actual(self) -> Float64[np.ndarray, "lanes horizon"]:
        """Returns the values after each origin; NaN where missing."""
        values, observed = self.panel.lanes(self.series, self.horizon, self.spans + self.horizon)
        return np.where(observed, values, np.nan)

    def history(self, picked: NDArray[np.int64]) -> Float64[np.ndarray, "lanes time"]:
        """Returns all values before some of the origins; NaN where missing."""
        values, observed = self.lanes(picked, int(self.spans[picked].max()))
        return np.where(observed, values, np.nan)

    def rows(self) -> tuple[Int64[np.ndarray, " rows"], Int64[np.ndarray, " rows"], Int64[np.ndarray, " rows"]]:
        """Returns, for each row of the panel in a window, its lane, its index, and the last row before its window."""
        begins = self.panel.rows_before(self.series, self.spans)
        ends = self.panel.rows_before(self.series, self.spans + self.horizon)
        counts = ends - begins
        lane = np.repeat(np.arange(len(self)), counts)
        row = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + begins[lane]
        return lane, row, begins[lane] - 1
