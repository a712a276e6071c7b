"""Calibrated bands of totals: quantiles corrected by the coverage of totals of past windows.

Calibrated bands of steps do not make calibrated bands of totals. So the scores are those of totals, which also corrects
errors in the dependence of steps.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64
from numpy.typing import NDArray

from segue.forecasting.answers.calibration import Calibration, Past
from segue.forecasting.answers.conformal import PAIRS, scores, series_factors, widened
from segue.forecasting.answers.joined import CELLS, join_panel
from segue.forecasting.answers.parts import PATHS, put_together
from segue.forecasting.predictor import LEVELS, Lanes, Predictor
from segue.forecasting.support import Limits, within_support
from segue.forecasting.table.grid.origins import Origins
from segue.forecasting.table.grid.panel import Panel


def held_totals(
    predictor: Predictor,
    panel: Panel,
    values: Float64[np.ndarray, "rows levels"],
    firsts: Sequence[NDArray[np.int64]],
    calibration: Calibration,
    how: str,
    seed: int,
    limits: Limits,
) -> Float64[np.ndarray, "rows levels"]:
    """Returns the quantiles of totals with bands corrected by past windows, within the range that totals can have.

    Args:
        predictor: The predictor of the forecast.
        panel: The series.
        values: The totals at `segue.LEVELS`, series by series.
        firsts: The first step of each total, by series.
        calibration: The calibration of these series.
        how: See `put_together`.
        seed: The seed of the paths.
        limits: The least and the largest value of a step.
    """
    past = calibration.past
    if past is None or not len(past.windows):
        return values
    found = total_scores(predictor, past, firsts, calibration.wanted, how, seed, limits)
    own = zip(series_factors(found), firsts, strict=True)
    moved = widened(values[:, None], np.concatenate([factors[: len(parts)] for factors, parts in own])[:, None])[:, 0]
    least, most = (
        np.concatenate([put_together(steps, parts, how) for steps, parts in zip(one, firsts, strict=True)])
        for one in _extremes(predictor, panel, past.windows.horizon, limits)
    )
    return np.asarray(np.clip(moved, least[:, None], most[:, None]))


def total_scores(
    predictor: Predictor,
    past: Past,
    firsts: Sequence[NDArray[np.int64]],
    wanted: int,
    how: str,
    seed: int,
    limits: Limits,
) -> Float64[np.ndarray, "series windows totals pairs"]:
    """Returns the scores of totals in past windows, of the same steps as those ahead; NaN where unknown.

    Args:
        predictor: The predictor of the forecast.
        past: The windows of the series.
        firsts: The first step of each total, by series.
        wanted: The largest number of windows of a series.
        how: See `put_together`.
        seed: The seed of the paths.
        limits: The least and the largest value of a step.
    """
    windows, horizon = past.windows, past.windows.horizon
    found = np.full((len(firsts), wanted, max(map(len, firsts)), PAIRS), np.nan)
    actual, ids, size = windows.actual(), windows.panel.ids.to_list(), max(1, CELLS // (PATHS * horizon))
    for first in range(0, len(windows), size):
        part = slice(first, first + size)
        series = windows.series[part]
        lanes = Origins(windows.panel, series, windows.window[part], windows.spans[part], horizon)
        names = [ids[one] for one in series.tolist()]
        joined = join_panel(predictor, lanes, names, past.quantiles[part], PATHS, seed, limits)
        for paths, seen, lane, window in zip(joined, actual[part], past.lane[part], lanes.window, strict=True):
            parts = firsts[lane]
            bounds = np.quantile(put_together(paths, parts, how), LEVELS, axis=0).T
            found[lane, window, : len(parts)] = scores(put_together(seen, parts, how)[None], bounds[None])[0]
    return found


def _extremes(
    predictor: Predictor, lanes: Lanes, horizon: int, limits: Limits
) -> tuple[Float64[np.ndarray, "lanes steps"], Float64[np.ndarray, "lanes steps"]]:
    """Returns the least and the largest possible value of a step: infinite where no bound is known."""
    shape = (len(lanes), horizon, 1)
    both = [np.full(shape, -np.inf), np.full(shape, np.inf)]
    if getattr(predictor, "keeps_support", False):
        past = lanes.lanes(np.arange(len(lanes)), predictor.context)
        both = [within_support(one, *past) for one in both]
    least, most = (limits.within(one)[..., 0] for one in both)
    return least, most
