"""The scores of a backtest: the errors of each model by series, over all series, and by steps ahead."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64
from numpy.typing import NDArray

from segue.forecasting.evaluation.evidence import exact_errors
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
        floor: The error that counts as exact in each window.
        index: The index of the window of each origin in the flattened array of series and windows.
        count: The number of windows of each series.
    """

    actual: Float64[np.ndarray, "series windows horizon"]
    scale: Float64[np.ndarray, "series windows"]
    floor: Float64[np.ndarray, "series windows"]
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
            _dense(exact_errors(origins), index, (series, windows)),
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
        windows: The mean absolute error of each window.
    """

    series: Mapping[str, Float64[np.ndarray, " series"]]
    overall: Mapping[str, float]
    steps: Float64[np.ndarray, " horizon"]
    windows: Float64[np.ndarray, "series windows"]


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
    flat = actual.reshape(series, -1)
    scaled = error / truth.scale[..., None]
    inside = {
        f"coverage-{percent}": [dense[level].reshape(series, -1) for level in bounds]
        for percent, bounds in intervals.items()
    }
    mase = _mean(_mean(scaled, -1), -1)
    off = np.where(lost, np.nan, dense[0.5] - actual).reshape(series, -1)
    errors = error.reshape(series, -1)
    return Evaluation(
        series={
            "mase": mase,
            "wql": np.array([weighted_quantile_loss(flat[[one]], deciles[[one]]) for one in range(series)]),
            **_errors(flat, errors, off),
            **{name: coverage(flat, *bounds) for name, bounds in inside.items()},
        },
        overall={
            "mase": float(_mean(mase, -1)),
            "wql": weighted_quantile_loss(flat, deciles),
            **{name: float(one[0]) for name, one in _errors(*(a.reshape(1, -1) for a in (flat, errors, off))).items()},
            **{name: float(coverage(*(a.reshape(1, -1) for a in (flat, *b)))[0]) for name, b in inside.items()},
        },
        steps=_mean(scaled.reshape(-1, horizon), 0),
        windows=_mean(error, -1),
    )


def _errors(
    actual: Float64[np.ndarray, "groups values"],
    error: Float64[np.ndarray, "groups values"],
    off: Float64[np.ndarray, "groups values"],
) -> dict[str, Float64[np.ndarray, " groups"]]:
    """The errors of the median in each group of values, with all values of a group pooled.

    Args:
        actual: The actual values, NaN where missing.
        error: The absolute errors; infinite where the forecast is missing.
        off: Forecast less actual; NaN where either is missing.
    """
    size = _mean(np.abs(actual), -1)
    size = np.where(size > 0, size, np.nan)
    mae = _mean(error, -1)
    bias = np.where(np.isinf(mae), np.nan, _mean(off, -1) / size)
    return {"wape": mae / size, "mae": mae, "rmse": np.sqrt(_mean(error**2, -1)), "bias": bias}


def best_of(name: str, scores: Sequence[float]) -> list[bool]:
    """Which of several models has the best score. It is none where there is one model only, or no defined score.

    The best error is the least, the best bias the nearest to 0, and the best coverage the nearest to its claim.

    Example:
        >>> best_of("mase", [0.9, 0.7]), best_of("coverage-80", [0.75, 0.99])
        ([False, True], [True, False])
    """
    aim = float(name.removeprefix("coverage-")) / 100 if name.startswith("coverage-") else 0.0
    away = [abs(score - aim) if math.isfinite(score) else math.inf for score in scores]
    return [distance == min(away) < math.inf and len(away) > 1 for distance in away]


def _dense(lanes: NDArray[np.float64], index: NDArray[np.int64], shape: tuple[int, int]) -> NDArray[np.float64]:
    dense = np.full((shape[0] * shape[1], *lanes.shape[1:]), np.nan)
    dense[index] = lanes
    return dense.reshape(*shape, *lanes.shape[1:])


def _mean(scores: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """The mean of all defined scores; NaN if there are none."""
    defined = ~np.isnan(scores)
    count = defined.sum(axis=axis)
    return np.asarray(np.where(defined, scores, 0.0).sum(axis=axis) / np.where(count > 0, count, np.nan))
