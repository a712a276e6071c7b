"""Forecasts of any horizon from passes over a context, in numpy, for NanoTST in torch and in onnxruntime."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float64

from segue.forecasting.nanotst.coarse import MEDIAN, averaged, coarse_forecast, detail_of, rates
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
    """Forecasts directly in the first pass, from nine equally likely paths in the second, then also by coarse means.

    The paths are the deciles of the forecast so far. The forecast after each path gives 50 values a step. The quantiles
    of all 9 x 50 values are the forecast. Continuing from the median alone would make the far future as certain as the
    near one. From the third pass on, the forecast also uses forecasts of means of several values (`coarse.py`). Their
    share is 1 - 2 `pass_steps` / step, so it begins at zero. In the second pass, paths err less than means; later paths
    widen without bound (docs/notebook/forecasting.md).

    Args:
        model: The model that predicts the next patches.
        history: The past of the lanes.
        horizon: Number of steps ahead, at least 1.
    """
    reach = model.pass_steps
    first = model.one_pass(history, min(horizon, reach))
    if horizon <= reach:
        return first
    second = min(horizon - reach, reach)
    quantiles = np.concatenate([first, _after(model, history, first, second)], axis=1)
    if horizon <= 2 * reach:
        return quantiles
    result = np.empty((len(history), horizon, len(LEVELS)))
    lengths = (history.values.shape[1] - history.observed.argmax(1)).tolist()
    seasons = history.seasons[:, 0].tolist() if history.seasons.shape[1] else [0.0] * len(history)
    groups: dict[tuple[int, ...], list[int]] = {}
    for lane, (season, length) in enumerate(zip(seasons, lengths, strict=True)):
        groups.setdefault(rates(season, length, reach, horizon), []).append(lane)
    for picked, lanes in groups.items():
        part = history.select(np.array(lanes))
        result[lanes] = _far(model, part, quantiles[lanes], picked)[:, :horizon]
    return result


def _far(
    model: PatchForecaster, history: History, quantiles: Float64[np.ndarray, "lanes near levels"], picked: Sequence[int]
) -> Float64[np.ndarray, "lanes far levels"]:
    """Adds one pass for each rate after the quantiles of the first two passes."""
    reach, coarse = model.pass_steps, None
    for rate in picked:
        if coarse is None or coarse.rate != rate:
            means = model.one_pass(averaged(history, rate), reach)
            coarse = coarse_forecast(means, rate, quantiles[:, :reach])
        after = _after(model, history, quantiles, reach)
        steps = np.arange(quantiles.shape[1], quantiles.shape[1] + reach) + 1
        joined = coarse.quantiles(steps, detail_of(after[..., MEDIAN], rate))
        share = (1 - 2 * reach / steps)[:, None]
        quantiles = np.concatenate([quantiles, after + share * (joined - after)], axis=1)
    return quantiles


def _after(
    model: PatchForecaster, history: History, quantiles: Float64[np.ndarray, "lanes near levels"], steps: int
) -> Float64[np.ndarray, "lanes steps levels"]:
    """Forecasts the next steps from nine paths so far."""
    after = Forecast(model.one_pass(_continued(history, quantiles, model.pass_context), steps)).at(_FINE)
    by_path = after.reshape(len(history), len(_PATHS), steps, len(_FINE))
    pooled = np.moveaxis(by_path, 1, 2).reshape(len(history), steps, -1)  # (lanes, steps, paths * fine)
    return np.moveaxis(np.quantile(pooled, LEVELS, axis=-1), 0, -1)


def _continued(history: History, quantiles: Float64[np.ndarray, "lanes steps levels"], context: int) -> History:
    """Makes nine histories of each lane; each continues with one of the paths so far."""
    paths = Forecast(quantiles).at(_PATHS).transpose(0, 2, 1).reshape(-1, quantiles.shape[1])
    lanes = np.repeat(np.arange(len(history)), len(_PATHS))
    values = np.concatenate([history.values[lanes], paths], axis=1)[:, -context:]
    observed = np.concatenate([history.observed[lanes], np.ones(paths.shape, dtype=bool)], axis=1)[:, -context:]
    return History(values, observed, history.seasons[lanes])
