"""The effects of known columns on the values of one lane, estimated by a regression."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64
from numpy.typing import NDArray

from segue.forecasting.answers.regression import ridges

_RECENT = 56
"""Seasons of the recent past: eight weeks of hours, as the specialised models of electricity prices take (Lago et al.
2021, section 3.2). The relation of a price to load and wind changes with fuels and power plants."""
_BEFORE = 7  # seasons in the baseline of a value: a week of days
_FEWEST = 12  # rows that a regression needs
# Robust deviations beyond which the pull of a value on the fit stays the same: a price peak must not decide a
# coefficient. Errors over those of the plain forecast, mean of three markets of 40 days: .859 at 2, .862 at 3, .863 at
# 4, .874 at 6, .889 without this limit. Quantile losses in the same order: .865, .865, .862, .869, .884
# (benchmarks/results/answers-constants-amd-epyc-2026-11-28.csv).
_EDGE = 4.0
_HINGES = (0.5, 0.9)  # quantiles of a column above which its slope may differ
_DISTINCT = 8  # a column of fewer values is a flag or a level, and has no hinge


@dataclass(frozen=True, eq=False)
class Effects:
    """The effects of known columns on the values of a lane: a sum of slopes times columns, or times hinges of columns.

    Attributes:
        owners: The index of the column of each term.
        knots: The value of its column above which a term counts; -inf for the column itself.
        slopes: The effect of a unit of each term.
        offset: The mean of the sum in the past. It is subtracted, so that the mean effect is zero.
    """

    owners: Int64[np.ndarray, " terms"]
    knots: Float64[np.ndarray, " terms"]
    slopes: Float64[np.ndarray, " terms"]
    offset: float

    def of(self, known: Float64[np.ndarray, "steps columns"]) -> Float64[np.ndarray, " steps"]:
        """Returns the sum of all effects at some steps; a missing number has no effect."""
        return np.asarray(_terms(known, self.owners, self.knots) @ self.slopes - self.offset)


def fit_effects(
    values: Float64[np.ndarray, " time"],
    observed: Bool[np.ndarray, " time"],
    known: Float64[np.ndarray, "time_and_more columns"],
    season: int,
) -> Effects:
    """Estimates the effects of columns on the values of a lane.

    The regression runs on differences from a baseline, the mean of the last values of the same season phase, for values
    and columns alike. So neither a moving level nor the time of day is taken for an effect. The regression runs on the
    recent past and on the whole past, and both results are averaged.

    Args:
        values: The values.
        observed: Whether each value is observed.
        known: The columns at the values; later steps are not read.
        season: Steps of a season; 1 for none.
    """
    begin, time = int(observed.argmax()), len(values)
    usable = observed & np.isfinite(known[:time]).all(1)
    owners, knots = _terms_of(known[:time])
    terms = _terms(known[:time], owners, knots)
    windows = sorted({min(time - begin, _RECENT * season), time - begin})
    slopes = [_slopes(values, usable, terms, season, time - window) for window in windows]
    means = [
        float((terms[time - window :][usable[time - window :]] @ own).mean()) if own.any() else 0.0
        for window, own in zip(windows, slopes, strict=True)
    ]
    return Effects(owners, knots, np.mean(slopes, axis=0), float(np.mean(means)))


def takes_many(column: Float64[np.ndarray, " rows"]) -> bool:
    """Whether a column takes many values, so that its slope may differ between small and large ones."""
    return len(np.unique(column[np.isfinite(column)])) >= _DISTINCT


def _slopes(
    values: NDArray[np.float64], usable: NDArray[np.bool_], terms: NDArray[np.float64], season: int, since: int
) -> NDArray[np.float64]:
    """The slope of each term by the regression on the values from a step on; zeros where they are too few."""
    size = len(values) - since
    depth = max(1, min(_BEFORE, size // (4 * season)))
    target = _apart(values[since:], usable[since:], season, depth)
    parts = np.stack([_apart(x, usable[since:], season, depth) for x in terms[since:].T], axis=1)
    rows = np.isfinite(target) & np.isfinite(parts).all(1)
    if rows.sum() < _FEWEST:
        return np.zeros(terms.shape[1])
    target, parts = target[rows], parts[rows]
    middle = np.median(target)
    spread = 1.4826 * np.median(np.abs(target - middle))
    if spread > 0:
        target = np.clip(target, middle - _EDGE * spread, middle + _EDGE * spread)
    found, _ = ridges((parts - parts.mean(0))[None], (target - target.mean())[None])
    return np.asarray(found[0])


def _apart(values: NDArray[np.float64], usable: NDArray[np.bool_], season: int, depth: int) -> NDArray[np.float64]:
    """Values less the mean of the usable ones among the last `depth` of the same phase; NaN where there is none."""
    total, count = np.zeros(len(values)), np.zeros(len(values))
    for lag in range(season, season * depth + 1, season):
        total[lag:] += np.where(usable, values, 0.0)[:-lag]
        count[lag:] += usable[:-lag]
    return np.where(usable & (count > 0), values - total / np.maximum(count, 1), np.nan)


def _terms_of(past: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The owners and knots of all terms: each column, and a hinge at some quantiles of each that takes many values."""
    owners, knots = [*range(past.shape[1])], [-np.inf] * past.shape[1]
    for index, column in enumerate(past.T):
        if takes_many(column):
            owners += [index] * len(_HINGES)
            knots += np.quantile(column[np.isfinite(column)], _HINGES).tolist()
    return np.array(owners, dtype=np.int64), np.array(knots)


def _terms(known: NDArray[np.float64], owners: NDArray[np.int64], knots: NDArray[np.float64]) -> NDArray[np.float64]:
    """The terms at some steps; 0 where a number is missing."""
    columns = known[:, owners]
    terms = np.where(np.isinf(knots), columns, np.maximum(columns - np.where(np.isinf(knots), 0.0, knots), 0.0))
    return np.where(np.isfinite(columns), terms, 0.0)
