"""What known columns add to the values of one lane, as a regression in its context shows."""

import numpy as np
from jaxtyping import Bool, Float64
from numpy.typing import NDArray

from segue.forecasting.answers.regression import ridges

_RECENT = 56
"""Seasons of the recent past: eight weeks of hours, as the specialised models of electricity prices take (Lago et al.
2021, section 3.2). The relation of a price to load and wind changes with fuels and power plants."""
_BEFORE = 7  # seasons in the baseline of a value: a week of days
_FEWEST = 12  # rows that a regression needs
# Robust deviations beyond which a value pulls no harder: a price peak must not make a coefficient. Errors over those of
# the plain forecast, mean of three markets of 36 days: .874 at 2, .874 at 3, .868 at 4, .873 at 6, .886 without an edge
# (benchmarks/results/answers-constants-amd-epyc-2026-11-28.csv).
_EDGE = 4.0
_HINGES = (0.5, 0.9)  # quantiles of a column from which on its slope may differ
_DISTINCT = 8  # a column of fewer values is a flag or a level, and has no hinge


def effects(
    values: Float64[np.ndarray, " time"],
    observed: Bool[np.ndarray, " time"],
    known: Float64[np.ndarray, "time_and_ahead columns"],
    season: int,
) -> Float64[np.ndarray, " time_and_ahead"]:
    """Returns what the columns add to each value and to each step ahead; the mean effect on the values is zero.

    The regression runs on differences from a baseline, the mean of the last values of the same season phase, for values
    and columns alike. So neither a level that moves nor an effect of the hour takes part. It is done in the recent past
    and in the whole past, and the effects are averaged.

    Args:
        values: The values.
        observed: Whether each value is observed.
        known: The columns, at the values and ahead.
        season: Steps of a season; 1 for none.
    """
    begin = int(observed.argmax())
    time = len(values)
    columns = _shaped(known, time)
    usable = observed & np.isfinite(columns[:time]).all(1)
    columns = np.where(np.isfinite(columns), columns, 0.0)
    windows = sorted({min(time - begin, _RECENT * season), time - begin})
    found = [_fitted(values, usable, columns, season, time - window) for window in windows]
    return np.asarray(np.mean(found, axis=0))


def takes_many(column: Float64[np.ndarray, " rows"]) -> bool:
    """Whether a column takes many values, so that its slope may differ between small and large ones."""
    return len(np.unique(column[np.isfinite(column)])) >= _DISTINCT


def _fitted(
    values: NDArray[np.float64], usable: NDArray[np.bool_], columns: NDArray[np.float64], season: int, since: int
) -> NDArray[np.float64]:
    """The effects by the regression on the values from a step on."""
    time = len(values)
    size = time - since
    depth = max(1, min(_BEFORE, size // (4 * season)))
    target = _apart(values[since:], usable[since:], season, depth)
    parts = np.stack([_apart(x, usable[since:], season, depth) for x in columns[since:time].T], axis=1)
    rows = np.isfinite(target) & np.isfinite(parts).all(1)
    if rows.sum() < _FEWEST:
        return np.zeros(len(columns))
    target, parts = target[rows], parts[rows]
    middle = np.median(target)
    spread = 1.4826 * np.median(np.abs(target - middle))
    if spread > 0:
        target = np.clip(target, middle - _EDGE * spread, middle + _EDGE * spread)
    found, _ = ridges((parts - parts.mean(0))[None], (target - target.mean())[None])
    coefficients = found[0]
    effect = columns @ coefficients
    return np.asarray(effect - effect[since:time][usable[since:]].mean())


def _apart(values: NDArray[np.float64], usable: NDArray[np.bool_], season: int, depth: int) -> NDArray[np.float64]:
    """Values less the mean of the usable ones among the last `depth` of the same phase; NaN where there is none."""
    total, count = np.zeros(len(values)), np.zeros(len(values))
    for lag in range(season, season * depth + 1, season):
        total[lag:] += np.where(usable, values, 0.0)[:-lag]
        count[lag:] += usable[:-lag]
    return np.where(usable & (count > 0), values - total / np.maximum(count, 1), np.nan)


def _shaped(known: NDArray[np.float64], time: int) -> NDArray[np.float64]:
    """The columns, and a hinge at some quantiles of each that takes many values."""
    parts = [known]
    for column in known.T:
        past = column[:time][np.isfinite(column[:time])]
        if takes_many(past):
            parts.append(np.stack([np.maximum(column - knot, 0.0) for knot in np.quantile(past, _HINGES)], axis=1))
    return np.concatenate(parts, axis=1)
