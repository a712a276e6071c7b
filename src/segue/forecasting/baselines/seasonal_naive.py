"""The seasonal naive forecast: the next season is like the last one. Every other forecaster must be better."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64

from segue.forecasting.baselines.gaussian import gaussian_forecast
from segue.forecasting.baselines.season import check_season, lanes_by_season
from segue.forecasting.predictor import Forecast, History

_CONTEXT = 8192
"""The number of last values that is read unless a season needs more."""


@dataclass
class SeasonalNaive:
    """The last observed value of the same phase of the season (Hyndman & Athanasopoulos, FPP3, section 5.2).

    The quantiles are those of its model, a random walk for each phase with Gaussian steps (section 5.5). The variance
    is that of the seasonal differences, times the number of seasons between the value and its forecast. The width is
    zero for a constant or perfectly periodic lane, and for a lane of one value, which has no differences.

    Attributes:
        season: Steps in a season; None takes it from the history (`segue.forecasting.baselines.season`). A lane shorter
            than a season, and a phase that was never observed, repeat the last observed value of the lane.
        context: The number of last values that it reads.
        name: The column name of the point forecast.

    Raises:
        UserError: `season` is below 1.
    """

    season: int | None = None
    context: int = _CONTEXT
    name: str = "SeasonalNaive"

    def __post_init__(self) -> None:
        check_season(self.season)

    @staticmethod
    def of(season: int | None) -> "SeasonalNaive":
        """Makes the forecast of a season that reads two of them, also where one is a year of hours."""
        return SeasonalNaive(season, max(_CONTEXT, 2 * (season or 1)))

    @property
    def fingerprint(self) -> str:
        """The settings, since two predictors of this class differ in nothing else."""
        return repr(self)

    def predict(self, history: History, horizon: int) -> Forecast:
        """Forecasts the `horizon` values after the last column; see `segue.forecasting.predictor.Predictor`."""
        point, std = _walk(history.values, history.observed, 1, horizon)
        for season, lanes in lanes_by_season(history, self.season):
            if season == 1 or season > history.values.shape[1]:  # the walk above, or every lane is shorter
                continue
            values, observed = history.values[lanes], history.observed[lanes]
            seasonal_point, seasonal_std = _walk(values, observed, season, horizon)
            long = observed[:, : max(values.shape[1] - season + 1, 0)].any(1, keepdims=True)
            known = long & np.isfinite(seasonal_point)
            point[lanes] = np.where(known, seasonal_point, point[lanes])
            std[lanes] = np.where(known, seasonal_std, std[lanes])
        return gaussian_forecast(point, std)


def _walk(
    values: Float64[np.ndarray, "lanes time"], observed: Bool[np.ndarray, "lanes time"], season: int, horizon: int
) -> tuple[Float64[np.ndarray, "lanes horizon"], Float64[np.ndarray, "lanes horizon"]]:
    """The points and standard deviations of random walks, one for each phase of the season.

    Points are NaN where that phase was never observed. Deviations are zero where there are no differences.
    """
    lanes, time = values.shape
    # the last observed index of each phase: the largest of those that lie whole seasons before the future step
    index = np.where(observed, np.arange(time), -1)
    padding = np.full((lanes, -time % season), -1)
    last = np.concatenate([padding, index], axis=1).reshape(lanes, -1, season).max(1)
    last = last[:, np.arange(horizon) % season]
    point = np.where(last < 0, np.nan, np.take_along_axis(values, np.maximum(last, 0), axis=1))
    seasons = (np.arange(time, time + horizon) - last) // season
    both = observed[:, season:] & observed[:, :-season]
    step = np.where(both, values[:, season:] - values[:, :-season], 0.0)
    variance = np.einsum("lt,lt->l", step, step) / np.maximum(both.sum(1), 1)
    return point, np.sqrt(variance[:, None] * seasons)
