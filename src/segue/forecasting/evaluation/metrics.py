"""The scores of the field's zero-shot tables, on arrays.

A NaN in the actual or past values is a missing value, which all scores leave out. No score leaves out a NaN in the
forecast of an observed value: it makes the score NaN. Results are float64.
"""

import numpy as np
from jaxtyping import Float, Float64

from segue.errors import UserError

DECILES: tuple[float, ...] = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""The quantile levels over which the weighted quantile loss is averaged."""
_ROUNDING = 1e-15  # of the mean size of a lane's values: several rounding errors of double precision


def mase(
    actual: Float[np.ndarray, "lanes steps"],
    median: Float[np.ndarray, "lanes steps"],
    history: Float[np.ndarray, "lanes time"],
    season: int,
) -> Float64[np.ndarray, " lanes"]:
    """Mean absolute scaled error (Hyndman & Koehler 2006): 1 is the in-sample error of the seasonal naive forecast.

    Args:
        actual: The values after the history.
        median: The point forecasts.
        history: All values before the forecast, NaN before a shorter lane begins.
        season: Steps in a season, at least 1.

    Returns:
        The score of each lane. It is NaN if nothing is observed, if no two past values are a season apart, or if every
        past season equals the one before, up to rounding.

    Raises:
        UserError: The season is below 1.
    """
    actual, median = _float64(actual), _float64(median)
    score: np.ndarray = _mean(np.abs(actual - median), ~np.isnan(actual)) / seasonal_error(history, season)
    return score


def seasonal_error(history: Float[np.ndarray, "lanes time"], season: int) -> Float64[np.ndarray, " lanes"]:
    """The mean absolute difference between values a season apart, the denominator of MASE.

    Args:
        history: The past values, NaN where missing.
        season: Steps in a season, at least 1.

    Returns:
        The error of each lane; NaN where no two values are a season apart, or all such pairs are equal up to rounding.

    Raises:
        UserError: The season is below 1.
    """
    if season < 1:
        raise UserError("season", season, "give a whole number of at least 1")
    history = _float64(history)
    differences = np.abs(history[:, season:] - history[:, :-season])
    scale = _mean(differences, ~np.isnan(differences))
    size = _mean(np.abs(history), ~np.isnan(history))
    return np.where(scale > _ROUNDING * size, scale, np.nan)


def weighted_quantile_loss(
    actual: Float[np.ndarray, "lanes steps"],
    quantiles: Float[np.ndarray, "lanes steps levels"],
    levels: tuple[float, ...] = DECILES,
) -> float:
    """Twice the sum of pinball losses over the sum of absolute values, for all lanes and steps, averaged over levels.

    It is the mean weighted sum quantile loss of the Chronos tables (Ansari et al. 2024, section 5.4), and estimates the
    CRPS in units of the mean absolute value.

    Args:
        actual: The actual values.
        quantiles: The forecast quantiles.
        levels: The level of each entry of the last axis.

    Returns:
        One score; it is NaN if all values are missing or zero.
    """
    actual, quantiles = _float64(actual), _float64(quantiles)
    observed = ~np.isnan(actual)
    error = (actual[..., None] - quantiles)[observed]
    level = np.asarray(levels)
    pinball = np.maximum(level * error, (level - 1) * error).mean(axis=-1)
    size = np.abs(actual[observed]).sum()
    return float(2 * pinball.sum() / size) if size > 0 else float("nan")


def coverage(
    actual: Float[np.ndarray, "lanes steps"],
    lower: Float[np.ndarray, "lanes steps"],
    upper: Float[np.ndarray, "lanes steps"],
) -> Float64[np.ndarray, " lanes"]:
    """The share of values that lie within the interval, bounds included.

    Returns:
        A share in [0, 1] for each lane; NaN where nothing was observed.
    """
    actual, lower, upper = map(_float64, (actual, lower, upper))
    inside = np.where(np.isnan(lower + upper), np.nan, (lower <= actual) & (actual <= upper))
    return _mean(inside, ~np.isnan(actual))


def interval_score(
    actual: Float[np.ndarray, "lanes steps"],
    lower: Float[np.ndarray, "lanes steps"],
    upper: Float[np.ndarray, "lanes steps"],
    level: int | float,
) -> Float64[np.ndarray, " lanes"]:
    """The width of the interval and a penalty for every miss (Gneiting & Raftery 2007, equation 43).

    With alpha = 1 - level / 100, the score is width + 2 / alpha * distance to the interval. The true central interval
    has the least expected score.

    Args:
        actual: The actual values.
        lower: The quantiles of level alpha / 2.
        upper: The quantiles of level 1 - alpha / 2.
        level: The coverage that the interval claims, in percent.

    Returns:
        The mean score of each lane, in the unit of the series; NaN where nothing was observed.

    Raises:
        UserError: The level is not between 0 and 100.
    """
    if not 0 < level < 100:
        raise UserError("level", level, "give a percentage between 0 and 100")
    actual, lower, upper = map(_float64, (actual, lower, upper))
    miss = np.maximum(lower - actual, 0) + np.maximum(actual - upper, 0)
    return _mean(upper - lower + 2 / (1 - level / 100) * miss, ~np.isnan(actual))


def _float64(array: np.ndarray) -> np.ndarray:
    return np.asarray(array, dtype=np.float64)


def _mean(scores: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """The mean over the observed steps; NaN where there are none."""
    count = observed.sum(axis=-1)
    total = np.where(observed, scores, 0.0).sum(axis=-1)
    mean: np.ndarray = total / np.where(count > 0, count, np.nan)
    return mean
