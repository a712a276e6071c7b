"""A regression for each phase of a season, such as each hour of a day, on the seasons before it and on known columns.

Models of electricity prices work in this way (Lago et al. 2021, equation 6). Each hour has its own coefficients for all
hours of yesterday, and for the loads that are known for tomorrow.
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float64
from numpy.typing import NDArray

from segue.forecasting.answers.effects import takes_many
from segue.forecasting.answers.regression import ridges
from segue.forecasting.predictor import LEVELS

FEWEST = 28
"""The fewest seasons to learn from, after the first `_BACK`: four weeks of days."""
_BACK = 7  # seasons before a value that it depends on: a week of days
_SIZES = (84, 10**6)
"""The numbers of seasons to learn from: twelve weeks, and all. Short pasts follow changes, and long ones hold more
data. The mean of both is better than either on all three markets of the benchmark."""
_HINGES = (0.7, 1.4)  # in deviations above the median: the slope of a price rises with the load
# How far beyond all past values a forecast may lie, in transformed units. Errors over those of the plain forecast, mean
# of three markets of 40 days: .913 at .5, .922 without a bound. They are .906 at 0, where no record can be forecast
# (benchmarks/results/answers-constants-amd-epyc-2026-11-28.csv).
_BEYOND = 0.5


@dataclass(frozen=True, eq=False)
class Phases:
    """Regressions for each phase of a season, fitted to the past of a lane.

    Attributes:
        season: Steps of a season.
        middle: The median, which is subtracted from values before they are divided by `spread` and transformed.
        spread: See `middle`.
        centre: The median of each column, which is subtracted before the column is divided by `scale`.
        scale: See `centre`.
        fits: The regressions, for each number of seasons to learn from.
    """

    season: int
    middle: float
    spread: float
    centre: Float64[np.ndarray, " columns"]
    scale: Float64[np.ndarray, " columns"]
    fits: tuple["_Fit", ...]

    def quantiles(
        self,
        values: Float64[np.ndarray, " time"],
        observed: Bool[np.ndarray, " time"],
        known: Float64[np.ndarray, "time_and_ahead columns"],
    ) -> Float64[np.ndarray, "fits steps levels"]:
        """Forecasts the steps ahead; see `fit_phases` for the arguments."""
        time, ahead = len(values), len(known) - len(values)
        count = -(-ahead // self.season)
        past = self._past(_filled(values, observed)[-_BACK * self.season :])
        columns = self._columns(known[time - _BACK * self.season :], _BACK + count)
        found = [_ahead(fit, past, columns, count) for fit in self.fits]
        return np.asarray(np.sinh(np.stack(found)[:, :ahead]) * self.spread + self.middle)

    def _past(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Transformed values, `(seasons, phases)`."""
        return np.asarray(np.arcsinh((values.reshape(-1, self.season) - self.middle) / self.spread))

    def _columns(self, known: NDArray[np.float64], seasons: int) -> NDArray[np.float64]:
        """Scaled columns, `(seasons, phases, columns)`; 0 where missing."""
        own = np.full((seasons * self.season, known.shape[1]), np.nan)
        own[: len(known)] = known
        return np.asarray(np.nan_to_num((own - self.centre) / self.scale)).reshape(seasons, self.season, -1)


@dataclass(frozen=True, eq=False)
class _Fit:
    """Regressions that were learnt from some seasons, in transformed units.

    Attributes:
        curved: Whether the slope of each column may differ between small and large values.
        mean: The mean of each regressor, `(phases, 1, regressors)`, and `scale` its deviation.
        scale: See `mean`.
        level: The mean of each phase.
        coefficients: The coefficients of each phase, `(phases, regressors)`.
        bounds: The quantiles of the errors of leaving out one season, `(phases, levels)`.
        lowest: The least forecast, and `highest` the largest one.
        highest: See `lowest`.
    """

    curved: NDArray[np.bool_]
    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    level: NDArray[np.float64]
    coefficients: NDArray[np.float64]
    bounds: NDArray[np.float64]
    lowest: float
    highest: float


def fit_phases(
    values: Float64[np.ndarray, " time"],
    observed: Bool[np.ndarray, " time"],
    known: Float64[np.ndarray, "time_and_ahead columns"],
    season: int,
) -> Phases | None:
    """Fits the regressions; None where the past is too short or constant, or a tenth of it is missing.

    Values are transformed by asinh((y - median) / deviation), so that peaks do not dominate the fit (Uniejewski, Weron
    and Ziel 2018). Quantiles are those of the errors of leaving out one season, for each phase.

    Args:
        values: The values.
        observed: Whether each value is observed; missing ones are replaced by the last one before them.
        known: The columns, at the values and ahead.
        season: Steps of a season.
    """
    seasons = (len(values) - int(observed.argmax())) // season
    if seasons < FEWEST + _BACK or observed[-seasons * season :].mean() < 0.9:
        return None
    past = _filled(values, observed)[-seasons * season :]
    middle = float(np.median(past))
    spread = float(1.4826 * np.median(np.abs(past - middle)) or past.std())
    if not spread > 0:
        return None
    count = -(-(len(known) - len(values)) // season)
    own = known[len(values) - seasons * season :]
    bare = Phases(season, middle, spread, *_centre_and_scale(own), ())
    scaled, columns = bare._past(past), bare._columns(own, seasons + count)
    sizes = sorted({min(size, seasons - _BACK) for size in _SIZES})
    return replace(bare, fits=tuple(_fit(scaled[-n - _BACK :], columns[-n - _BACK - count :]) for n in sizes))


def _fit(past: NDArray[np.float64], columns: NDArray[np.float64]) -> _Fit:
    """Learns from some seasons, and from columns that go on ahead of them."""
    curved = np.array([takes_many(column.ravel()) for column in np.moveaxis(columns, 2, 0)], dtype=bool)
    rows = _rows(past[:-1], columns[: len(past)], curved)
    mean, scale = rows.mean(1, keepdims=True), rows.std(1, keepdims=True)
    scale = np.where(scale > 1e-9, scale, np.inf)  # a constant column has no effect
    target = past[_BACK:].T
    level = target.mean(1, keepdims=True)
    coefficients, errors = ridges((rows - mean) / scale, target - level)
    bounds = np.quantile(errors, LEVELS, axis=1).T
    lowest, highest = float(past.min()) - _BEYOND, float(past.max()) + _BEYOND
    return _Fit(curved, mean, scale, level[:, 0], coefficients, bounds, lowest, highest)


def _ahead(fit: _Fit, past: NDArray[np.float64], columns: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """The quantiles of `count` seasons ahead, `(steps, levels)`, one after the other.

    Args:
        fit: The regressions.
        past: The last `_BACK` seasons.
        columns: The columns of these and of the seasons ahead.
        count: The number of seasons.
    """
    found = []
    for index in range(count):
        row = _rows(past[-_BACK:], columns[index : index + _BACK + 1], fit.curved)
        point = (((row - fit.mean) / fit.scale)[:, 0] * fit.coefficients).sum(1) + fit.level
        point = np.clip(point, fit.lowest, fit.highest)
        found.append(point[:, None] + fit.bounds)
        past = np.concatenate([past, point[None]])
    return np.concatenate(found)


def _rows(past: NDArray[np.float64], columns: NDArray[np.float64], curved: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The regressors of each phase of some consecutive seasons, `(phases, seasons, regressors)`.

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
    """Values in which the last observed one replaces each missing one."""
    last = np.maximum.accumulate(np.where(observed, np.arange(len(values)), 0))
    return np.asarray(values[last])


def _centre_and_scale(columns: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The median and the deviation of each column; one that is missing or constant has an infinite deviation."""
    columns = np.where(np.isfinite(columns).any(0), columns, 0.0)
    middle, scale = np.nanmedian(columns, axis=0), np.nanstd(columns, axis=0)
    return middle, np.where(scale > 0, scale, np.inf)
