"""Whether known columns help: both forecasts of the last windows, and the weight between them that the errors show."""

from dataclasses import replace

import numpy as np
from jaxtyping import Float64, Int64

from segue.forecasting.answers.regressed import Regressed
from segue.forecasting.panels import Report, forecast_panel
from segue.forecasting.table.grid.known import KnownColumns
from segue.forecasting.table.grid.origins import Origins
from segue.forecasting.table.grid.panel import Panel

_LANES = 256  # windows of all series together; the cost is that of twice as many forecasts
_FEWEST, _MOST = 2, 16  # windows of a series
_LEAST_BEFORE = 12  # values before a window; fewer carry no regression
_GRID = np.linspace(0.0, 1.0, 11)
_WORTH = 4.0
"""Independent errors in a window. Errors of one window hang together, so its 24 or 48 steps count as a few only."""
_POOLED = 4.0  # windows that the whole panel counts for beside those of a series


def with_weights(
    predictor: Regressed, panel: Panel, horizon: int, ends: Int64[np.ndarray, " series"], report: Report | None = None
) -> tuple[Panel, str]:
    """Weighs a forecast with known columns against one without, for each series, and says what was found.

    The errors e of the last windows have a Laplace likelihood, mean(e) to the power of minus their number, for each
    weight between 0 and 1. The weight is its mean under this likelihood, with all weights equally likely before. So no
    evidence means one half, and strong evidence 0 or 1. The windows of the other series count for a few.

    Args:
        predictor: The predictor.
        panel: Series with known columns.
        horizon: Steps of a window.
        ends: The steps of each series up to which values may be read.
        report: See `forecast_panel`.
    """
    known = _known(panel)
    count = len(panel)
    windows = int(np.clip(_LANES // count, _FEWEST, _MOST))
    step = (
        np.arange(count)
        if count * _FEWEST <= _LANES
        else np.unique(np.linspace(0, count - 1, _LANES // _FEWEST).astype(int))
    )
    series = np.repeat(step, windows)
    spans = ends[series] - horizon * (1 + np.tile(np.arange(windows), len(step)))
    kept = spans >= max(_LEAST_BEFORE, 2 * panel.season)
    if not kept.any():
        half = replace(known, weights=np.full(count, 0.5))
        return replace(
            panel, known=half
        ), "`covariates`: histories are too short to measure whether they help; half is used"
    series, spans = series[kept], spans[kept]
    error = _errors(predictor, panel, series, spans, horizon, report)
    weights = _weights(error, series, count)
    part = error.mean(0)
    gain = part[-1] / part[0] if part[0] > 0 else 1.0
    mean = float(weights.mean())
    what = f"with {len(known.names)} known column{'s' if len(known.names) > 1 else ''} alone the error of {len(series):,} past windows"
    note = f"{what} is {gain:.2f} times that without; its share in the forecast is {mean:.0%}"
    return replace(panel, known=replace(known, weights=weights)), note


def _known(panel: Panel) -> KnownColumns:
    if panel.known is None:
        raise ValueError("the panel has no known columns")
    return panel.known


def _errors(
    predictor: Regressed,
    panel: Panel,
    series: Int64[np.ndarray, " lanes"],
    spans: Int64[np.ndarray, " lanes"],
    horizon: int,
    report: Report | None,
) -> Float64[np.ndarray, "lanes weights"]:
    """The mean absolute error of the median for each weight, in units of the spread of each lane's values."""
    known = _known(panel)
    ones = replace(panel, known=replace(known, weights=np.ones(len(panel))))
    lanes = Origins(ones, series, np.zeros_like(series), spans, horizon)
    without = forecast_panel(predictor.inner, lanes, horizon, (0.5,), report)[..., 0]
    full = forecast_panel(predictor, lanes, horizon, (0.5,), report)[..., 0]
    actual = lanes.actual()
    medians = without[..., None] + (full - without)[..., None] * _GRID
    away = np.abs(actual[..., None] - medians)
    seen = np.isfinite(away[..., 0])
    total = np.where(seen[..., None], away, 0.0).sum(1) / np.maximum(seen.sum(1), 1)[:, None]
    scale = np.array([_spread(panel, one) for one in series])
    return total / scale[:, None]


def _spread(panel: Panel, series: int) -> float:
    own = panel.values[panel.starts[series] : panel.starts[series + 1]]
    own = own[np.isfinite(own)]
    spread = float(np.abs(own - np.median(own)).mean()) if len(own) else 0.0
    return spread or 1.0


def _weights(
    error: Float64[np.ndarray, "lanes weights"], series: Int64[np.ndarray, " lanes"], count: int
) -> Float64[np.ndarray, " series"]:
    """The weight of each series."""
    tiny = 1e-9 + 1e-6 * error.mean()
    pooled = -_POOLED * np.log(error.mean(0) + tiny)
    result = np.empty(count)
    for one in range(count):
        own = error[series == one]
        score = _WORTH * (pooled - len(own) * np.log(own.mean(0) + tiny) if len(own) else pooled)
        chance = np.exp(score - score.max())
        result[one] = float((_GRID * chance).sum() / chance.sum())
    return result
