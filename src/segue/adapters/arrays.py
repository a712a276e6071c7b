"""Series that other libraries hand over as arrays: their forecasts, and one-step forecasts of their past."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64, Int64
from numpy.typing import NDArray

from segue.errors import UserError
from segue.forecasting.predictor import Predictor, check_horizon, forecast_panel
from segue.forecasting.table.grid.names import frequency_of
from segue.forecasting.table.grid.seasons import MOST_SERIES, MOST_STEPS, season_in, seasons_of

Season = float | int | Sequence[float | int]


@dataclass(frozen=True, eq=False)
class ArrayLanes:
    """Series as lanes that can be forecast (`segue.forecasting.predictor.Lanes`).

    Attributes:
        series: The values of each, NaN where missing; at least one value each, missing or not.
        periods: The periods in steps of their seasons.
    """

    series: tuple[NDArray[np.float64], ...]  # of different lengths
    periods: tuple[float, ...]

    @staticmethod
    def of(series: Iterable[Any], season: Season | None = None, freq: str | None = None) -> "ArrayLanes":
        """Takes series of any numbers.

        Args:
            series: The values of each, in order of time, one a step.
            season: The steps of a season, or several; by default those that `freq` suggests.
            freq: The step of time; without one, the values show the season, as for integer times in `segue.forecast`.

        Raises:
            UserError: A value is infinite, a series has no step, or the season or the step is invalid.
        """
        arrays = tuple(np.ravel(np.asarray(one, dtype=np.float64)) for one in series)
        for array in arrays:
            if not len(array) or np.isinf(array).any():
                fault = "is infinite; give NaN if it is missing" if len(array) else "has no values; leave it out"
                raise UserError("y", "a series", fault)
        lanes = ArrayLanes(arrays, ())
        periods = seasons_of(season)
        if periods is None and freq is not None:
            periods = frequency_of(freq, np.zeros(1, "datetime64[us]")).seasons
        if periods is None:
            first = range(min(len(lanes), MOST_SERIES))
            periods = season_in(*lanes.lanes(first, MOST_STEPS)) if arrays else ()
        return ArrayLanes(arrays, periods)

    def __len__(self) -> int:
        return len(self.series)

    @property
    def lengths(self) -> Int64[np.ndarray, " lanes"]:
        """The number of steps of each series."""
        return np.array([len(one) for one in self.series], dtype=np.int64)

    @property
    def seasons(self) -> Float64[np.ndarray, "lanes periods"]:
        """The periods, the same for every series."""
        return np.tile(np.array(self.periods, dtype=np.float64), (len(self), 1))

    def lanes(
        self, picked: Sequence[int] | NDArray[np.int64], context: int
    ) -> tuple[Float64[np.ndarray, "lanes time"], Bool[np.ndarray, "lanes time"]]:
        """Returns the last values of some series, aligned at their ends, and which of them are observed."""
        chosen = [self.series[one][-context:] for one in picked]
        values = np.full((len(chosen), max(map(len, chosen))), np.nan)
        for row, one in zip(values, chosen, strict=True):
            row[len(row) - len(one) :] = one
        observed = np.isfinite(values)
        return np.where(observed, values, 0.0), observed

    def beginnings(self) -> "ArrayLanes":
        """Returns the values before each value but the first, series by series: lanes for one-step forecasts."""
        return ArrayLanes(tuple(one[:end] for one in self.series for end in range(1, len(one))), self.periods)


def quantiles(
    predictor: Predictor, lanes: ArrayLanes, horizon: int, levels: Sequence[float]
) -> Float64[np.ndarray, "lanes steps levels"]:
    """Forecasts lanes at quantile levels from 0.01 to 0.99.

    Raises:
        UserError: The horizon is no whole number of at least 1, or a level lies outside its range.
    """
    check_horizon(horizon)
    for level in levels:
        if not 0.01 <= level <= 0.99:
            raise UserError("quantiles", level, "give a fraction from 0.01 to 0.99; an interval has at most 98 %")
    return forecast_panel(predictor, lanes, int(horizon), tuple(round(float(level), 12) for level in levels))
