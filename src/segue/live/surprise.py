"""The surprise of a value: its normal score under each forecast, and one score over all lead times.

The normal score of a value is Phi^-1(F(value)), where F is the distribution that the forecast gives: 0 at the median,
2.3 at the 99 % quantile. Scores of all series are on one scale, so that their tails can be compared and calibrated.
"""

from statistics import NormalDist

import numpy as np
from jaxtyping import Bool, Float64

from segue.forecasting.predictor import LEVELS

_SCORES = np.array([NormalDist().inv_cdf(level) for level in LEVELS])
_MEDIAN, _LAST = LEVELS.index(0.5), len(LEVELS) - 1
_MOST = 100.0
"""The largest score. A constant series has a band without a width, and any other value then has this score."""
_WEIGHTS = (2 / 3, 1 / 3)
"""The weights of the scores under the newest forecast and the one before.

Spikes of four deviations in real series, at a threshold that one ordinary value in 1,000 passes: 61.3 % are detected
with these weights, 59.2 % by the newest forecast alone, 60.3 % by two alike and 60.0 % by three alike (`refresh` 24,
`benchmarks/live/lead_times.py`). So the choice matters little.
"""
_OTHER_HALF = 0.05
"""The least scale of one half of a band, as a part of the other: sales rest on zero, and their lower half is empty."""


def normal_scores(
    quantiles: Float64[np.ndarray, "rows levels"], values: Float64[np.ndarray, " rows"]
) -> Float64[np.ndarray, " rows"]:
    """Returns the normal score of each value under its forecast, at `LEVELS`, negative below the median.

    Between quantiles the score is linear. Beyond the 1 % and the 99 % quantile it continues in the scale of this half
    of the band, as a normal tail would. The calibration learns the meaning of such scores. If several quantiles equal
    the value, its score is the one nearest to zero, because a frequent value is no surprise.
    """
    left = (quantiles < values[:, None]).sum(1)
    right = (quantiles <= values[:, None]).sum(1)
    rows, inner = np.arange(len(values)), np.clip(right, 1, _LAST)
    low, high = quantiles[rows, inner - 1], quantiles[rows, inner]
    share = (values - low) / np.where(high > low, high - low, 1.0)
    scores = _SCORES[inner - 1] + share * (_SCORES[inner] - _SCORES[inner - 1])
    least = np.where(left > 0, _SCORES[np.minimum(left, _LAST)], -np.inf)
    most = np.where(right <= _LAST, _SCORES[np.maximum(right, 1) - 1], np.inf)
    scores = np.where(left < right, np.minimum(np.maximum(0.0, least), most), scores)
    lower, upper = _scales(quantiles)
    with np.errstate(over="ignore"):
        scores = np.where(right == 0, _SCORES[0] - (quantiles[:, 0] - values) / lower, scores)
        scores = np.where(left > _LAST, _SCORES[-1] + (values - quantiles[:, -1]) / upper, scores)
    return np.clip(scores, -_MOST, _MOST)


def values_at(
    quantiles: Float64[np.ndarray, "rows levels"], scores: Float64[np.ndarray, " rows"]
) -> Float64[np.ndarray, " rows"]:
    """Returns the value of each score: the inverse of `normal_scores`."""
    inner = np.clip(np.searchsorted(_SCORES, scores), 1, _LAST)
    rows = np.arange(len(scores))
    low, high = quantiles[rows, inner - 1], quantiles[rows, inner]
    values = low + (scores - _SCORES[inner - 1]) / (_SCORES[inner] - _SCORES[inner - 1]) * (high - low)
    lower, upper = _scales(quantiles)
    values = np.where(scores < _SCORES[0], quantiles[:, 0] + (scores - _SCORES[0]) * lower, values)
    return np.asarray(np.where(scores > _SCORES[-1], quantiles[:, -1] + (scores - _SCORES[-1]) * upper, values))


def together(
    scores: Float64[np.ndarray, "rows origins"], standing: Bool[np.ndarray, "rows origins"]
) -> Float64[np.ndarray, " rows"]:
    """Returns one score of a value from those under its forecasts of several lead times: their weighted mean.

    A value that all forecasts missed on one side keeps its score. A value that only one forecast missed loses a part.

    Args:
        scores: Normal scores, the newest forecast first.
        standing: Whether there is such a forecast; the newest one is always there.
    """
    total, weight = np.zeros(len(scores)), np.zeros(len(scores))
    for origin, own in enumerate(_WEIGHTS):  # one by one: sums of numpy depend on the shape in their last bits
        total += np.where(standing[:, origin], own * scores[:, origin], 0.0)
        weight += np.where(standing[:, origin], own, 0.0)
    return np.asarray(total / np.maximum(weight, _WEIGHTS[-1]))


def _scales(
    quantiles: Float64[np.ndarray, "rows levels"],
) -> tuple[Float64[np.ndarray, " rows"], Float64[np.ndarray, " rows"]]:
    """The deviation of a normal distribution with the lower, or the upper half of each band; always above zero."""
    median = quantiles[:, _MEDIAN]
    lower, upper = median - quantiles[:, 0], quantiles[:, -1] - median
    least = np.maximum(np.abs(median) * 1e-9, 1e-300)  # of rounding in a constant series
    lower, upper = np.maximum(lower, _OTHER_HALF * upper), np.maximum(upper, _OTHER_HALF * lower)
    return np.maximum(lower, least) / _SCORES[-1], np.maximum(upper, least) / _SCORES[-1]
