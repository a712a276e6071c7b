"""Exponential smoothing and Theta of statsforecast as predictors, as an analyst would fit them to each series."""

import warnings
from dataclasses import dataclass
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Bool, Float64

from segue.errors import UserError
from segue.extras import remedy_for_missing
from segue.forecasting.baselines.season import check_season, lanes_by_season
from segue.forecasting.baselines.seasonal_naive import SeasonalNaive
from segue.forecasting.predictor import LEVELS, Forecast, History

_WIDTHS = [round(100 - 200 * level) for level in LEVELS if level < 0.5]
"""The central intervals in per cent, the widest first; their bounds are all levels but the median."""


@dataclass
class Classical:
    """A model of statsforecast, fitted anew to every lane, one after another.

    These models accept no missing values, so missing values are interpolated between their neighbours. A lane that
    the library refuses (constant, or of a few values only) gets the seasonal naive forecast. The quantiles are the
    bounds of the model's own intervals, and its mean is the median.

    Attributes:
        season: Steps in a season; None takes it from the history (`segue.forecasting.baselines.season`).
        context: The number of last values that are fitted; a larger one takes longer.
        name: The column name of the point forecast.

    Raises:
        UserError: `season` is below 1, or statsforecast is not installed.
    """

    season: int | None = None
    context: int = 1024
    name: str = ""
    batch: ClassVar[int] = 1
    """The number of lanes at once. Each lane is fitted by itself, so progress can be shown after each."""

    def __post_init__(self) -> None:
        check_season(self.season)
        _models()  # a missing package is reported before any work is done

    @property
    def fingerprint(self) -> str:
        """The settings, since two predictors of one class differ in nothing else."""
        return repr(self)

    def predict(self, history: History, horizon: int) -> Forecast:
        """Forecasts the `horizon` values after the last column; see `segue.forecasting.predictor.Predictor`."""
        quantiles = SeasonalNaive(self.season).predict(history, horizon).quantiles
        for season, lanes in lanes_by_season(history, self.season):
            for lane in lanes.tolist():
                fitted = self._fitted(history.values[lane], history.observed[lane], season, horizon)
                if fitted is not None:
                    quantiles[lane] = fitted
        return Forecast(quantiles)

    def _fitted(
        self, values: Float64[np.ndarray, " time"], observed: Bool[np.ndarray, " time"], season: int, horizon: int
    ) -> Float64[np.ndarray, "horizon levels"] | None:
        """The quantiles of one lane; None if the library refuses it."""
        seen = np.flatnonzero(observed)
        if np.ptp(values[seen]) == 0:
            return None
        whole = np.interp(np.arange(seen[0], len(values)), seen, values[seen])
        model = getattr(_models(), type(self).__name__)(season_length=season)
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                result = model.forecast(y=whole, h=horizon, level=_WIDTHS)
        except Exception:  # the exception of a short lane differs from model to model
            return None
        quantiles = _outward(result)
        return quantiles if np.isfinite(quantiles).all() else None


@dataclass
class AutoETS(Classical):
    """Exponential smoothing whose form AICc chooses (Hyndman et al. 2002); its seasons have at most 24 steps."""

    name: str = "AutoETS"


@dataclass
class AutoTheta(Classical):
    """The best of four Theta models (Fiorucci et al. 2016); its intervals are simulated, from a fixed seed."""

    name: str = "AutoTheta"


def _outward(result: dict[str, Any]) -> Float64[np.ndarray, "steps levels"]:
    """Makes quantiles from intervals; an interval that lies inside a narrower one is widened to it."""
    mean = np.asarray(result["mean"], dtype=np.float64)
    inner_first = _WIDTHS[::-1]
    lower = np.minimum.accumulate([mean, *(result[f"lo-{width}"] for width in inner_first)])[:0:-1]
    upper = np.maximum.accumulate([mean, *(result[f"hi-{width}"] for width in inner_first)])
    return np.concatenate([lower, upper]).T


def _models() -> ModuleType:
    try:
        from statsforecast import models
    except ModuleNotFoundError as error:
        raise UserError("model", "(classical)", remedy_for_missing(error) or str(error)) from error
    package: ModuleType = models
    return package
