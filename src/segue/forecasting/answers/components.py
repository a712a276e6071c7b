"""The parts of a past as a planner would name them: its level, its cycles, its slow changes, and the rest."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from numpy.typing import NDArray

_REPEATS = 3  # repetitions that must be present before a cycle counts
_RECENT = 8  # cycles whose median is the shape: older ones may have had another
# The share of the variance that a shape must explain, after subtracting what chance explains. Of 32 cycles, chance
# alone would let 9 % of random walks have one, and .15 lets 1.5 %. A cycle of 20 % of the variance is detected in 94 %
# of series, at .25 in 18 % (benchmarks/results/answers-constants-amd-epyc-2026-11-28.csv). Of 10 cycles, chance
# decides.
_EXPLAINED = 0.15
_CHANCE = 4.0  # deviations of what chance explains of white noise
_LEVELS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)  # values, or whole short cycles, whose mean may be the level
_TRIES = 40  # past times at which each of these is tried


@dataclass(frozen=True, eq=False)
class Components:
    """Parts of a past that add up to it.

    Attributes:
        level: The mean of the last values. Their number is the one that forecast this past best.
        cycles: Each cycle by its steps: its shape repeated, around zero.
        slow: Slow changes of the level: a moving mean less the level, so about zero at the end.
        rest: Everything else; NaN where not observed.
    """

    level: float
    cycles: Mapping[int, Float64[np.ndarray, " time"]]
    slow: Float64[np.ndarray, " time"]
    rest: Float64[np.ndarray, " time"]


def components(
    values: Float64[np.ndarray, " time"], periods: Float64[np.ndarray, " periods"], horizon: int
) -> Components:
    """Splits a past.

    A given period is a cycle if three repetitions are present, and if its shape explains more than 15 % of the variance
    beyond what chance explains. The network detects its own cycles, which may differ; they need torch.

    Args:
        values: The past, NaN where not observed; the last one is observed.
        periods: Periods in steps that may be cycles, such as those that the calendar suggests.
        horizon: The level is chosen to forecast so many steps ahead, at most 24.
    """
    left, cycles = values.copy(), dict[int, NDArray[np.float64]]()
    for period in sorted({round(period) for period in periods.tolist() if round(period) > 1}):
        if len(values) >= _REPEATS * period:
            left = values - sum(cycles.values())
            if _believed(left, period):
                cycles[period] = _shape(left, period)
    left = values - sum(cycles.values())
    count = _level_values(left, min(cycles, default=1), horizon)
    level = float(left[~np.isnan(left)][-count:].mean())
    slow = _slow(left, max([count, 4, *cycles])) - level
    return Components(level, cycles, slow, left - level - slow)


def _shape(values: Float64[np.ndarray, " time"], period: int) -> Float64[np.ndarray, " time"]:
    """The usual course of the last cycles around their own means, over the whole past."""
    count = min(len(values) // period, _RECENT)
    recent = values[len(values) - count * period :].reshape(count, period)
    with np.errstate(invalid="ignore"):
        centred = recent - _mean(recent, 1)[:, None]
    usual = _median(centred)
    usual = usual - usual.mean()
    repeats = -(-len(values) // period)
    return np.tile(usual, repeats)[repeats * period - len(values) :]


def _believed(values: Float64[np.ndarray, " time"], period: int) -> bool:
    """Whether the mean shape of a cycle explains more of the recent changes than chance would."""
    count = min(len(values) // period, 4 * _RECENT)
    recent = values[len(values) - count * period :].reshape(count, period)
    centred = recent - _mean(recent, 1)[:, None]
    profile = _mean(centred, 0)
    known = int((~np.isnan(centred)).sum())
    total = float(np.nansum(centred**2))
    if total <= 0 or known <= period:
        return False
    explained = float((profile**2 * (~np.isnan(centred)).sum(0)).sum()) / total
    chance = (period - 1) / (known - count)
    beyond = (explained - chance) / max(1 - chance, 1e-9)
    return bool(beyond > _EXPLAINED and explained > chance * (1 + _CHANCE * np.sqrt(2 / (period - 1))))


def _level_values(values: Float64[np.ndarray, " time"], cycle: int, horizon: int) -> int:
    """The number of last values whose mean was nearest to the next ones, at several times of the past."""
    seen = values[~np.isnan(values)]
    tried = [cycle * count for count in _LEVELS if 2 * cycle * count <= len(seen)] or [1]
    total = np.concatenate([[0.0], np.cumsum(seen - seen.mean())])
    first, last = tried[-1], len(seen) - 1
    ends = np.unique(np.linspace(first, last, _TRIES).astype(np.int64))
    stops = np.minimum(ends + min(horizon, 24), len(seen))
    ahead = (total[stops] - total[ends]) / (stops - ends)
    errors = [float(np.abs((total[ends] - total[ends - count]) / count - ahead).mean()) for count in tried]
    return tried[int(np.argmin(errors))]


def _slow(values: Float64[np.ndarray, " time"], width: int) -> Float64[np.ndarray, " time"]:
    """The mean over `width` values around each value; at both ends over the values that exist."""
    known = ~np.isnan(values)
    size = np.abs(values[known]).max(initial=0.0)
    filled = np.where(known, values, 0.0) / (size or 1.0)
    sums = np.concatenate([[0.0], np.cumsum(filled)])
    counts = np.concatenate([[0], np.cumsum(known)])
    time = np.arange(len(values))
    low, high = np.maximum(time - width // 2, 0), np.minimum(time + width - width // 2, len(values))
    within = counts[high] - counts[low]
    mean = (sums[high] - sums[low]) / np.maximum(within, 1) * (size or 1.0)
    found = np.flatnonzero(within)
    return np.asarray(np.interp(time, found, mean[found]))


def _mean(values: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """The mean of what is known; zero where nothing is."""
    known = ~np.isnan(values)
    return np.asarray(np.where(known, values, 0.0).sum(axis) / np.maximum(known.sum(axis), 1))


def _median(values: Float64[np.ndarray, "cycles period"]) -> Float64[np.ndarray, " period"]:
    """The median of what is known in each column; zero where nothing is."""
    known = ~np.isnan(values)
    columns = [column[seen] for column, seen in zip(values.T, known.T, strict=True)]
    return np.array([np.median(column) if len(column) else 0.0 for column in columns])
