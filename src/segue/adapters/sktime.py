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
from segue.errors import UserError
from segue.extras import remedy_for_missing
from segue.forecasting.registry import Model, load_predictor

try:
    from sktime.forecasting.base import BaseForecaster
except ModuleNotFoundError as error:
    raise UserError("segue.adapters.sktime", "(sktime)", remedy_for_missing(error) or str(error)) from error


class Forecaster(BaseForecaster):
    """A forecaster of sktime. Point forecasts are medians; nothing is fitted, and features are not read.

    Lead times may be any whole numbers: those of the past are forecast one step ahead from the values before them. The
    first value has none before it, and its forecast is NaN.

    Args:
        model: A name, a model folder or a predictor, as in `segue.forecast`.
        season: The steps of a season, or several such as `(24, 168)`; by default those of the index's frequency, or
            what the values show where the index has none.
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
        "requires-fh-in-fit": False,
        "enforce_index_type": None,
        "python_dependencies": None,
    }

    def __init__(self, model: Model = "nanotst", season: Season | None = None) -> None:
        self.model, self.season = model, season
        super().__init__()

    def _fit(self, y: pd.Series, X: Any = None, fh: Any = None) -> "Forecaster":
        self._predictor = load_predictor(self.model)
        return self

    def _predict(self, fh: Any, X: Any = None) -> pd.Series:
        values = self._at(fh, (0.5,))[:, 0]
        return pd.Series(values, fh.to_absolute_index(self.cutoff), name=self._y.name)

    def _predict_quantiles(self, fh: Any, X: Any, alpha: Sequence[float]) -> pd.DataFrame:
        name = self._get_varnames()[0]
        columns = pd.MultiIndex.from_product([[name], alpha])
        return pd.DataFrame(self._at(fh, alpha), fh.to_absolute_index(self.cutoff), columns)

    def _at(self, fh: Any, levels: Sequence[float]) -> NDArray[np.float64]:
        """The quantiles `(lead times, levels)`; the lead time 0 is that of the last value."""
        lanes, ahead = self._lanes(), np.asarray(fh.to_relative(self.cutoff).to_numpy(), dtype=np.int64)
        result = np.full((len(ahead), len(levels)), np.nan)
        if (ahead > 0).any():
            future = quantiles(self._predictor, lanes, int(ahead.max()), levels)[0]
            result[ahead > 0] = future[ahead[ahead > 0] - 1]
        last = len(lanes.series[0]) - 1
        past = np.flatnonzero((ahead <= 0) & (ahead + last > 0))
        if len(past):
            before = ArrayLanes(tuple(lanes.series[0][: last + step] for step in ahead[past]), lanes.periods)
            result[past] = quantiles(self._predictor, before, 1, levels)[:, 0]
        return result

    def _lanes(self) -> ArrayLanes:
        index = self._y.index
        freq = getattr(index, "freqstr", None) if isinstance(index, pd.DatetimeIndex | pd.PeriodIndex) else None
        return ArrayLanes.of([self._y.to_numpy()], self.season, freq)

    @classmethod
    def get_test_params(cls, parameter_set: str = "default") -> list[dict[str, Any]]:
        """Returns the arguments that sktime's own tests make forecasters with."""
        return [{"model": "nanotst-small", "season": 12}, {"model": "seasonal-naive:2"}]
