"""Exponential smoothing and Theta of statsforecast as predictors: what a careful analyst would fit to each series."""

import warnings
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float64
from numpy.typing import NDArray
from torch import Tensor

from segue.errors import UserError
from segue.forecasting.baselines.seasonal_naive import SeasonalNaive
from segue.forecasting.predictor import LEVELS, Forecast

_WIDTHS = [round(100 - 200 * level) for level in LEVELS if level < 0.5]
"""The central intervals, in per cent, whose bounds are the levels below and above the median; widest first."""


@dataclass
class Classical:
    """A model of statsforecast, fitted anew to every lane, one after another.

    What these models can't take is filled in or left to another. Missing values are interpolated between their
    neighbours; missing ones at the end are forecast. A lane that the library refuses (constant, or of a few values
    only) gets the seasonal naive forecast. Quantiles are the bounds of the model's own intervals, its mean the median.

    Attributes:
        season: Steps in a season.
        context: How many of the last values are fitted; the time taken grows with it.
        name: The column name of the point forecast.
    """

    season: int
    context: int = 1024
    name: str = ""

    def __post_init__(self) -> None:
        if self.season < 1:
            raise UserError("season", self.season, "give a whole number of at least 1")
        _models()  # so that a missing package is told before any work is done

    @property
    def fingerprint(self) -> str:
        """The settings, which are all there is to tell two of them apart."""
        return repr(self)

    def predict(
        self, values: Float64[Tensor, "lanes time"], observed: Bool[Tensor, "lanes time"], horizon: int
    ) -> Forecast:
        """Forecasts the `horizon` values after the last column, as `segue.forecasting.predictor.Predictor` says."""
        values, observed = values[:, -self.context :], observed[:, -self.context :]
        quantiles = SeasonalNaive(self.season).predict(values, observed, horizon).quantiles.cpu().numpy()
        for lane, (ours, seen) in enumerate(zip(values.cpu().numpy(), observed.cpu().numpy(), strict=True)):
            fitted = self._fitted(ours, np.flatnonzero(seen), horizon)
            if fitted is not None:
                quantiles[lane] = fitted
        return Forecast(torch.from_numpy(quantiles).to(values.device))

    def _fitted(self, values: NDArray[np.float64], seen: NDArray[np.int64], horizon: int) -> NDArray[np.float64] | None:
        """The quantiles (horizon, levels) of one lane; None if the library can't."""
        if not len(seen) or np.ptp(values[seen]) == 0:
            return None
        whole = np.interp(np.arange(seen[0], seen[-1] + 1), seen, values[seen])
        steps = horizon + len(values) - 1 - int(seen[-1])
        model = getattr(_models(), type(self).__name__)(season_length=self.season)
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                result = model.forecast(y=whole, h=steps, level=_WIDTHS)
        except Exception:  # which one a short lane raises differs from model to model
            return None
        quantiles = _outward(result)[-horizon:]
        return quantiles if np.isfinite(quantiles).all() else None


@dataclass
class AutoETS(Classical):
    """Exponential smoothing, its form chosen by AICc (Hyndman et al. 2002); seasons of at most 24 steps."""

    name: str = "AutoETS"


@dataclass
class AutoTheta(Classical):
    """The best of four Theta models (Fiorucci et al. 2016); its intervals are simulated, from a fixed seed."""

    name: str = "AutoTheta"


def _outward(result: dict[str, Any]) -> NDArray[np.float64]:
    """Quantiles (steps, levels) from intervals; one that a simulation left inside a narrower one is widened to it."""
    mean = np.asarray(result["mean"], dtype=np.float64)
    inner_first = _WIDTHS[::-1]
    lower = np.minimum.accumulate([mean, *(result[f"lo-{width}"] for width in inner_first)])[:0:-1]
    upper = np.maximum.accumulate([mean, *(result[f"hi-{width}"] for width in inner_first)])
    return np.concatenate([lower, upper]).T


def _models() -> ModuleType:
    try:
        from statsforecast import models
    except ImportError as error:
        raise UserError("model", "(classical)", "needs statsforecast: pip install segue[classical]") from error
    found: ModuleType = models
    return found
