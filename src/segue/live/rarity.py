"""How rare an event is in its own series: from values and their p-values to a score that peaks once an event.

A p-value says how surprising one value is. An operator asks another question: how often does this series show something
like this? Two statistics of each value answer it, each by the rate of peaks that are at least as high:

- extremity: how far the last values lie in the tails of all values so far. It is a forecast of infinite lead time: what
  even the usual range of a series misses is stranger than what the last forecast missed;
- surprise: the p-value under the standing forecasts.

Beyond the highest past peaks, the rate follows their mean excess in logarithms, as in a tail with a power law (Hill
1975; peaks over a threshold: Leadbetter 1991). The smaller rate counts, and each has its share of the error
(Bonferroni). The values that follow an event belong to it and score less. So few detections come with one event.

The constants were chosen on the half of NAB's files that `benchmarks/live/nab.py` names, which also measures them.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float64, Int64
from numpy.typing import DTypeLike, NDArray

HISTORY = 800
"""The last values that show the usual range of a series."""

_LEVELS = (0.005, 0.05, 0.95, 0.995)  # extremity begins at 5 %; its unit is the mean excess that the outer level shows
_EVERY = 50  # values after which the usual range is looked at anew
_MEMORY = 4_000.0  # values after which what was learnt of it has faded to 1/e
_SMOOTHED = 3  # values over which extremity is averaged, so that the noise of single values counts less
_APART = 300  # values within which peaks are one peak
_LEAST = 0.3  # the least statistic of a peak
_TOP = 5  # the highest peaks, to which the tail of rates is fitted
_EXCESS, _WEIGHT = 0.3, 3.0  # the mean excess before any peak has come, and its weight in peaks
_EARLY = 400.0  # values that a series is taken to have had before its first one
_SHARES = np.log(np.array([2 / 3, 1 / 3]))  # of extremity and surprise in the error
_EVENT = np.log(1000.0)  # an event comes once in 1,000 values, or less often
_SAME = 150  # values after an event that belong to it
_TAILS = np.log(0.05 / 0.005)  # mean excesses from the inner to the outer level of an exponential tail

SHAPES: dict[str, tuple[tuple[int, ...], DTypeLike]] = {
    "rarity.values": ((), np.int32),  # values so far
    "rarity.recent": ((_SMOOTHED,), np.float64),  # the last of them
    "rarity.usual": ((len(_LEVELS),), np.float64),  # quantiles of all
    "rarity.peak": ((2,), np.float64),  # of each statistic: the running peak,
    "rarity.age": ((2,), np.int32),  # the values since it began, 0 without one,
    "rarity.top": ((2, _TOP), np.float64),  # the highest peaks, ascending,
    "rarity.peaks": ((2,), np.int32),  # and their number
    "rarity.same": ((), np.int32),  # values that still belong to the last event
}
"""The small arrays of a lane, as `segue.live.running` describes them: 176 bytes; a fresh lane is all zeros."""

Own = dict[str, NDArray[np.float64] | NDArray[np.int32]]


def judge(
    small: dict[str, NDArray[np.float64] | NDArray[np.int32]],
    lanes: Int64[np.ndarray, " picked"],
    values: Float64[np.ndarray, " picked"],
    p: Float64[np.ndarray, " picked"],
    history: Callable[[NDArray[np.int64]], NDArray[np.float64]],
) -> Float64[np.ndarray, " picked"]:
    """Takes the next value of some distinct lanes into their small arrays, which are written in place.

    Args:
        small: The arrays of `SHAPES` of all lanes.
        lanes: The lane of each value.
        values: The values, none missing.
        p: Their p-values; NaN while a lane warms up.
        history: Returns the last `HISTORY` values of some lanes before this one, (lanes, time), NaN where missing.

    Returns:
        Scores in [0, 1): 0.999 for the begin of an event of which the lane shows one in 1,000 values.
    """
    own = {name: small[name][lanes] for name in SHAPES}
    due = np.flatnonzero((own["rarity.values"] > 0) & (own["rarity.values"] % _EVERY == 0))
    if len(due):
        _look_at(own, due, history(lanes[due]))
    own["rarity.recent"] = np.concatenate([own["rarity.recent"][:, 1:], values[:, None]], axis=1)
    surprise = np.log1p(-np.log(np.where(np.isnan(p), 1.0, np.maximum(p, 1e-300))))
    statistics = np.stack([_extremity(own), surprise], axis=1)
    statistics = np.where((own["rarity.values"] >= _EVERY)[:, None], statistics, 0.0)
    logs = np.maximum((_minus_log_rates(own, statistics) + _SHARES).max(axis=1), 0.0)
    _take_peaks(own, statistics)
    own["rarity.values"] += 1
    event, same = logs >= _EVENT, own["rarity.same"] > 0
    logs = np.where(event & same, _EVENT / 2, logs)
    own["rarity.same"] = np.where(event & ~same, _SAME, np.maximum(own["rarity.same"] - 1, 0))
    for name, array in own.items():
        small[name][lanes] = array
    scores: NDArray[np.float64] = -np.expm1(-logs)
    return scores


def of_series(
    values: Float64[np.ndarray, "lanes time"], p: Float64[np.ndarray, "lanes time"]
) -> Float64[np.ndarray, "lanes time"]:
    """Returns the scores of whole series, value by value; where a value is missing (NaN) the score is 0."""
    small = {name: np.zeros((len(values), *shape), kind) for name, (shape, kind) in SHAPES.items()}
    scores = np.zeros(values.shape)
    for time in range(values.shape[1]):
        lanes = np.flatnonzero(~np.isnan(values[:, time]))

        def history(due: NDArray[np.int64], time: int = time) -> NDArray[np.float64]:
            return values[due, max(0, time - HISTORY) : time]

        scores[lanes, time] = judge(small, lanes, values[lanes, time], p[lanes, time], history)
    return scores


def _look_at(own: Own, due: NDArray[np.int64], history: NDArray[np.float64]) -> None:
    """Moves the usual range of some lanes towards that of their last values."""
    seen = own["rarity.values"][due, None].astype(np.float64)
    weight = np.where(seen <= HISTORY, 1.0, np.maximum(_EVERY / _MEMORY, _EVERY / seen))
    found = np.nanquantile(history, _LEVELS, axis=1).T
    own["rarity.usual"][due] += weight * (found - own["rarity.usual"][due])


def _extremity(own: Own) -> Float64[np.ndarray, " lanes"]:
    """The logarithm of 1 + the distance beyond the usual range, in mean excesses; averaged over the last values."""
    lowest, low, high, highest = np.moveaxis(own["rarity.usual"][:, None], 2, 0)
    least = 1e-3 * (highest - lowest) + 1e-9
    below = (low - own["rarity.recent"]) / np.maximum((low - lowest) / _TAILS, least)
    above = (own["rarity.recent"] - high) / np.maximum((highest - high) / _TAILS, least)
    beyond: NDArray[np.float64] = np.log1p(np.maximum(np.maximum(below, above), 0.0))
    return np.asarray(beyond.mean(axis=1))


def _minus_log_rates(
    own: Own, statistics: Float64[np.ndarray, "lanes statistics"]
) -> Float64[np.ndarray, "lanes statistics"]:
    """How rare peaks are that are at least as high, per value; 0 for what is not higher than the running peak."""
    top, x = own["rarity.top"], statistics[..., None]
    known = np.minimum(own["rarity.peaks"], _TOP)[..., None]
    index = np.minimum(_TOP - known, _TOP - 1)
    base = np.where(known > 0, np.take_along_axis(top, index, axis=2), _LEAST)  # the lowest of the highest peaks
    total = np.where((np.arange(_TOP) >= index) & (known > 0), top - base, 0.0).sum(axis=2, keepdims=True)
    excess = (total + _EXCESS * _WEIGHT) / (np.maximum(known - 1, 0) + _WEIGHT)
    tail = (known + 1) * np.exp(-np.maximum(x - base, 0.0) / excess)
    counted = (top >= x).sum(axis=2, keepdims=True)
    beyond = np.where(counted > 0, (counted + tail) / 2, tail)
    share = np.clip((base - x) / np.maximum(base - _LEAST, 1e-9), 0.0, 1.0)
    within = (known + 1) * ((own["rarity.peaks"][..., None] + 1) / (known + 1)) ** share
    rates = np.where(x >= base, beyond, within)[..., 0] / (own["rarity.values"][:, None] + _EARLY)
    higher = (statistics > _LEAST) & (statistics > np.where(own["rarity.age"] > 0, own["rarity.peak"], -np.inf))
    return np.where(higher, -np.log(np.minimum(rates, 1.0)), 0.0)


def _take_peaks(own: Own, statistics: Float64[np.ndarray, "lanes statistics"]) -> None:
    """Counts the peaks that are over, and begins or raises the running ones."""
    over = own["rarity.age"] > _APART
    ended = np.where(over, own["rarity.peak"], -np.inf)[..., None]
    top = np.sort(np.concatenate([own["rarity.top"], ended], axis=2), axis=2)[..., 1:]
    own["rarity.top"] = np.where(over[..., None], top, own["rarity.top"])
    own["rarity.peaks"] += over
    runs = (own["rarity.age"] > 0) & ~over
    begins = ~runs & (statistics > _LEAST)
    raised = np.where(runs, np.maximum(own["rarity.peak"], statistics), 0.0)
    own["rarity.peak"] = np.where(begins, statistics, raised)
    own["rarity.age"] = np.where(begins, 1, np.where(runs, own["rarity.age"] + 1, 0))
