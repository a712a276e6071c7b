"""The certainty of a comparison of two forecasts: paired errors of the same windows, and how much chance explains."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from numpy.typing import NDArray

from segue.forecasting.evaluation.origins import Origins

_CHANCE = 0.1
"""The share of comparisons with equally good forecasts in which one of them is called better.

Warnings are rarer, because naive forecasts are worse than a model on noise, and hardly better on random walks. On 200
series of each kind, backtests warn on none of the noise and none of the walks. Checks warn on none of the noise and on
0.5 % of the walks (`benchmarks/results/verdicts-amd-epyc-2026-11-28.csv`).
"""

_USUAL, _TRUST = 0.2, 8
"""The usual deviation of a paired difference between windows, and the number of windows for which it counts.

Three windows may agree by chance, or disagree by one shock. So their variance is moderated by a usual one, as in Smyth
(2004). The median deviation is 0.1 on noise and walks, and 0.3 on yearly web traffic. Without moderation, each level
that detects the year in five windows of such traffic warns on up to 20 % of walks of 60 steps. With moderation, it
warns on 4 % of them (a trial of 200 each).
"""

_EXACT = 1e-3
"""Errors below this share of a series' own deviation count as exact, because no decision depends on them."""

_ROUNDING = 1e-9
"""Errors below this share of the size of a series are rounding errors of double precision, with much room."""

_RECENT = 1024
"""The number of values before an origin that give this deviation: a little more than NanoTST reads."""

_BATCH = 128
"""The number of lanes that are laid out at once."""


@dataclass(frozen=True)
class Evidence:
    """The mean paired difference of two forecasts' errors, between -1 and 1, and how much of it chance may explain.

    A difference is (first - second) / (first + second), of the mean absolute errors of one window. So every window and
    every series weighs the same, and no single window with a shock decides.

    Attributes:
        mean: The mean difference; above 0 where the second forecast is better.
        margin: The largest mean that chance may explain; NaN with fewer than two windows.
        windows: The number of windows that are taken as independent.
    """

    mean: float
    margin: float
    windows: int


def weigh(
    first: Float64[np.ndarray, "series windows"],
    second: Float64[np.ndarray, "series windows"],
    floor: Float64[np.ndarray, "series windows"],
    rivals: int = 1,
    overlap: int = 1,
) -> Evidence:
    """Compares the errors of two forecasts by a paired, moderated t test over windows.

    Errors of one window depend on each other, and so do those of several series in one window. So the windows are the
    sample: the difference is averaged over series first. If series differ more than windows do, series are the sample.
    `_USUAL` and `_TRUST` moderate the variance of the windows.

    Args:
        first: The mean absolute error of each window; NaN where a series has no such window.
        second: The same of another forecast.
        floor: The error in each window that counts as exact; see `exact_errors`.
        rivals: The number of forecasts among which the second was chosen as the best (Bonferroni's correction).
        overlap: The number of neighbouring windows that overlap, which count as one.
    """
    total = np.maximum(first + second, 10 * floor)  # an error of the floor counts as a tenth
    both = np.isfinite(total)
    difference = np.divide(first - second, total, out=np.zeros_like(total), where=both & (total > 0))
    count = int(both.sum())
    windows = -(-int(both.any(axis=0).sum()) // overlap)
    if not count:
        return Evidence(math.nan, math.nan, 0)
    mean = float(difference.sum() / count)
    if windows < 2:
        return Evidence(mean, math.nan, windows)
    rest = np.where(both, difference - mean, 0.0)
    over_windows, over_series = (_variance(rest.sum(axis=axis), count) for axis in (0, 1))
    usual = _USUAL**2  # a mean over series varies as much as one series if they move together, as panels often do
    sample, degrees = over_windows * int(both.any(axis=0).sum()), windows - 1
    moderated = (degrees * sample + _TRUST * usual) / (degrees + _TRUST) / windows
    margin = critical_t(degrees + _TRUST, _CHANCE / rivals) * math.sqrt(max(moderated, over_series))
    return Evidence(mean, margin, windows)


def _variance(sums: NDArray[np.float64], count: int) -> float:
    """The variance of a mean of `count` values, from the sums of their deviations in each group; 0 for one group."""
    groups = int(np.count_nonzero(sums)) if len(sums) > 1 else 0
    return float(np.sum(sums**2)) / count**2 * groups / (groups - 1) if groups > 1 else 0.0


def critical_t(degrees: int, level: float) -> float:
    """The value that Student's t exceeds with probability `level`.

    The density is integrated over the angle of t = sqrt(degrees) * tan(angle), where it is a power of a cosine. For a
    level of 0.01 or more and any number of degrees, it is within 1e-4 of the tables.

    Args:
        degrees: The degrees of freedom, at least 1.
        level: A probability in (0, 0.5).
    """
    angle = np.linspace(-math.pi / 2, math.pi / 2, 20_001)
    density = np.cos(angle) ** (degrees - 1)
    share = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2)])
    return math.sqrt(degrees) * math.tan(float(np.interp(1 - level, share / share[-1], angle)))


def exact_errors(origins: Origins) -> Float64[np.ndarray, " lanes"]:
    """The error that counts as exact at each origin: a small share of the deviation of the values before it."""
    floor = np.empty(len(origins))
    for picked in np.split(np.arange(len(origins)), range(_BATCH, len(origins), _BATCH)):
        values, observed = origins.lanes(picked, _RECENT)
        count = np.maximum(observed.sum(axis=1), 1)
        mean = np.where(observed, values, 0.0).sum(axis=1) / count
        away = np.where(observed, np.abs(values - mean[:, None]), 0.0).sum(axis=1) / count
        size = np.where(observed, np.abs(values), 0.0).max(axis=1)
        floor[picked] = np.maximum(_EXACT * away, _ROUNDING * size)
    return floor
