"""A regression for each phase of a season, such as each hour of a day, on the seasons before it and on known columns.

So electricity prices are forecast by those who specialise in them (Lago et al. 2021, equation 6): each hour has its own
coefficients for all hours of yesterday, and for the loads that are known for tomorrow.
"""

import numpy as np
from jaxtyping import Bool, Float64
from numpy.typing import NDArray

from segue.forecasting.answers.effects import takes_many
from segue.forecasting.answers.regression import ridges
from segue.forecasting.predictor import LEVELS

FEWEST = 28
"""Seasons that the regressions need: four weeks of days."""
_BACK = 7  # seasons before a value that it depends on: a week of days
_SIZES = (84, 10**6)
"""Seasons that are learnt from: twelve weeks, and all. Short pasts follow changes, long ones hold more; the mean of
both is better than either on all three markets of the benchmark."""
_HINGES = (0.7, 1.4)  # in deviations above the median: the slope of a price rises with the load
# How far beyond all past values a forecast may lie, in transformed units. Errors over those of the plain forecast, mean
# of three markets of 36 days: .917 at .5, .922 without a bound. They are .913 at 0, where no record can be forecast
# (benchmarks/results/answers-constants-amd-epyc-2026-11-28.csv).
_BEYOND = 0.5


def phase_quantiles(
    values: Float64[np.ndarray, " time"],
    observed: Bool[np.ndarray, " time"],
    known: Float64[np.ndarray, "time_and_ahead columns"],
    season: int,
) -> Float64[np.ndarray, "sizes steps levels"] | None:
    """Forecasts the steps ahead by the regressions; None where the past is too short.

    Values are transformed by asinh((y - median) / deviation), so that peaks do not rule the fit (Uniejewski, Weron and
    Ziel 2018). Quantiles are those of the errors of leaving out one season, for each phase.

    Args:
        values: The values.
        observed: Whether each value is observed; missing ones are replaced by those of a season before.
        known: The columns, at the values and ahead.
        season: Steps of a season.

    Returns:
        A forecast for each number of seasons that is learnt from.
    """
    begin = int(observed.argmax())
    seasons = (len(values) - begin) // season
    ahead = len(known) - len(values)
    count = -(-ahead // season)
    if seasons < FEWEST + _BACK or observed[-seasons * season :].mean() < 0.9:
        return None
    past = _filled(values, observed)[-seasons * season :].reshape(seasons, season)
    middle = np.median(past)
    spread = 1.4826 * np.median(np.abs(past - middle)) or float(past.std())
    if not spread > 0:
        return None
    own = np.full(((seasons + count) * season, known.shape[1]), np.nan)
    own[: seasons * season + ahead] = known[len(values) - seasons * season :]
    columns = _scaled(own).reshape(seasons + count, season, -1)
    scaled = np.arcsinh((past - middle) / spread)
    sizes = sorted({min(size, seasons - _BACK) for size in _SIZES})
    found = [_forecast(scaled[-size - _BACK :], columns[-size - _BACK - count :], count) for size in sizes]
    return np.sinh(np.stack(found)[:, :ahead]) * spread + middle


def _forecast(past: NDArray[np.float64], columns: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """The quantiles of `count` seasons ahead, `(steps, levels)`, one after the other."""
    size = len(past) - _BACK
    curved = np.array([takes_many(column.ravel()) for column in np.moveaxis(columns, 2, 0)], dtype=bool)
    rows = _rows(past[:-1], columns[: len(past)], curved)
    mean, scale = rows.mean(1, keepdims=True), rows.std(1, keepdims=True)
    scale = np.where(scale > 1e-9, scale, np.inf)  # a constant column has no part
    target = past[_BACK:].T
    level = target.mean(1, keepdims=True)
    coefficients, errors = ridges((rows - mean) / scale, target - level)
    bounds = np.quantile(errors, LEVELS, axis=1).T
    whole, found = past, []
    for index in range(count):
        row = _rows(whole[-_BACK:], columns[size + index : size + index + _BACK + 1], curved)
        step = ((row - mean) / scale)[:, 0]
        point = (step * coefficients).sum(1) + level[:, 0]
        point = np.clip(point, past.min() - _BEYOND, past.max() + _BEYOND)
        found.append(point[:, None] + bounds)
        whole = np.concatenate([whole, point[None]])
    return np.concatenate(found)


def _rows(past: NDArray[np.float64], columns: NDArray[np.float64], curved: NDArray[np.bool_]) -> NDArray[np.float64]:
    """What each phase of some consecutive seasons depends on, `(phases, seasons, regressors)`.

    Args:
        past: The values of the seasons from `_BACK` before the first of them to the one before the last.
        columns: The known columns of the same seasons and of the last.
        curved: Whether the slope of each column may differ.
    """
    count, phases = len(columns) - _BACK, past.shape[1]
    lags = {back: past[_BACK - back : _BACK - back + count] for back in (1, 2, 3, _BACK)}
    today, yesterday, week = (columns[_BACK - back : _BACK - back + count] for back in (0, 1, _BACK))
    ends = np.stack([lags[1].min(1), lags[1].max(1), lags[2].mean(1)], axis=1)
    shared = np.concatenate([lags[1], ends, today.mean(1), yesterday.mean(1)], axis=1)
    hinges = [np.maximum(today[..., curved] - knot, 0.0) for knot in _HINGES]
    own = np.concatenate(
        [lags[2][..., None], lags[3][..., None], lags[_BACK][..., None], today, *hinges, yesterday, week], axis=2
    )
    return np.concatenate([np.repeat(shared[None], phases, axis=0), np.moveaxis(own, 1, 0)], axis=2)


def _filled(values: NDArray[np.float64], observed: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Values with the last observed one before each missing one in its place."""
    last = np.maximum.accumulate(np.where(observed, np.arange(len(values)), 0))
    return np.asarray(values[last])


def _scaled(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Columns with median 0 and deviation 1; 0 where missing or constant."""
    columns = np.where(np.isfinite(columns).any(0), columns, 0.0)
    middle, scale = np.nanmedian(columns, axis=0), np.nanstd(columns, axis=0)
    scale = np.where(scale > 0, scale, np.inf)
    return np.nan_to_num((columns - middle) / scale)
