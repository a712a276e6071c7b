"""Seasonal profiles: the mean cycle of a long past, phase by phase, removed before a forecast and added back after it.

This is the seasonal component of classical decomposition (Persons, Review of Economics and Statistics 1, 1919; West,
Harrison, "Bayesian Forecasting and Dynamic Models", 1997, on seasonal profiles), for several seasons, the shortest
first. A mean over few cycles is partly noise. So each profile shrinks towards zero, the more so the larger its variance
between cycles is relative to its variance between phases (James, Stein, Fourth Berkeley Symposium, 1961).
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

CERTAIN = 2.0
"""Standard errors by which a season must exceed chance, so that a random walk rarely has a year."""

_LEAST_PERIOD = 3.0  # steps: a cycle of two steps alternates, and every patch shows it
_LEAST_CYCLES = 2  # cycles of a season: one has no variance between cycles; 3 is no better, and loses years (notebook)
_MANY = 10  # a season is smoothed over shorter ones if it has more of them: a year has 52 weeks, a week only 7 days
_ROUNDING = 1e-9  # phases: a step on the border of two bins belongs to the later one, whatever its last digits


@dataclass(frozen=True, eq=False)
class Profile:
    """The shrunken mean of one season at each phase, relative to the level.

    Attributes:
        period: Steps of the season.
        means: The values at evenly spaced phases, the first at the last observed step; their mean is zero.
        middle: The phase of the first mean, in steps: zero, or half a bin.
    """

    period: float
    means: Float64[np.ndarray, " phases"]
    middle: float = 0.0

    def at(self, steps: Int64[np.ndarray, " steps"]) -> Float64[np.ndarray, " steps"]:
        """Returns the values at steps that count from the last observed one, by interpolation between phases."""
        count = len(self.means)
        place = ((steps - self.middle) % self.period) * (count / self.period)
        left = np.floor(place).astype(np.int64)
        share = place - left
        values: Float64[np.ndarray, " steps"] = self.means[left % count] * (1 - share)
        values += self.means[(left + 1) % count] * share
        return values


@dataclass(frozen=True, eq=False)
class Rest:
    """A past without its profiles, and what to add back to the forecast.

    Attributes:
        values: The past without the profiles; NaN where not observed.
        ahead: The profiles at the steps ahead.
    """

    values: Float64[np.ndarray, " time"]
    ahead: Float64[np.ndarray, " horizon"]

    def without(self, season: float, shorter: float, certain: float) -> "Rest":
        """Removes the profile of one season.

        A season that has many shorter ones, as a year has weeks, first loses its smooth shape, with one bin for each
        shorter season. Then it loses the profile of single steps, such as holidays.

        Args:
            season: The period in steps.
            shorter: The longest period that is shorter by more than a factor of `_MANY`; 1 if there is none.
            certain: Standard errors by which the variance between phases must exceed that of chance.
        """
        smooth = round(shorter)
        coarse = [(round(season / shorter), smooth)] if smooth > 1 else []
        rest = self
        for phases, width in [*coarse, (round(season), 1)]:
            rest = rest._minus(mean_cycle(rest.values, season, phases, width, certain))
        return rest

    def towards(self, other: "Rest", share: float) -> "Rest":
        """Removes a share of the profiles that `other` lacks: 0 returns this past, and 1 returns the other."""
        values, ahead = other.values - self.values, other.ahead - self.ahead
        return Rest(self.values + share * values, self.ahead + share * ahead)

    def _minus(self, profile: Profile | None) -> "Rest":
        if profile is None:
            return self
        time, horizon = len(self.values), len(self.ahead)
        ahead = self.ahead + profile.at(np.arange(1, horizon + 1))
        return Rest(self.values - profile.at(np.arange(1 - time, 1)), ahead)


def without_profiles(rest: Rest, removed: list[float], seasons: list[float], certain: float = 0.0) -> Rest:
    """Removes the profiles of some seasons of a past, the shortest first.

    Args:
        rest: The past, from its first value to its last.
        removed: The periods in steps of the seasons to remove. A season that the past does not show twice stays.
        seasons: The periods of all seasons of the lane.
        certain: See `Rest.without`; `CERTAIN` for profiles that both forecasts of `long_past.py` lose.
    """
    for season in sorted(set(removed)):
        if shown(season, len(rest.values)):
            rest = rest.without(season, max((s for s in seasons if 0 < s < season / _MANY), default=1.0), certain)
    return rest


def shown(season: float, time: int) -> bool:
    """Whether a past of `time` steps is long enough for the profile of a season."""
    return season >= _LEAST_PERIOD and time >= _LEAST_CYCLES * season


def agreement(before: Float64[np.ndarray, " time"], after: Float64[np.ndarray, " time"]) -> float:
    """Measures how far the end of a past still has its profiles.

    The result is 1 where their removal lowers the variance. Where the season had stopped, it is nearer to 0 the larger
    the season was beside the noise.

    Args:
        before: The last values, with the profiles; NaN where not observed.
        after: The same values without them.

    Returns:
        Twice the weight of `after` if both weigh by the inverse square of their variance around a line; at most 1.
    """
    had, left = _variance(before) ** 2, _variance(after) ** 2
    return min(1.0, 2 * had / (had + left)) if had + left > 0 else 1.0


def _variance(values: Float64[np.ndarray, " time"]) -> float:
    """The mean square distance of the observed values from a line through them."""
    seen = np.flatnonzero(~np.isnan(values))
    if len(seen) < 3:
        return 0.0
    time, found = seen - seen.mean(), values[seen] - values[seen].mean()
    return float(((found - time * (time @ found) / (time @ time)) ** 2).mean())


def mean_cycle(
    values: Float64[np.ndarray, " time"], period: float, phases: int, width: int, certain: float
) -> Profile | None:
    """Averages the cycles of a past, and shrinks the mean by the share that chance explains.

    Args:
        values: The past, NaN where not observed.
        period: Steps of the season, not always whole.
        phases: The number of phases of a cycle.
        width: Steps of the moving mean that is taken first; 1 for none.
        certain: Standard errors by which the variance between phases must exceed that of chance. Errors of neighbouring
            phases are correlated, so phases count as fewer: the effective number under a first-order autoregression.

    Returns:
        The profile; None if a phase was seen less than twice, or if chance explains the whole profile.
    """
    deviation = _smoothed(values - _level(values, round(period)), width)
    table = _by_cycle(deviation, period, phases)
    count = (~np.isnan(table)).sum(0)
    if len(table) < _LEAST_CYCLES or (count < _LEAST_CYCLES).any():
        return None
    mean = np.nanmean(table, axis=0)
    errors = np.nan_to_num(table - mean)
    chance = float((errors**2).sum() / (count - 1).sum())
    signal = float(count.mean() * ((mean - mean.mean()) ** 2).sum() / (phases - 1))
    margin = 1 + certain * _relative_error(errors)
    if signal <= margin * chance:
        return None
    shrunk = (1 - margin * chance / signal) * (mean - mean.mean())
    return Profile(period, shrunk, 0.0 if phases == round(period) else period / phases / 2)


def _relative_error(errors: Float64[np.ndarray, "cycles phases"]) -> float:
    """The relative standard error of the ratio of both variances (an F statistic) under chance alone."""
    cycles, phases = errors.shape
    common = float((errors[:, 1:] * errors[:, :-1]).sum() / max(float((errors**2).sum()), np.finfo(float).tiny))
    common = min(max(common, 0.0), 0.99)  # at one, no phase would count
    apart = max(phases * (1 - common) / (1 + common), 1.0)
    return float(np.sqrt(2 / apart * (1 + 1 / (cycles - 1))))


def _by_cycle(values: Float64[np.ndarray, " time"], period: float, phases: int) -> Float64[np.ndarray, "cycles phases"]:
    """Means of each phase in each whole cycle, the newest cycle first; NaN where there is no value."""
    back = np.arange(len(values))[::-1]
    place = (-back % period) * (phases / period)
    steps = phases == round(period)  # then the middles of phases are steps; else they are the middles of bins
    phase = (np.round(place) if steps else np.floor(place + _ROUNDING)).astype(np.int64) % phases
    cycles = int(len(values) // period)
    cell = (back // period).astype(np.int64) * phases + phase
    kept = ~np.isnan(values) & (cell < cycles * phases)
    total = np.bincount(cell[kept], values[kept], cycles * phases)
    count = np.bincount(cell[kept], minlength=cycles * phases)
    means = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return means.reshape(cycles, phases)


def _level(values: Float64[np.ndarray, " time"], width: int) -> Float64[np.ndarray, " time"]:
    """The moving mean over one cycle. In the outer half cycles it follows a line, as steep as in the cycle beside them.

    A constant level there would turn a trend into a season that jumps where the forecast begins.
    """
    level = _smoothed(values, width)
    first, last = width // 2, len(level) - (width - width // 2)
    step = min(width, last - first)
    rising, going = _slope(level, first, first + step), _slope(level, last - step, last)
    level[:first] = level[first] + rising * np.arange(-first, 0)
    level[last:] = level[last] + going * np.arange(len(level) - last)
    return level


def _slope(level: Float64[np.ndarray, " time"], begin: int, end: int) -> float:
    """The slope between two steps; zero where it is not known."""
    slope = (level[end] - level[begin]) / (end - begin) if end > begin else 0.0
    return float(slope) if np.isfinite(slope) else 0.0


def _smoothed(values: Float64[np.ndarray, " time"], width: int) -> Float64[np.ndarray, " time"]:
    """The mean of the observed values among `width` around each step; NaN where there is none."""
    if width == 1:
        return values
    seen = ~np.isnan(values)
    total = np.concatenate([[0.0], np.cumsum(np.where(seen, values, 0.0))])
    count = np.concatenate([[0], np.cumsum(seen)])
    step = np.arange(len(values))
    begin, end = np.maximum(step - width // 2, 0), np.minimum(step - width // 2 + width, len(values))
    number = count[end] - count[begin]
    return np.where(number > 0, (total[end] - total[begin]) / np.maximum(number, 1), np.nan)
