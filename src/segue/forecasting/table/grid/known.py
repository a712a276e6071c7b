"""Columns that are known at all steps of the series of a panel, and at steps ahead: covariates and holidays."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float64, Int64


@dataclass(frozen=True, eq=False)
class KnownColumns:
    """A dense table of numbers on the grid of a panel.

    Attributes:
        names: The name of each column.
        sources: The source of each column: a covariate, or `holidays`.
        starts: The first row of each series, then the number of rows. A series has a row for each of its steps, missing
            ones included, and then one for each step ahead.
        values: The numbers; NaN where the past has none.
        weights: The weight of each series' forecast with these columns, 0 to 1; the forecast without them has the rest.
    """

    names: tuple[str, ...]
    sources: tuple[str, ...]
    starts: Int64[np.ndarray, " series_and_1"]
    values: Float64[np.ndarray, "rows columns"]
    weights: Float64[np.ndarray, " series"]

    def part(self, first: int, end: int) -> "KnownColumns":
        """Returns the series from index `first` up to `end`."""
        rows = slice(self.starts[first], self.starts[end])
        starts = self.starts[first : end + 1] - self.starts[first]
        return replace(self, starts=starts, values=self.values[rows], weights=self.weights[first:end])

    def lanes(
        self, series: Int64[np.ndarray, " lanes"], spans: Int64[np.ndarray, " lanes"], width: int, horizon: int
    ) -> Float64[np.ndarray, "lanes steps columns"]:
        """Returns the rows of some series, aligned at the steps where lanes end.

        Args:
            series: The index of the series of each lane.
            spans: The number of steps of its series after which each lane ends.
            width: Steps before the end.
            horizon: Steps after it.

        Returns:
            `width + horizon` rows for each lane; NaN before its series begins and after its last row.
        """
        first, end = self.starts[series][:, None], self.starts[series + 1][:, None]
        rows = first + spans[:, None] - width + np.arange(width + horizon)
        own = (rows >= first) & (rows < end)
        return np.where(own[..., None], self.values[np.where(own, rows, 0)], np.nan)
