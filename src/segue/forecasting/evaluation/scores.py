"""The scores of a backtest: each model's errors per series, over all, and by the number of steps ahead."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64
from numpy.typing import NDArray

from segue.forecasting.evaluation.metrics import DECILES, coverage, seasonal_error, weighted_quantile_loss
from segue.forecasting.evaluation.origins import Origins

_ROUNDING = 1e-12
"""Seasonal differences of less than this share of the largest value are rounding, such as those of a computed sine."""

_BATCH = 128
"""How many pasts are laid out at once, all as long as the longest of them."""


@dataclass(frozen=True, eq=False)
class Windows:
    """What happened in the windows, as a dense array: NaN where a series has no such window, or no value.

    Attributes:
        actual: What happened.
        scale: The seasonal error before each window, which scales its errors.
        index: Where the window of each origin lies among series times windows.
        count: How many windows each series has.
    """

    actual: Float64[np.ndarray, "series windows horizon"]
    scale: Float64[np.ndarray, "series windows"]
    index: Int64[np.ndarray, " lanes"]
    count: Int64[np.ndarray, " series"]

    @staticmethod
    def of(origins: Origins) -> "Windows":
        """Gathers what came after the origins, and scales from what came before, some lanes at a time."""
        season = origins.panel.frequency.season
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
        series: By name of the score, of each series.
        overall: By name of the score, over all series.
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
        truth: What happened.
        at: The quantile (lanes, horizon) of each level: the deciles, and the bounds of the intervals.
        intervals: The levels of the bounds of each interval, by its coverage in per cent.
    """
    actual, shape = truth.actual, truth.actual.shape[:2]
    series, horizon = shape[0], actual.shape[-1]
    dense = {level: _dense(quantile, truth.index, shape) for level, quantile in at.items()}
    lost = ~np.isnan(actual) & np.isnan(dense[0.5])
    error = np.where(lost, np.inf, np.abs(actual - dense[0.5]))  # no forecast of an observed value: never left out
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
    """The mean of what is defined; NaN if nothing is."""
    defined = ~np.isnan(scores)
    count = defined.sum(axis=axis)
    return np.asarray(np.where(defined, scores, 0.0).sum(axis=axis) / np.where(count > 0, count, np.nan))
