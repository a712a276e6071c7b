"""Forecasts of any horizon from passes over a context, in numpy, for NanoTST in torch and in onnxruntime."""

from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float64

from segue.forecasting.predictor import LEVELS, Forecast, History

_PATHS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)  # equally likely futures that long horizons continue from
_FINE = tuple(round(0.01 + 0.02 * i, 2) for i in range(50))  # equally likely values within one future


@runtime_checkable
class PatchForecaster(Protocol):
    """A model that predicts several patches in one pass over a context."""

    @property
    def pass_context(self) -> int:
        """The number of last values that one pass reads."""
        ...

    @property
    def pass_steps(self) -> int:
        """The largest number of steps that one pass predicts."""
        ...

    def one_pass(self, history: History, steps: int) -> Float64[np.ndarray, "lanes steps levels"]:
        """Predicts the quantiles at `LEVELS` of the next `steps`, at most `pass_steps`."""
        ...


def roll_out(model: PatchForecaster, history: History, horizon: int) -> Float64[np.ndarray, "lanes horizon levels"]:
    """Forecasts the near future in one pass, and the far future from nine equally likely paths.

    The paths are the deciles of the forecast so far. The forecast after each path gives 50 values a step. The quantiles
    of all 9 x 50 values are the forecast. Continuing from the median alone would make the far future as certain as the
    near one.

    Args:
        model: The model that predicts the next patches.
        history: The past of the lanes.
        horizon: Number of steps ahead, at least 1.
    """
    quantiles = model.one_pass(history, min(horizon, model.pass_steps))
    while quantiles.shape[1] < horizon:
        steps = min(horizon - quantiles.shape[1], model.pass_steps)
        after = Forecast(model.one_pass(_continued(history, quantiles, model.pass_context), steps)).at(_FINE)
        by_path = after.reshape(len(history), len(_PATHS), steps, len(_FINE))
        pooled = np.moveaxis(by_path, 1, 2).reshape(len(history), steps, -1)  # (lanes, steps, paths * fine)
        quantiles = np.concatenate([quantiles, np.moveaxis(np.quantile(pooled, LEVELS, axis=-1), 0, -1)], axis=1)
    return quantiles


def _continued(history: History, quantiles: Float64[np.ndarray, "lanes steps levels"], context: int) -> History:
    """Makes nine histories of each lane; each continues with one of the paths so far."""
    paths = Forecast(quantiles).at(_PATHS).transpose(0, 2, 1).reshape(-1, quantiles.shape[1])
    lanes = np.repeat(np.arange(len(history)), len(_PATHS))
    values = np.concatenate([history.values[lanes], paths], axis=1)[:, -context:]
    observed = np.concatenate([history.observed[lanes], np.ones(paths.shape, dtype=bool)], axis=1)[:, -context:]
    return History(values, observed, history.seasons[lanes])
