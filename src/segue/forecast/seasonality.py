"""Seasons found in a lane's own past: forecast what is left without them, then put them back.

A small network continues the shape of a season better than its exact heights. So where a lane repeats itself, a second
forecast is made of the lane less its season, and both are averaged: combining forecasts of different faults is among
the oldest advice of the field (Bates & Granger 1969), and seasonal adjustment its oldest tool.

All of it follows the unit of the series: the season of a * y + b is a times the season of y. All lanes are worked on
at once; their own beginnings and periods are places in shared tensors.
"""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float64, Int64
from torch import Tensor

_SEASONS = 2  # at most so many, one within another: a day, then a week
_CYCLES = 3  # a season must have been seen so often
_SIMILARITY = 0.3  # autocorrelation of the steps from one value to the next, one cycle apart
_NEARLY = 0.05  # less than this is no better
_EQUAL = 1e-9  # less than this is rounding
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
    seasons = find_seasons(values, observed, horizon)
    found = seasons.any(1).nonzero()[:, 0]
    if not len(found):
        return quantiles
    past, future = seasons[found].split([values.shape[1], horizon], dim=1)
    adjusted = forecast(values[found] - past, observed[found], horizon) + future[..., None]
    return quantiles.index_copy(0, found, torch.lerp(quantiles[found], adjusted, weight))


def find_seasons(
    values: Float64[Tensor, "lanes time"], observed: Bool[Tensor, "lanes time"], horizon: int
) -> Float64[Tensor, "lanes both"]:
    """The seasonal part of each lane, past and future together; zeros where there is none."""
    lanes, time = values.shape
    rest, begin = _filled(values, observed)
    season, asked = values.new_zeros(lanes, time + horizon), torch.arange(lanes, device=values.device)
    for _ in range(_SEASONS):
        period = find_periods(rest, begin)
        found = period.nonzero()[:, 0]
        if not len(found):
            break
        rest, begin, asked = rest[found], begin[found], asked[found]
        part = repeat_cycle(rest, begin, period[found], horizon)
        rest = rest - part[:, :time]
        season.index_add_(0, asked, part)
    return season


def find_periods(values: Float64[Tensor, "lanes time"], begin: Int64[Tensor, "lanes"]) -> Int64[Tensor, "lanes"]:
    """The number of steps after which each lane repeats itself best; zero if it does not at all.

    Similar is what steps alike: the autocorrelation of the differences, which no trend can feign. Of the peaks nearly
    as high as the highest the first is taken: a week of equal days is a day, and a longer cycle has fewer to average.

    Args:
        values: The lanes, without gaps.
        begin: The first column of each lane; what is before does not count.
    """
    time = values.shape[1]
    longest = (time - begin) // _CYCLES
    if time < 2 * _CYCLES:
        return torch.zeros_like(begin)
    inside = torch.arange(time - 1, device=values.device) >= begin[:, None]
    steps, count = values.diff(dim=1), (time - 1 - begin).clamp(min=1)[:, None]
    first = steps.gather(1, begin.clamp(max=time - 2)[:, None])
    moves = (inside & (steps != first)).any(1)  # else a line, which no cycle interrupts
    largest = torch.where(inside, steps.abs(), 0).amax(1, keepdim=True)
    mean = torch.where(inside, steps, 0).sum(1, keepdim=True) / count
    steps = torch.where(inside & moves[:, None], (steps - mean) / largest, 0)

    spectrum = torch.fft.rfft(steps, 2 * time)
    lag = torch.arange(time // _CYCLES + 2, device=values.device)
    products = torch.fft.irfft(torch.view_as_real(spectrum).square().sum(-1), 2 * time)[:, : len(lag)]
    energy = torch.where(moves, products[:, 0], 1)[:, None]
    similarity = products / energy * count / (count - lag).clamp(min=1)
    before, here, after = similarity[:, 1:-2], similarity[:, 2:-1], similarity[:, 3:]
    here = torch.where(lag[2:-1] <= longest[:, None], here, 0)
    least = (here.amax(1, keepdim=True) - _NEARLY).clamp(min=_SIMILARITY)
    high = (here >= least) & (here > before + _EQUAL) & (here >= after - _EQUAL)
    return torch.where(high.any(1), high.byte().argmax(1) + 2, 0)


def repeat_cycle(
    values: Float64[Tensor, "lanes time"], begin: Int64[Tensor, "lanes"], period: Int64[Tensor, "lanes"], horizon: int
) -> Float64[Tensor, "lanes both"]:
    """The mean cycle of each lane, its own mean zero, over all columns and `horizon` more.

    Each whole cycle, counted from the end, is freed of its mean and of the line from the cycle before; later cycles
    weigh more.

    Args:
        values: The lanes, without gaps, of two cycles at least.
        begin: The first column of each lane.
        period: Steps in a cycle.
        horizon: Steps after the last column.
    """
    time = values.shape[1]
    steps, nothing = period[:, None], torch.zeros_like(values)
    ago = torch.arange(time, device=values.device).flip(0).expand_as(values)
    cycle, place = ago // steps, steps - 1 - ago % steps  # cycles from the newest, places from the first of a cycle
    whole = (time - begin[:, None]) // steps
    counted = cycle < whole
    means = nothing.scatter_add(1, cycle, torch.where(counted, values, 0)) / steps
    newer = torch.minimum(cycle, whole - 2)  # the oldest cycle has none before it and takes the line after it
    slope = (means.gather(1, newer) - means.gather(1, newer + 1)) / steps
    line = means.gather(1, cycle) + slope * (place - (steps - 1) / 2)
    fading = _MEMORY ** torch.arange(time, dtype=values.dtype, device=values.device)
    weight = torch.where(counted, fading[cycle], 0)
    profile = nothing.scatter_add(1, place, weight * (values - line)) * steps / weight.sum(1, keepdim=True)
    profile = torch.where(ago.flip(1) < steps, profile - profile.sum(1, keepdim=True) / steps, 0)
    return profile.gather(1, (torch.arange(time + horizon, device=values.device) - time) % steps)


def _filled(
    values: Float64[Tensor, "lanes time"], observed: Bool[Tensor, "lanes time"]
) -> tuple[Float64[Tensor, "lanes time"], Int64[Tensor, "lanes"]]:
    """Lanes with straight lines through what is missing, and where each begins; the last value is held."""
    time = values.shape[1]
    index = torch.arange(time, device=values.device).expand_as(observed)
    left = torch.where(observed, index, -1).cummax(1).values
    right = torch.where(observed, index, time).flip(1).cummin(1).values.flip(1)
    begin = right[:, 0]
    left = torch.where(left < 0, right, left).clamp(max=time - 1)
    right = torch.where(right < time, right, left)
    low, high = values.gather(1, left), values.gather(1, right)
    return low + (high - low) / (right - left).clamp(min=1) * (index - left), begin
