"""Learning within a watch: a lane learns when its next forecast begins, and each forecast keeps the terms that it had.

`segue.live.learning` computes what a lane learns from targets. This module decides when it learns, from which targets,
and in which arrays of the lane it keeps the result.
"""

import numpy as np
from jaxtyping import Float64, Int64

from segue.forecasting.predictor import Forecast
from segue.live import learning
from segue.live.experts import Advice
from segue.live.running import Running, Shapes
from segue.live.standing import ORIGINS, Standing
from segue.state import State

SHAPES: Shapes = {
    **{f"learnt.{name}": (shape, np.float32) for name, shape in learning.SHAPES.items()},
    "terms": ((ORIGINS, *learning.TERMS), np.float32),  # of each standing forecast: zeros mean that of the model
}
"""The small arrays of a lane: 292 bytes."""

_BATCH = 256
"""The number of lanes that learn at once. All of 10,000 lanes would copy 130 MB of standing forecasts."""


def begin(running: Running, standing: Standing, lanes: Int64[np.ndarray, " due"]) -> None:
    """Lets a forecast begin at the newest value of distinct lanes; those that learn do so first.

    A lane learns from values as the model reads them, with surprising values bounded. The rate of the aggregation falls
    with the largest error so far, so a single unbounded spike would end the learning.
    """
    small = running.small
    if standing.learns:
        for part in np.split(lanes, range(_BATCH, len(lanes), _BATCH)):
            _learn(running, standing, part)
    for name in ("origins", "terms"):
        small[name][lanes, 1:] = small[name][lanes, :-1]
    _set_newest(running, lanes, standing.learns)


def begin_anew(running: Running, lanes: Int64[np.ndarray, " picked"], learns: bool) -> None:
    """Begins a forecast at the newest value of distinct lanes, and drops older ones, because their history changed.

    Lanes learn nothing from the values since the last origin, because their forecasts knew another level.
    """
    for name in ("origins", "terms"):
        running.small[name][lanes] = 0
    _set_newest(running, lanes, learns)


def _set_newest(running: Running, lanes: Int64[np.ndarray, " picked"], learns: bool) -> None:
    running.small["origins"][lanes, 0] = 1
    running.small["terms"][lanes, 0] = learning.terms(_state(running, lanes)) if learns else 0.0


def _learn(running: Running, standing: Standing, lanes: Int64[np.ndarray, " picked"]) -> None:
    """Learns from the values since the newest forecast began, and from the forecasts that stood for them.

    Lead times up to now are those of the newest forecast. Longer ones are those of the forecast before.
    """
    origins, quantiles, medians = standing.stood(lanes)
    last, leads = running.last[lanes, None], np.arange(1, standing.horizon + 1)
    slot = np.where(leads <= last - origins[:, :1], 0, 1)
    origin = np.take_along_axis(origins, slot, axis=1)
    step = origin + leads
    come = (origin >= 0) & (step > origins[:, :1]) & (step <= last)
    row, column = np.arange(len(lanes))[:, None], leads - 1
    actual = np.where(come, _values(running, lanes, standing.horizon)[row, np.where(come, step - last - 1, 0)], np.nan)
    stood, experts = Forecast(quantiles[row, slot, column]), medians[row, slot, column]
    after = learning.learn(_state(running, lanes), stood, Advice(stood, experts), actual)
    for name, array in after.items():
        running.small[f"learnt.{name}"][lanes] = array


def _values(running: Running, lanes: Int64[np.ndarray, " picked"], count: int) -> Float64[np.ndarray, "picked count"]:
    """The last values of some lanes, as the model reads them."""
    return running.before("history.read", lanes, running.last[lanes], count)


def _state(running: Running, lanes: Int64[np.ndarray, " picked"]) -> State:
    return State({name: running.small[f"learnt.{name}"][lanes] for name in learning.SHAPES})
