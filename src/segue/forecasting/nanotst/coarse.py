"""Forecasts of the far future from means of several values, by the same network.

A forecast that continues from its own paths widens without bound, since the network continues a bend of a path. For
counts with a mean of one, forecasts reached millions after ten passes. One pass over means of four values reaches four
times as far, and the network was trained for one pass. Means say nothing about single steps. So the first pass gives
the spread of single values around their means, and the continued paths give the shape within a mean. The idea comes
from temporal hierarchies, which combine forecasts of several sampling rates (Athanasopoulos et al., European Journal of
Operational Research 262, 2017).
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from segue.forecasting.predictor import LEVELS, History

_RATE = 4  # values of the shortest mean, and the factor to each longer one; half of the reach of a pass is then new
# Means of a past, at least. With four means, the band of a sine was ten times too wide. Means of whole cycles may be
# fewer: the rate before them counts, and 8 of them lose .29 where 50 plain means lose .50
# (docs/notebook/forecasting.md).
_LEAST_MEANS = 12
_SHOWN = 3  # means of a cycle, at least: fewer means would show a cycle of another length
MEDIAN = LEVELS.index(0.5)
_SIDES = np.sign(np.arange(len(LEVELS)) - MEDIAN)  # -1 below the median, 1 above it


@dataclass(frozen=True, eq=False)
class Coarse:
    """The forecast of the means of future values.

    Attributes:
        rate: The number of values in a mean.
        median: The median of each mean.
        spread: The distance of each quantile of a single value from its median, positive on both sides.
    """

    rate: int
    median: Float64[np.ndarray, "lanes means"]
    spread: Float64[np.ndarray, "lanes means levels"]

    def quantiles(
        self, steps: Int64[np.ndarray, " steps"], detail: Float64[np.ndarray, "lanes steps"]
    ) -> Float64[np.ndarray, "lanes steps levels"]:
        """Returns the quantiles at `steps` ahead; each median is the interpolated median of means plus `detail`."""
        median = between(self.median, self.rate, steps) + detail
        apart = np.maximum.accumulate(_SIDES * between(self.spread, self.rate, steps), axis=-1)
        quantiles: Float64[np.ndarray, "lanes steps levels"] = median[..., None] + apart
        return quantiles


def rates(season: float, length: int, reach: int, far: int) -> tuple[int, ...]:
    """Returns the number of values in a mean for each pass after the second, up to the step `far`.

    A cycle has at least three means, or a mean spans whole cycles. Means of a short past do not become longer if fewer
    than twelve would remain before they are extended to whole cycles. Beyond the reach of the means, the forecast of
    the last mean holds.

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
    """Returns `rate`, or the next multiple of `cycle` if means of `rate` values would not show that cycle."""
    return rate if cycle < 2 or _SHOWN * rate <= cycle else -(-rate // cycle) * cycle


def averaged(history: History, rate: int) -> History:
    """Averages groups of `rate` values that end with the last value.

    A mean needs half of its values. The last mean needs one.
    """
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
    """Converts quantiles of means to quantiles of single values, by comparing both in the first pass.

    Args:
        quantiles: The quantiles of the next means of `rate` values.
        rate: The number of values in a mean.
        first: The quantiles of the single values of the first pass; its second half is compared.
    """
    steps = np.arange(first.shape[1] // 2, first.shape[1])
    apart = quantiles - quantiles[..., MEDIAN, None]
    single = ((first - first[..., MEDIAN, None])[:, steps] ** 2).mean(1)
    within = np.maximum(single - (between(apart, rate, steps + 1) ** 2).mean(1), 0.0)
    return Coarse(rate, quantiles[..., MEDIAN], np.sqrt(apart**2 + within[:, None]) * np.abs(_SIDES))


def detail_of(median: Float64[np.ndarray, "lanes steps"], rate: int) -> Float64[np.ndarray, "lanes steps"]:
    """Returns the difference between each median and the interpolated means of `rate` medians."""
    lanes, steps = median.shape
    filled = np.pad(median, ((0, 0), (0, -steps % rate)), mode="edge")
    begin = median[:, :1]
    means = begin + (filled - begin).reshape(lanes, -1, rate).mean(2)
    detail: Float64[np.ndarray, "lanes steps"] = median - between(means, rate, np.arange(1, steps + 1))
    return detail


def between(
    means: Float64[np.ndarray, "lanes means *levels"], rate: int, steps: Int64[np.ndarray, " steps"]
) -> Float64[np.ndarray, "lanes steps *levels"]:
    """Interpolates between the middles of means, at steps that count from 1; the first and the last mean extend."""
    last = means.shape[1] - 1
    place = np.clip((steps - (rate + 1) / 2) / rate, 0, last)
    left = np.minimum(np.floor(place).astype(np.int64), max(last - 1, 0))
    share = (place - left).reshape(1, -1, *(1 for _ in means.shape[2:]))
    found: Float64[np.ndarray, "lanes steps *levels"] = means[:, left]
    found += share * (means[:, np.minimum(left + 1, last)] - found)
    return found
