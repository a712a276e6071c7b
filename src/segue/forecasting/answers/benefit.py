"""Measures whether known columns help: forecasts the last windows with and without them, and weighs both by errors."""

from dataclasses import replace

import numpy as np
from jaxtyping import Float64, Int64

from segue.forecasting.answers.regressed import Regressed
from segue.forecasting.predictor import Report, forecast_panel
from segue.forecasting.table.grid.known import KnownColumns
from segue.forecasting.table.grid.origins import Origins
from segue.forecasting.table.grid.panel import Panel

_LANES = 256  # windows of all series together; the cost is that of twice as many forecasts
_FEWEST, _MOST = 2, 32  # windows of a series
_APART = 3  # the most horizons from one window to the next, so that windows spread over more than the last month
_LEAST_BEFORE = 12  # values before a window; fewer are not enough for a regression
_GRID = np.linspace(0.0, 1.0, 21)
_UNMEASURED = 0.375
"""The weight where no window can be measured: half of three quarters. A mean of the plain forecast and three with known
columns was better than three alone on each market of the benchmark (NP 2.14 for 2.26)."""
_WORTH = 1.0
"""The number of independent errors in a window. Errors of a window are correlated, and so are windows: cold days come
in a row. Four errors in each of the last 16 days left out the covariates of PJM after one cold spell, with an error of
3.97 instead of 3.71."""
_SHORT = f"histories are too short to measure whether known columns help; their share is {_UNMEASURED:.0%}"
_POOLED, _PANEL = 4.0, 16.0
"""The number of windows that all series together count for, beside the windows of one series: a sixteenth of them, but
at least 4 and at most 16. On a panel of three markets, 4 to 64 instead of 16 change the error by less than .1 %
(benchmarks/results/answers-constants-amd-epyc-2026-11-28.csv). Larger panels were not measured."""


def with_weights(
    predictor: Regressed, panel: Panel, horizon: int, ends: Int64[np.ndarray, " series"], report: Report | None = None
) -> tuple[Panel, str]:
    """Weighs a forecast with known columns against one without, for each series, and reports the weights.

    The errors e of the last windows have a Laplace likelihood, mean(e) to the power of minus their number, for each
    weight of `_GRID`. The result is the mean weight under this likelihood. So it is a half without evidence, and near 0
    or 1 with strong evidence. The other series together count as a few windows.

    Args:
        predictor: The predictor.
        panel: Series with known columns.
        horizon: Steps of a window.
        ends: The steps of each series up to which values may be read.
        report: See `forecast_panel`.
    """
    known, count = _known(panel), len(panel)
    series, spans = _windows(panel, horizon, ends)
    if not len(series):
        middle = replace(known, weights=np.full(count, _UNMEASURED))
        return replace(panel, known=middle), _SHORT
    error = _errors(predictor, panel, series, spans, horizon, report)
    weights = _weights(error, series, count)
    pooled = error.mean(0)
    ratio = pooled[-1] / pooled[0] if pooled[0] > 0 else 1.0
    columns = f"{len(known.names)} known column{'s' if len(known.names) > 1 else ''}"
    note = f"{columns}: the error of {len(series):,} past windows with them is {ratio:.2f} times that without them"
    share = f"the forecast with them has a share of {weights.mean():.0%}"
    return replace(panel, known=replace(known, weights=weights)), f"{note}; {share}"


def _windows(
    panel: Panel, horizon: int, ends: Int64[np.ndarray, " series"]
) -> tuple[Int64[np.ndarray, " lanes"], Int64[np.ndarray, " lanes"]]:
    """The series of each window, and the steps before it: the last ones of each, or of some of very many series."""
    count = len(panel)
    chosen = np.unique(np.linspace(0, count - 1, min(count, _LANES // _FEWEST)).astype(np.int64))
    windows = int(np.clip(_LANES // count, _FEWEST, _MOST))
    series = np.repeat(chosen, windows)
    least = max(_LEAST_BEFORE, 2 * panel.season)
    stride = np.clip((ends[series] - horizon - least) // windows, horizon, _APART * horizon)
    spans = ends[series] - horizon - stride * np.tile(np.arange(windows), len(chosen))
    kept = spans >= least
    return series[kept], spans[kept]


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
    """The mean absolute error of the median for each weight, in units of the scale of each lane's values."""
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
    bounds = zip(panel.starts[series].tolist(), panel.rows_before(series, spans).tolist(), strict=True)
    scale = np.array([_spread(panel, *rows) for rows in bounds])
    return np.asarray(total / scale[:, None])


def _spread(panel: Panel, first: int, end: int) -> float:
    """The mean distance of some rows from their median; 1 where it is zero."""
    own = panel.values[first:end]
    own = own[np.isfinite(own)]
    return (float(np.abs(own - np.median(own)).mean()) if len(own) else 0.0) or 1.0


def _weights(
    error: Float64[np.ndarray, "lanes weights"], series: Int64[np.ndarray, " lanes"], count: int
) -> Float64[np.ndarray, " series"]:
    """The weight of each series."""
    tiny = 1e-9 + 1e-6 * error.mean()
    worth = min(max(_POOLED, len(error) / _PANEL), _PANEL)
    pooled = -worth * np.log(error.mean(0) + tiny)
    result = np.empty(count)
    for one in range(count):
        own = error[series == one]
        score = pooled - _WORTH * len(own) * np.log(own.mean(0) + tiny) if len(own) else pooled
        chance = np.exp(score - score.max())
        result[one] = float((_GRID * chance).sum() / chance.sum())
    return result
