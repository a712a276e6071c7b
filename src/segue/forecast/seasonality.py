"""Seasons found in a lane's own past: forecast what is left without them, then put them back.

A small network continues the shape of a season better than its exact heights. So where a lane repeats itself, a second
forecast is made of the lane less its season, and both are averaged: combining forecasts of different faults is among
the oldest advice of the field (Bates & Granger 1969), and seasonal adjustment its oldest tool.

All of it follows the unit of the series: the season of a * y + b is a times the season of y.
"""

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Bool, Float64
from numpy.typing import NDArray
from torch import Tensor

_SEASONS = 2  # at most so many, one within another: a day, then a week
_CYCLES = 3  # a season must have been seen so often
_SIMILARITY = 0.3  # autocorrelation of the steps from one value to the next, one cycle apart
_NEARLY = 0.05  # less than this is no better
_MEMORY = 0.7  # weight of a cycle relative to the one after it: seasons change slowly

Steps = Callable[[Tensor, Tensor, int], Tensor]
"""Values, observed, horizon: the quantiles (lanes, horizon, levels)."""


def average_with_adjusted(
    forecast: Steps,
    values: Float64[Tensor, "lanes time"],
    observed: Bool[Tensor, "lanes time"],
    horizon: int,
    weight: float,
) -> Float64[Tensor, "lanes horizon levels"]:
    """The forecast, averaged with that of the seasonally adjusted lane where a season is found.

    Args:
        forecast: Gives quantiles for the steps after the last column.
        values: Lanes aligned at their last value.
        observed: False where a value is missing, or before the lane began.
        horizon: Number of steps ahead.
        weight: Share of the adjusted forecast in the average, quantile by quantile.
    """
    quantiles = forecast(values, observed, horizon)
    if weight == 0:
        return quantiles
    seasons = torch.stack([_season(v, o, horizon) for v, o in zip(values.cpu(), observed.cpu(), strict=True)])
    found = seasons.any(1).nonzero()[:, 0].to(values.device)
    if not len(found):
        return quantiles
    past, future = seasons.to(values.device)[found].split([values.shape[1], horizon], dim=1)
    adjusted = forecast(values[found] - past, observed[found], horizon) + future[..., None]
    return quantiles.index_copy(0, found, torch.lerp(quantiles[found], adjusted, weight))


def _season(
    values: Float64[Tensor, " time"], observed: Bool[Tensor, " time"], horizon: int
) -> Float64[Tensor, " both"]:
    """The seasonal part of one lane, past and future together; zeros where there is none."""
    season = np.zeros(len(values) + horizon)
    seen = observed.nonzero()[:, 0].numpy()
    if len(seen):
        begin = seen[0]
        rest = np.interp(np.arange(begin, len(values)), seen, values.numpy()[seen])
        for _ in range(_SEASONS):
            period = find_period(rest)
            if period is None:
                break
            profile = seasonal_profile(rest, period)
            part = profile[(np.arange(len(season)) - len(values)) % period]
            rest = rest - part[begin : len(values)]
            season += part
    return torch.from_numpy(season)


def find_period(values: NDArray[np.float64]) -> int | None:
    """The number of steps after which a series repeats itself best, if it does at all.

    Similar is what steps alike: the autocorrelation of the differences, which no trend can feign. Of the peaks nearly
    as high as the highest the first is taken: a week of equal days is a day, and a longer cycle has fewer to average.

    Args:
        values: The series, without gaps.
    """
    steps = np.diff(values)
    longest = len(values) // _CYCLES
    if longest < 2 or not np.ptp(steps) > 0:
        return None
    steps = (steps - steps.mean()) / np.abs(steps).max()
    spectrum = np.fft.rfft(steps, 2 * len(steps))
    products = np.fft.irfft(np.abs(spectrum) ** 2)[: longest + 2]
    similarity = products / products[0] * len(steps) / (len(steps) - np.arange(longest + 2))
    before, here, after = similarity[1:-2], similarity[2:-1], similarity[3:]
    high = (here >= max(_SIMILARITY, here.max() - _NEARLY)) & (here > before) & (here >= after)
    return int(high.argmax()) + 2 if high.any() else None


def seasonal_profile(values: NDArray[np.float64], period: int) -> NDArray[np.float64]:
    """The mean cycle, its own mean zero; its first value belongs to the first step after the series.

    Each whole cycle, counted from the end, is freed of its mean and of the line from the cycle before; later cycles
    weigh more.

    Args:
        values: The series, without gaps, of two cycles at least.
        period: Steps in a cycle.
    """
    count = len(values) // period
    cycles = values[len(values) - count * period :].reshape(count, period)
    means = cycles.mean(1)
    slopes = np.diff(means, prepend=2 * means[0] - means[1]) / period
    line = means[:, None] + slopes[:, None] * (np.arange(period) - (period - 1) / 2)
    weights = _MEMORY ** np.arange(count)[::-1]
    profile: NDArray[np.float64] = weights @ (cycles - line) / weights.sum()
    profile -= profile.mean()
    return profile
