"""The scores of a backtest: the errors of each model by series, over all series, and by steps ahead."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64
from numpy.typing import NDArray

from segue.forecasting.evaluation.metrics import DECILES, coverage, seasonal_error, weighted_quantile_loss
from segue.forecasting.evaluation.origins import Origins

_ROUNDING = 1e-12
"""Seasonal differences below this share of the largest value are rounding errors, such as those of a computed sine."""

_BATCH = 128
"""The number of pasts that are laid out at once, all as long as the longest of them."""


@dataclass(frozen=True, eq=False)
class Windows:
    """The actual values of the windows, as a dense array: NaN where a series has no such window, or no value.

    Attributes:
        actual: The actual values.
        scale: The seasonal error before each window, which scales its errors.
        index: The index of the window of each origin in the flattened array of series and windows.
        count: The number of windows of each series.
    """

    actual: Float64[np.ndarray, "series windows horizon"]
    scale: Float64[np.ndarray, "series windows"]
    index: Int64[np.ndarray, " lanes"]
    count: Int64[np.ndarray, " series"]

    @staticmethod
    def of(origins: Origins) -> "Windows":
        """Gathers the values after the origins, and the scales from the values before them, some lanes at a time."""
        season = origins.panel.season
        order = np.argsort(origins.spans, kind="stable")
        scale = np.empty(len(origins))
        for picked in np.split(order, range(_BATCH, len(order), _BATCH)):
            history = origins.history(picked)
            rounding = _ROUNDING * np.nanmax(np.abs(history), axis=1)
            error = seasonal_error(history, season)
            scale[picked] = np.where(error > rounding, error, np.nan)
        series, windows = len(origins.panel), int(origins.window.max()) + 1
        index = origins.series * windows + origins.window
        return Windows(
            _dense(origins.actual(), index, (series, windows)),
            _dense(scale, index, (series, windows)),
            index,
            np.bincount(origins.series, minlength=series),
        )


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The scores of one model.

    Attributes:
        series: The scores of each series, by name.
        overall: The scores over all series, by name.
        steps: The mean scaled error of each step ahead.
    """

    series: Mapping[str, Float64[np.ndarray, " series"]]
    overall: Mapping[str, float]
    steps: Float64[np.ndarray, " horizon"]


def evaluate(
    truth: Windows, at: Mapping[float, NDArray[np.float64]], intervals: Mapping[str, tuple[float, float]]
) -> Evaluation:
    """Scores the forecasts of one model.

    Args:
        truth: The actual values.
        at: The quantiles (lanes, horizon) of each level: the deciles, and the bounds of the intervals.
        intervals: The quantile levels of the bounds of each interval, by its coverage in per cent.
    """
    actual, shape = truth.actual, truth.actual.shape[:2]
    series, horizon = shape[0], actual.shape[-1]
    dense = {level: _dense(quantile, truth.index, shape) for level, quantile in at.items()}
    lost = ~np.isnan(actual) & np.isnan(dense[0.5])
    error = np.where(lost, np.inf, np.abs(actual - dense[0.5]))  # a missing forecast of an observed value
    deciles = np.stack([dense[level] for level in DECILES], axis=-1).reshape(series, -1, len(DECILES))
    flat, squared = actual.reshape(series, -1), error.reshape(series, -1) ** 2
    scaled = error / truth.scale[..., None]
    inside = {
        f"coverage-{percent}": [dense[level].reshape(series, -1) for level in bounds]
        for percent, bounds in intervals.items()
    }
    mase = _mean(_mean(scaled, -1), -1)
    return Evaluation(
        series={
            "mase": mase,
            "wql": np.array([weighted_quantile_loss(flat[[one]], deciles[[one]]) for one in range(series)]),
            "rmse": np.sqrt(_mean(squared, -1)),
            **{name: coverage(flat, *bounds) for name, bounds in inside.items()},
        },
        overall={
            "mase": float(_mean(mase, -1)),
            "wql": weighted_quantile_loss(flat, deciles),
            "rmse": float(np.sqrt(_mean(squared.ravel(), -1))),
            **{name: float(coverage(*(a.reshape(1, -1) for a in (flat, *b)))[0]) for name, b in inside.items()},
        },
        steps=_mean(scaled.reshape(-1, horizon), 0),
    )


def _dense(lanes: NDArray[np.float64], index: NDArray[np.int64], shape: tuple[int, int]) -> NDArray[np.float64]:
    dense = np.full((shape[0] * shape[1], *lanes.shape[1:]), np.nan)
    dense[index] = lanes
    return dense.reshape(*shape, *lanes.shape[1:])


def _mean(scores: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """The mean of all defined scores; NaN if there are none."""
    defined = ~np.isnan(scores)
    count = defined.sum(axis=axis)
    return np.asarray(np.where(defined, scores, 0.0).sum(axis=axis) / np.where(count > 0, count, np.nan))
