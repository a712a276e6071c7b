"""Online learning: a lane learns from its own errors, and keeps the result in arrays beside its history.

    advice = advise(model's forecast, history)      the experts' medians             segue.live.experts
    stood = combine(terms(state), advice)           the forecast that is given
    state = learn(state, stood, advice, actual)     once the values have come, never before

The trained model is never touched. Two things adapt, in each of `GROUPS` of lead times: the weights of the experts
(`segue.live.aggregation`), and the width of the distribution below and above its median. A fresh lane is all zeros, and
its forecast is the model's own, bit for bit.

The width is conformal. A bound that is passed too often moves outward by a small step, else inward by a smaller one
(Angelopoulos, Candes & Tibshirani 2023, Conformal PID control, the quantile tracker; Gibbs & Candes 2021). So in the
long run a tenth of the values lie below the 80 % band and a tenth above it, whatever the series does.
"""

from itertools import pairwise

import numpy as np
from jaxtyping import Float32, Float64, Int64

from segue.forecasting.predictor import LEVELS, Forecast
from segue.live.aggregation import Regrets, mixture, play
from segue.live.experts import EXPERTS, Advice
from segue.state import State

GROUPS = (1, 6)
"""The last lead time of each group but the last one, which has no end: one step, a few steps, and the rest."""

_PRIOR = np.array([0.4, 0.2, 0.2, 0.2])
"""The weight of each expert at the beginning. On the first halves of five streams 0.4 for the model gives an error that
is 0.1 to 0.5 % lower than 0.7 does: see `benchmarks/live/learning.py`."""
_STEP = 0.05
"""The step of the logarithm of a width: a width doubles after some 15 targets beyond the bound in a row."""
_WIDEST = 2.0
"""The largest logarithm of a width: a broken sensor can't blow a band up beyond sevenfold."""
_MOST = 4.0
"""The largest distance of an expert from the given median that counts, in units of the lane: usual ones are below 1.

Without a bound a lane of which a sensor was broken once would learn in steps that are too small for good: the rate
falls with the largest excess so far, and with the sum of their squares.
"""
_MEMORY = 2_000.0
"""Forecasts after which what was learnt of the experts has faded to 1/e."""
_PACE = 4_000.0
"""Targets after which the unit has followed the bands but for 1/e; counts of the calibration fade as fast."""
_EXPONENT = 2_000
"""What is added to the binary logarithm of a unit, so that it is above zero: 0 is no unit."""
_LOWER, _MEDIAN, _UPPER = LEVELS.index(0.1), LEVELS.index(0.5), LEVELS.index(0.9)
SHAPES = {
    "gain": (len(GROUPS) + 1, len(EXPERTS)),
    "most": (len(GROUPS) + 1, len(EXPERTS)),
    "square": (len(GROUPS) + 1, len(EXPERTS)),
    "unit": (),
    "width": (len(GROUPS) + 1, 2),
}
"""The shape of one lane of each array, all float32."""
TERMS = (len(GROUPS) + 1, len(EXPERTS) + 1)
"""The shape of the terms of one lane: see `terms`."""


def fresh(lanes: int) -> State:
    """Returns the state of lanes that have learnt nothing: 172 bytes a lane, all zero."""
    return State({name: np.zeros((lanes, *shape), dtype=np.float32) for name, shape in SHAPES.items()})


def terms(state: State) -> Float32[np.ndarray, "lanes groups terms"]:
    """Returns the part of the state that a forecast needs: 60 bytes a lane, all zero for a fresh one.

    Keep them with each standing forecast. Then it can be made again after the state has changed.

    Returns:
        The weights of all experts but the model, then the logarithms of the widths below and above the median.
    """
    weights = mixture(_regrets(state), _PRIOR)[..., 1:]
    return np.concatenate([weights.astype(np.float32), state["width"]], axis=-1)


def combine(given: Float32[np.ndarray, "lanes groups terms"], advice: Advice) -> Forecast:
    """Makes the forecast that is given: that of the model, moved to the weighted mean of the medians, and widened.

    Args:
        given: The terms of each lane at the time of this forecast.
        advice: The model's forecast, and the medians of the experts.

    Returns:
        The forecast; its quantiles ascend as those of the model do.
    """
    quantiles = advice.forecast.quantiles
    groups = _groups(advice.forecast.horizon)
    used = given.astype(np.float64)[:, groups]
    median = advice.medians[..., :1]
    weights, apart = used[..., :-2], advice.medians[..., 1:] - median
    apart = np.where(weights == 0, 0.0, apart)  # 0 times infinity is NaN
    shift = (weights * apart).sum(axis=-1, keepdims=True)
    width = np.where(np.arange(len(LEVELS)) < _MEDIAN, used[..., -2:-1], used[..., -1:])
    scaled = np.where(width == 0, quantiles, median + np.exp(width) * (quantiles - median))
    return Forecast(scaled + shift)


def learn(state: State, stood: Forecast, advice: Advice, actual: Float64[np.ndarray, "lanes steps"]) -> State:
    """Learns from targets that have come.

    Args:
        state: What the lanes have learnt so far; it does not change.
        stood: The forecasts that were given for these targets, by lead time: column 0 holds one step ahead. They may
            come from several origins.
        advice: The experts' medians of the same targets.
        actual: The values, NaN where missing, or not there yet, or learnt from before.

    Returns:
        The new state. A lane without a target stays as it is.
    """
    known = ~np.isnan(actual) & np.isfinite(stood.quantiles).all(-1) & np.isfinite(advice.medians).all(-1)
    target = np.where(known, actual, 0.0)
    quantiles = np.where(known[..., None], stood.quantiles, 0.0)
    band = quantiles[..., _UPPER] - quantiles[..., _LOWER]
    exponent = _exponent(state, band, known)
    unit = np.where(exponent > 0, np.exp2(exponent - _EXPONENT), 0.0)
    # the slope of the mean quantile loss as the whole distribution moves up
    slope = ((target[..., None] < quantiles) - np.array(LEVELS)).mean(axis=-1)
    slope = np.where(known & (unit > 0)[:, None], slope, 0.0)
    apart = np.where(known[..., None], stood.median[..., None] - np.where(known[..., None], advice.medians, 0.0), 0.0)
    apart = np.clip(apart / np.where(unit > 0, unit, 1.0)[:, None, None], -_MOST, _MOST)
    excess = _by_group(slope[..., None] * apart)
    faded = np.where(_by_group(known[..., None].astype(np.float64)) > 0, 1.0 - 1.0 / _MEMORY, 1.0)
    regrets = play(Regrets(*(faded * array for array in _regrets(state))), _PRIOR, excess)
    width = _widths(state["width"], target, quantiles, known & (band > 0))
    arrays = {**regrets._asdict(), "unit": exponent, "width": width}
    return State({name: array.astype(np.float32) for name, array in arrays.items()})


def _regrets(state: State) -> Regrets:
    return Regrets(*(state[name].astype(np.float64) for name in Regrets._fields))


def _exponent(
    state: State, band: Float64[np.ndarray, "lanes steps"], known: np.ndarray
) -> Float64[np.ndarray, " lanes"]:
    """The binary logarithm of the unit of excesses, which is the width of the bands: it follows them slowly.

    A width itself may be too large or too small for a number of 4 bytes.
    """
    usable = known & (band > 0)
    count = usable.sum(1)
    logs = np.where(usable, np.log2(np.where(usable, band, 1.0)), 0.0).sum(1) / np.maximum(count, 1)
    logs, before = _EXPONENT + np.clip(logs, -1_000.0, 1_000.0), state["unit"].astype(np.float64)
    share = np.where(before > 0, -np.expm1(-count / _PACE), 1.0)
    return np.asarray(np.where(count > 0, before + share * (logs - before), before))


def _widths(
    width: Float32[np.ndarray, "lanes groups 2"],
    target: Float64[np.ndarray, "lanes steps"],
    quantiles: Float64[np.ndarray, "lanes steps levels"],
    known: np.ndarray,
) -> Float64[np.ndarray, "lanes groups 2"]:
    """The logarithms of the widths, one step on: by the share of targets of a group that passed each bound."""
    passed = np.stack([target < quantiles[..., _LOWER], target > quantiles[..., _UPPER]], axis=-1)
    error = np.where(known[..., None], passed - LEVELS[_LOWER], 0.0)
    count = _by_group(known[..., None].astype(np.float64))
    moved = width + _STEP * _by_group(error) / np.maximum(count, 1)
    return np.asarray(np.clip(moved, -_WIDEST, _WIDEST))


def _groups(steps: int) -> Int64[np.ndarray, " steps"]:
    """The group of each lead time."""
    return np.searchsorted(np.array(GROUPS), np.arange(1, steps + 1)).astype(np.int64)


def _by_group(values: Float64[np.ndarray, "lanes steps kinds"]) -> Float64[np.ndarray, "lanes groups kinds"]:
    """Sums over the lead times of each group."""
    bounds = np.searchsorted(_groups(values.shape[1]), np.arange(len(GROUPS) + 2))
    sums = [values[:, begin:end].sum(1) for begin, end in pairwise(bounds.tolist())]
    return np.stack(sums, axis=1)
