"""Forecasts of the far future from means of several values: the same network, which then looks several times as far.

A forecast that continues from its own paths widens without bound, since a path that bends is continued as a bend. After
ten passes the counts of a series with a mean of one were forecast in millions. Means of four values reach four times as
far in one pass, which the network was trained for. They say nothing of single steps. So the spread of single values
around their means is measured in the first pass, and the shape within a mean is that of the continued paths. To combine
forecasts of several sampling rates is the idea of temporal hierarchies (Athanasopoulos et al., European Journal of
Operational Research 262, 2017).
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from segue.forecasting.predictor import LEVELS, History

_RATE = 4  # values of a mean, and how much longer each next mean is: half of what a pass can reach is then new
_LEAST_MEANS = 12  # of a past: from four means the band of a sine was ten times too wide (docs/notebook/forecasting.md)
_SHOWN = 3  # means of a cycle: fewer show another cycle than there is
HALF = LEVELS.index(0.5)
_SIDES = np.sign(np.arange(len(LEVELS)) - HALF)  # -1 below the median, 1 above it


@dataclass(frozen=True, eq=False)
class Coarse:
    """The forecast of the means of future values.

    Attributes:
        rate: Values of a mean.
        median: The median of each mean.
        spread: The distance of each quantile of a single value from its median, positive on both sides.
    """

    rate: int
    median: Float64[np.ndarray, "lanes means"]
    spread: Float64[np.ndarray, "lanes means levels"]

    def quantiles(
        self, steps: Int64[np.ndarray, " steps"], detail: Float64[np.ndarray, "lanes steps"]
    ) -> Float64[np.ndarray, "lanes steps levels"]:
        """Returns the quantiles at steps ahead, whose medians differ by `detail` from those of their means."""
        median = between(self.median, self.rate, steps) + detail
        apart = np.maximum.accumulate(_SIDES * between(self.spread, self.rate, steps), axis=-1)
        quantiles: Float64[np.ndarray, "lanes steps levels"] = median[..., None] + apart
        return quantiles


def rates(season: float, length: int, reach: int, far: int) -> tuple[int, ...]:
    """The values of a mean, for the passes after the second up to the step `far`.

    Means of so many values show a cycle at least three times, or span whole cycles. Means of a short past are not made
    longer when fewer than twelve would remain. Beyond their reach their last forecast stays.

    Args:
        season: The customary season of the lane in steps; 0 if there is none.
        length: Steps of the past that the network reads.
        reach: Steps of one pass.
        far: The last step ahead.
    """
    cycle, plain, found = round(season), _RATE, []
    for begin in range(2 * reach, far, reach):
        while (reach - 1) * _whole(plain, cycle) < begin + reach and length >= _LEAST_MEANS * plain * _RATE:
            plain *= _RATE
        found.append(_whole(plain, cycle))
    return tuple(found)


def _whole(rate: int, cycle: int) -> int:
    """The rate, or the next multiple of a cycle that it would not show."""
    return rate if cycle < 2 or _SHOWN * rate <= cycle else -(-rate // cycle) * cycle


def averaged(history: History, rate: int) -> History:
    """Makes means of `rate` values, aligned at the last; a mean needs half of its values, and the last mean one."""
    before = -history.values.shape[1] % rate
    newest = history.values[:, -1:]  # differences from it are exactly zero where all values are equal
    values, observed = (np.pad(part, ((0, 0), (before, 0))) for part in (history.values - newest, history.observed))
    shape = (len(history), -1, rate)
    observed = observed.reshape(shape)
    count = observed.sum(2)
    enough = 2 * count >= rate
    enough[:, -1] = True  # the last value is observed
    means = newest + np.where(observed, values.reshape(shape), 0.0).sum(2) / np.maximum(count, 1)
    seasons = np.where(history.seasons >= 2 * rate, history.seasons / rate, 0.0)
    return History(np.where(enough, means, 0.0), enough, seasons)


def coarse_forecast(
    quantiles: Float64[np.ndarray, "lanes means levels"], rate: int, first: Float64[np.ndarray, "lanes steps levels"]
) -> Coarse:
    """Turns quantiles of means into those of single values, by the first pass, which has both.

    Args:
        quantiles: Of the next means of `rate` values.
        rate: Values of a mean.
        first: The quantiles of the single values of the first pass; its second half is compared.
    """
    steps = np.arange(first.shape[1] // 2, first.shape[1])
    apart = quantiles - quantiles[..., HALF, None]
    single = ((first - first[..., HALF, None])[:, steps] ** 2).mean(1)
    within = np.maximum(single - (between(apart, rate, steps + 1) ** 2).mean(1), 0.0)
    return Coarse(rate, quantiles[..., HALF], np.sqrt(apart**2 + within[:, None]) * np.abs(_SIDES))


def detail_of(median: Float64[np.ndarray, "lanes steps"], rate: int) -> Float64[np.ndarray, "lanes steps"]:
    """The distance of each step from the means of `rate` steps around it."""
    lanes, steps = median.shape
    filled = np.pad(median, ((0, 0), (0, -steps % rate)), mode="edge")
    begin = median[:, :1]
    means = begin + (filled - begin).reshape(lanes, -1, rate).mean(2)
    detail: Float64[np.ndarray, "lanes steps"] = median - between(means, rate, np.arange(1, steps + 1))
    return detail


def between(
    means: Float64[np.ndarray, "lanes means *levels"], rate: int, steps: Int64[np.ndarray, " steps"]
) -> Float64[np.ndarray, "lanes steps *levels"]:
    """Interpolates means at steps that count from 1, between their middles; the first and the last one go on."""
    last = means.shape[1] - 1
    place = np.clip((steps - (rate + 1) / 2) / rate, 0, last)
    left = np.minimum(np.floor(place).astype(np.int64), max(last - 1, 0))
    share = (place - left).reshape(1, -1, *(1 for _ in means.shape[2:]))
    found: Float64[np.ndarray, "lanes steps *levels"] = means[:, left]
    found += share * (means[:, np.minimum(left + 1, last)] - found)
    return found
