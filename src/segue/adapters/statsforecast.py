"""A model for statsforecast, and so for darts and hierarchicalforecast, which take its models.

It needs the extra `classical`. statsforecast asks for one series after the other, so batches are lost: many
series are faster in one `segue.forecast`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.adapters.arrays import ArrayLanes, Season, quantiles
from segue.errors import UserError
from segue.extras import remedy_for_missing
from segue.forecasting.registry import Model, load_predictor
from segue.forecasting.table.result import QuantileColumns

try:
    from statsforecast.models import _TS
except ModuleNotFoundError as error:
    raise UserError(
        "segue.adapters.statsforecast", "(statsforecast)", remedy_for_missing(error) or str(error)
    ) from error

Levels = Sequence[float | int] | None
Result = dict[str, NDArray[np.float64]]


class Forecaster(_TS):
    """A model of `StatsForecast(models=[...], freq=...)`, of darts' `StatsForecastModel`, and of their relatives.

    Point forecasts, which the other library calls `mean`, are medians. Intervals are those of the model, in [1, 98] per
    cent, unless `prediction_intervals` are set. Nothing is fitted: `fit` keeps the values. Features are not read.

    Args:
        model: A name, a model folder or a predictor, as in `segue.forecast`.
        season_length: The steps of a season, or several such as `(24, 168)`; by default the values show it. The other
            library does not tell its models the step of time.
        alias: The name of the column; by default that of the predictor, such as `NanoTST`.
        prediction_intervals: `ConformalIntervals` of statsforecast in place of the model's own intervals.

    Example:
        >>> from segue.adapters.statsforecast import Forecaster
        >>> Forecaster("seasonal-naive:2").forecast(np.array([5.0, 6.0, 5.0, 6.0]), h=3)["mean"].tolist()
        [5.0, 6.0, 5.0]
    """

    uses_exog = False

    def __init__(
        self,
        model: Model = "nanotst",
        season_length: Season | None = None,
        alias: str | None = None,
        prediction_intervals: Any = None,
    ) -> None:
        self.model, self.season_length, self.prediction_intervals = model, season_length, prediction_intervals
        self._predictor = load_predictor(model)
        self.alias = alias or self._predictor.name

    def fit(self, y: NDArray[Any], X: NDArray[Any] | None = None) -> "Forecaster":
        """Keeps the values of a series, of shape (time,), for `predict` and `predict_in_sample`."""
        self._lanes = ArrayLanes.of([y], self.season_length)
        if self.prediction_intervals is not None:
            self._store_cs(y=y, X=X)
        return self

    def predict(self, h: int, X: NDArray[Any] | None = None, level: Levels = None) -> Result:
        """Returns `mean` and intervals `lo-80`, `hi-80` of the `h` values after those of `fit`."""
        if level is not None and self.prediction_intervals is not None:
            own: Result = self._add_predict_conformal_intervals(self._asked(self._lanes, h, None), level)
            return own
        return self._asked(self._lanes, h, level)

    def predict_in_sample(self, level: Levels = None) -> Result:
        """Returns `fitted` and `fitted-lo-80`, `fitted-hi-80`: each value is forecast from the values before it."""
        return self._fitted(self._lanes, level)

    def forecast(
        self,
        y: NDArray[Any],
        h: int,
        X: NDArray[Any] | None = None,
        X_future: NDArray[Any] | None = None,
        level: Levels = None,
        fitted: bool = False,
    ) -> Result:
        """Returns what `predict` returns after `fit`, and with `fitted` what `predict_in_sample` returns, too."""
        lanes = ArrayLanes.of([y], self.season_length)
        if level is not None and self.prediction_intervals is not None:
            result = self._add_conformal_intervals(fcst=self._asked(lanes, h, None), y=y, X=X, level=level)
            return {**result, **(self._fitted(lanes, None) if fitted else {})}
        return {**self._asked(lanes, h, level), **(self._fitted(lanes, level) if fitted else {})}

    def forward(
        self,
        y: NDArray[Any],
        h: int,
        X: NDArray[Any] | None = None,
        X_future: NDArray[Any] | None = None,
        level: Levels = None,
        fitted: bool = False,
    ) -> Result:
        """Applies the model to another series: the same as `forecast`, since nothing is fitted."""
        return self.forecast(y, h, X, X_future, level, fitted)

    def _asked(self, lanes: ArrayLanes, h: int, level: Levels) -> Result:
        return _named(quantiles(self._predictor, lanes, h, _levels(level))[0], level, "mean", "")

    def _fitted(self, lanes: ArrayLanes, level: Levels) -> Result:
        levels, past = _levels(level), lanes.beginnings()
        values = np.full((len(past) + 1, len(levels)), np.nan)  # nothing comes before the first value
        if len(past):
            values[1:] = quantiles(self._predictor, past, 1, levels)[:, 0]
        return _named(values, level, "fitted", "fitted-")


def _levels(level: Levels) -> tuple[float, ...]:
    """The quantile levels of the point forecast and of both bounds of each interval."""
    return tuple(QuantileColumns.of("", _percents(level)).levels.values())


def _percents(level: Levels) -> list[float | int]:
    """The intervals in per cent, ascending, each once."""
    return [] if level is None else sorted(set(level))


def _named(values: NDArray[np.float64], level: Levels, point: str, prefix: str) -> Result:
    """The columns by the names and in the order of statsforecast: from the lowest bound to the highest."""
    percents = _percents(level)
    lower = {f"{prefix}lo-{percent}": values[:, 1 + 2 * place] for place, percent in enumerate(percents)}
    upper = {f"{prefix}hi-{percent}": values[:, 2 + 2 * place] for place, percent in enumerate(percents)}
    return {point: values[:, 0], **dict(reversed(lower.items())), **upper}
