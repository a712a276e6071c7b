"""Cheap experts beside the model: autoregressions of the values, and of their differences from two seasonal means.

A zero-shot model reads each lane anew, and never learns that it misses, say, the Mondays of one shop. The experts are
fitted to the lane itself. A seasonal expert is the mean of past copies of the season, plus an autoregression of the
differences from it. Alone, experts are worse than the model on most series. In a weighted mean with the model
(`segue.live.aggregation`) they lower its errors.

An expert moves the model's distribution to its own median, and keeps the width. An expert's own width would be
constant, while the model knows the hours and days in which values vary more.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64

from segue.forecasting.baselines.autoregression import expected, fit_orders
from segue.forecasting.predictor import Forecast

EXPERTS = ("model", "ar", "season", "long season")
"""The experts, the model first. Without enough values, an expert repeats the model, and so changes nothing."""

_ORDERS = 24
"""The largest order of the autoregressions; up to order 64 they take three times as long."""
_COPIES = 8
"""The most copies of a season in the mean."""
_BATCH = 128
"""The number of lanes at once; all of 10,000 lanes would take half a gigabyte."""
_LEAST = 16
"""The fewest differences that an autoregression is fitted to."""


@dataclass(frozen=True, eq=False)
class Advice:
    """The experts' forecasts of the next steps: one distribution, and the median to which each expert moves it.

    Attributes:
        forecast: The model's own forecast.
        medians: The median of each expert, in the order of `EXPERTS` and the unit of the series. The first one is that
            of the forecast.
    """

    forecast: Forecast
    medians: Float64[np.ndarray, "lanes steps experts"]

    def select(self, lanes: Int64[np.ndarray, " picked"] | Bool[np.ndarray, " lanes"]) -> "Advice":
        """Returns the advice for some of the lanes."""
        return Advice(Forecast(self.forecast.quantiles[lanes], self.forecast.levels), self.medians[lanes])


def advise(
    forecast: Forecast,
    values: Float64[np.ndarray, "lanes time"],
    observed: Bool[np.ndarray, "lanes time"],
    seasons: Float64[np.ndarray, "lanes periods"],
) -> Advice:
    """Asks the experts for the steps that the model has forecast.

    Args:
        forecast: The model's forecast of the steps after the last column; NaN for a lane without any value.
        values: The past that the model read, in the unit of the series; finite where observed. A lane's advice has the
            same bits in any batch, as long as the number of columns is the same.
        observed: False where a value is missing, or before the lane began.
        seasons: See `History`.
    """
    steps, values = forecast.horizon, np.where(observed, values, 0.0)
    medians = np.repeat(forecast.median[..., None], len(EXPERTS), axis=2)
    for expert, periods in enumerate(_periods(seasons, values.shape[1]), start=1):
        for period in np.unique(periods[periods >= 0]).tolist():
            every = np.flatnonzero(periods == period)
            for lanes in np.split(every, range(_BATCH, len(every), _BATCH)):
                found = _expected(values[lanes], observed[lanes], period, steps)
                medians[lanes, :, expert] = np.where(np.isfinite(found), found, medians[lanes, :, 0])
    return Advice(forecast, medians)


def _periods(seasons: Float64[np.ndarray, "lanes periods"], time: int) -> list[Int64[np.ndarray, " lanes"]]:
    """The period of each expert but the model, for each lane: 0 for the values themselves, -1 for no such expert.

    The long season is the longest that leaves differences in the past. It is rounded to a multiple of the first one: a
    year of 365.25 days to 364, since weekdays differ more than neighbouring days of the year.
    """
    lanes = len(seasons)
    nothing, first, longest = np.zeros(lanes, np.int64), np.full(lanes, -1), np.full(lanes, -1)
    if seasons.shape[1]:
        short = np.rint(seasons[:, 0]).astype(np.int64)
        first = np.where((short > 1) & (short <= time - _LEAST), short, -1)
        for season in seasons[:, 1:].T:
            whole = (np.rint(season / np.maximum(short, 1)) * short).astype(np.int64)
            longest = np.where((whole > short) & (whole <= time - _LEAST), np.maximum(longest, whole), longest)
    return [nothing, first, longest]


def _expected(
    values: Float64[np.ndarray, "lanes time"], observed: Bool[np.ndarray, "lanes time"], period: int, steps: int
) -> Float64[np.ndarray, "lanes steps"]:
    """The mean of past copies, and an autoregression of what differed from it; NaN where a lane has too few values."""
    if period == 0:
        past, ahead = np.zeros_like(values), np.zeros((len(values), steps))
    else:
        past, ahead = _copies(values, observed, period, steps)
        past, values, observed = (array[:, period:] for array in (past, values, observed))  # no copies before
    usable = observed & ~np.isnan(past)
    difference = np.where(usable, values - past, 0.0)
    moved = expected(fit_orders(difference, usable, None, _ORDERS), difference, usable, steps)
    enough = usable.sum(1, keepdims=True) >= _LEAST
    return np.where(enough, ahead + moved, np.nan)


def _copies(
    values: Float64[np.ndarray, "lanes time"], observed: Bool[np.ndarray, "lanes time"], period: int, steps: int
) -> tuple[Float64[np.ndarray, "lanes time"], Float64[np.ndarray, "lanes steps"]]:
    """The mean of the copies one, two and more periods before each step; NaN where none is observed.

    There are as many copies as leave half of the past with all of them, but at most `_COPIES`. Steps beyond one period
    ahead have the copies of the steps a period before.
    """
    time = values.shape[1]
    count = min(_COPIES, max(1, time // (2 * period)))
    total, seen = np.zeros((len(values), time + period)), np.zeros((len(values), time + period))
    for copy in range(1, count + 1):
        shift = copy * period
        total[:, shift:] += values[:, : time + period - shift]
        seen[:, shift:] += observed[:, : time + period - shift]
    mean = np.where(seen > 0, total / np.maximum(seen, 1), np.nan)
    return mean[:, :time], mean[:, time + np.arange(steps) % period]
