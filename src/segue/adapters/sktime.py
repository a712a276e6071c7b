"""A forecaster for sktime: point, quantile and interval forecasts, for any set of lead times.

It needs the extra `sktime`. A slow test runs `check_estimator`, sktime's own suite. sktime holds one series in one
forecaster, so many series are faster in one `segue.forecast`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from segue.adapters.arrays import ArrayLanes, Season, quantiles
from segue.adapters.kept import kept_predictor
from segue.adapters.steps import on_grid, step_of
from segue.errors import UserError
from segue.extras import remedy_for_missing
from segue.forecasting.registry import Model

try:
    from sktime.forecasting.base import BaseForecaster
except ModuleNotFoundError as error:
    raise UserError("segue.adapters.sktime", "(sktime)", remedy_for_missing(error) or str(error)) from error


class Forecaster(BaseForecaster):
    """A forecaster of sktime. Point forecasts are medians; nothing is fitted, and features are not read.

    Lead times may be any whole numbers: those of the past are forecast one step ahead from the values before them. The
    first value has none before it, and its forecast is NaN. A step of the index without a row is a missing value.

    Args:
        model: A name, a model folder or a predictor, as in `segue.forecast`.
        season: The steps of a season, or several such as `(24, 168)`; by default those of the index's frequency, or
            what the values show where the index has none.

    Examples:
        >>> import pandas as pd
        >>> from segue.adapters.sktime import Forecaster
        >>> y = pd.Series([5.0, 6.0, 5.0, 6.0], pd.period_range("2026-01", periods=4, freq="M"))
        >>> Forecaster("seasonal-naive:2").fit(y).predict(fh=[1, 2, 3]).tolist()
        [5.0, 6.0, 5.0]
    """

    _tags = {  # noqa: RUF012 (sktime reads it from the class)
        "y_inner_mtype": "pd.Series",
        "X_inner_mtype": "pd.DataFrame",
        "capability:multivariate": False,
        "capability:exogenous": False,
        "capability:missing_values": True,
        "capability:pred_int": True,
        "capability:pred_int:insample": True,
        "capability:insample": True,
        "capability:update": True,
        "requires-fh-in-fit": False,
        "enforce_index_type": None,
        "python_dependencies": None,
    }
    _config = {"remember_data": False}  # noqa: RUF012 (values are kept here; sktime 1.3 no longer keeps them)

    def __init__(self, model: Model = "nanotst", season: Season | None = None) -> None:
        self.model, self.season = model, season
        super().__init__()
        self._X = self._y = None  # where a user turns `remember_data` on, sktime asks for both before `fit`

    def _fit(self, y: pd.Series, X: Any = None, fh: Any = None) -> "Forecaster":
        self._predictor, self._values, self._step = kept_predictor(self.model), y, step_of(y.index)
        return self

    def _update(self, y: pd.Series, X: Any = None, update_params: bool = True) -> "Forecaster":
        """Takes values; those of a time that is there already replace it."""
        name = self._values.name
        self._values = y.combine_first(self._values)
        self._values.name = name
        self._step = self._step or step_of(y.index) or step_of(self._values.index)
        return self

    def _predict(self, fh: Any, X: Any = None) -> pd.Series:
        values, index = self._at(fh, (0.5,))
        return pd.Series(values[:, 0], index, name=self._values.name)

    def _predict_quantiles(self, fh: Any, X: Any, alpha: Sequence[float]) -> pd.DataFrame:
        columns = pd.MultiIndex.from_product([self._get_varnames(), alpha])
        values, index = self._at(fh, alpha)
        return pd.DataFrame(values, index, columns)

    def _at(self, fh: Any, levels: Sequence[float]) -> tuple[NDArray[np.float64], pd.Index]:
        """The quantiles `(lead times, levels)` and their times."""
        series, cutoff = on_grid(self._values, self._step), self.cutoff
        if self._step and isinstance(cutoff, pd.DatetimeIndex):
            cutoff = pd.DatetimeIndex(cutoff, freq=self._step)  # sktime does not know the step after one new value
        # values may be later than those that came last
        behind = len(series) - 1 - int(series.index.get_indexer(cutoff)[0])
        ahead = np.asarray(fh.to_relative(cutoff).to_numpy(), dtype=np.int64) - behind
        return self._ahead(series.to_numpy(), ahead, levels), fh.to_absolute_index(cutoff)

    def _ahead(self, series: NDArray[Any], ahead: NDArray[np.int64], levels: Sequence[float]) -> NDArray[np.float64]:
        """The lead time 0 is that of the last value."""
        lanes = ArrayLanes.of([series], self.season, self._step.freqstr if self._step else None)
        result = np.full((len(ahead), len(levels)), np.nan)
        if (ahead > 0).any():
            future = quantiles(self._predictor, lanes, int(ahead.max()), levels)[0]
            result[ahead > 0] = future[ahead[ahead > 0] - 1]
        last = len(series) - 1
        past = np.flatnonzero((ahead <= 0) & (ahead + last > 0))
        if len(past):
            before = ArrayLanes(tuple(lanes.series[0][: last + step] for step in ahead[past]), lanes.periods)
            result[past] = quantiles(self._predictor, before, 1, levels)[:, 0]
        return result

    @classmethod
    def get_test_params(cls, parameter_set: str = "default") -> list[dict[str, Any]]:
        """Returns the arguments that sktime's own tests make forecasters with."""
        return [{"model": "nanotst-small", "season": 12}, {"model": "seasonal-naive:2"}]
