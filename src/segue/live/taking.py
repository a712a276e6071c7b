"""One round of values, one a lane: computes their surprise, updates the calibration, and bounds them for the model."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int8, Int64, Shaped

from segue.forecasting.predictor import LEVELS
from segue.live.adapting import begin, begin_anew
from segue.live.calibration import BOUND, Curve, learnt
from segue.live.observations import Observations, Status
from segue.live.running import Running
from segue.live.standing import Standing
from segue.live.surprise import normal_scores, together, values_at

_LOWER, _MEDIAN, _UPPER = (LEVELS.index(level) for level in (0.1, 0.5, 0.9))
_APART = 8  # values: surprising ones at most so far apart belong to one shift of level


@dataclass(frozen=True)
class Terms:
    """The settings of when lanes are forecast, and when values get p-values; see `segue.live.watch.Watch`."""

    refresh: int
    warm_up: int


class Answers:
    """The answers to the rows of one call, which are written round by round."""

    def __init__(self, rows: int) -> None:
        self.expected, self.lower, self.upper, self.p = np.full((4, rows), np.nan)
        self.warming, self.ahead = np.zeros((2, rows), dtype=bool)

    def observations(
        self,
        ids: Shaped[np.ndarray, " rows"],
        times: Shaped[np.ndarray, " rows"],
        values: Float64[np.ndarray, " rows"],
        status: Int8[np.ndarray, " rows"],
    ) -> Observations:
        """Joins the answers to what was given."""
        status = np.where(self.warming, np.int8(Status.WARMING), status)
        status = np.where(self.ahead, np.int8(Status.AHEAD), status)
        return Observations(ids, times, values, self.expected, self.lower, self.upper, self.p, status)


@dataclass(frozen=True, eq=False)
class Round:
    """One value of each of some distinct lanes.

    Attributes:
        rows: The row of each value in the call.
        lanes: Its lane.
        steps: Its step, after all steps of its lane so far.
        values: The value, NaN where missing.
    """

    rows: Int64[np.ndarray, " round"]
    lanes: Int64[np.ndarray, " round"]
    steps: Int64[np.ndarray, " round"]
    values: Float64[np.ndarray, " round"]

    def select(self, which: Shaped[np.ndarray, " picked"]) -> "Round":
        """Returns some of the values."""
        return Round(self.rows[which], self.lanes[which], self.steps[which], self.values[which])


def take(running: Running, standing: Standing, answers: Answers, now: Round, terms: Terms) -> None:
    """Takes one round: answers, learns, and writes values into the lanes."""
    now = _within_reach(running, answers, now)
    running.skip(now.lanes, now.steps)
    standing.make(running, now.lanes)
    quantiles, reached = standing.at(now.lanes, now.steps)
    ready = running.small["seen"][now.lanes] >= terms.warm_up
    judged = reached[:, 0] & ~np.isnan(now.values)
    _answer(answers, now.select(reached[:, 0] & ready), quantiles[reached[:, 0] & ready, 0])
    read = now.values.copy()
    read[judged] = _judge(running, answers, now.select(judged), quantiles[judged], reached[judged], ready[judged])
    answers.warming[now.rows] = ~np.isnan(now.values) & ~(judged & ready)
    running.write(now.lanes, now.values, read)
    begin(running, standing, _due(running, now.lanes[~np.isnan(now.values)], terms))


def _within_reach(running: Running, answers: Answers, now: Round) -> Round:
    """Leaves out a value that lies further ahead than its lane's history reaches, unless the previous one did, too.

    One wrong time in the future would make all later values of the lane late. Two in a row that lie near each other
    show a gap longer than the history. Then the lane begins anew in any case, so the first value is no loss.
    """
    last, before = running.last[now.lanes], running.small["ahead"][now.lanes]
    far = (last >= 0) & (now.steps - last > running.width)
    again = (before > 0) & (now.steps > before) & (now.steps - before <= running.width)
    left_out = far & ~again
    running.small["ahead"][now.lanes] = np.where(left_out, now.steps, 0)
    answers.ahead[now.rows] = left_out
    return now.select(~left_out)


def _answer(answers: Answers, now: Round, quantiles: Float64[np.ndarray, "round levels"]) -> None:
    """Writes the newest forecast of each value."""
    answers.expected[now.rows] = quantiles[:, _MEDIAN]
    answers.lower[now.rows], answers.upper[now.rows] = quantiles[:, _LOWER], quantiles[:, _UPPER]


def _judge(
    running: Running,
    answers: Answers,
    now: Round,
    quantiles: Float64[np.ndarray, "round origins levels"],
    reached: Bool[np.ndarray, "round origins"],
    ready: Bool[np.ndarray, " round"],
) -> Float64[np.ndarray, " round"]:
    """Writes p-values, lets the calibration learn, and returns the values as the model reads them."""
    every = normal_scores(quantiles.reshape(-1, len(LEVELS)), now.values.repeat(reached.shape[1]))
    sizes, small = np.abs(together(every.reshape(reached.shape), reached)), running.small
    curve = Curve.of(small["counts"][now.lanes])
    p_values, bounds = curve.p_values(sizes), curve.sizes(BOUND)
    answers.p[now.rows] = np.where(ready, p_values, np.nan)
    small["counts"][now.lanes], small["spent"][now.lanes] = learnt(
        small["counts"][now.lanes], small["spent"][now.lanes], sizes, p_values, bounds
    )
    read, far = now.values.copy(), np.flatnonzero(ready & (p_values < BOUND))
    if len(far):
        newest, bound = quantiles[far, 0], bounds[far]
        read[far] = np.clip(read[far], values_at(newest, -bound), values_at(newest, bound))
    return read


def _due(running: Running, lanes: Int64[np.ndarray, " picked"], terms: Terms) -> Int64[np.ndarray, " due"]:
    """The lanes whose newest forecast is `refresh` steps old, or that have none."""
    newest = running.small["origins"][lanes, 0]
    due = (newest == 0) | (newest > terms.refresh)
    return np.asarray(lanes[due & (running.small["seen"][lanes] >= terms.warm_up // 2)])


def accept(running: Running, lanes: Int64[np.ndarray, " picked"], learns: bool) -> None:
    """Lets the model read the latest run of surprising values of distinct lanes without a bound, and forecast anew."""
    for lane in lanes.tolist():
        one, end = np.array([lane]), running.last[[lane]]
        raw, read = (running.before(ring, one, end, running.width)[0] for ring in ("history.raw", "history.read"))
        bounded = np.flatnonzero((raw != read) & ~np.isnan(raw))[::-1]
        apart = -np.diff(bounded, prepend=running.width - 1)
        run = bounded[np.cumsum(apart > _APART) == 0]
        if len(run):
            steps = np.arange(end[0] - (running.width - 1 - run[-1]), end[0] + 1)
            running.rings["history.read"][lane, steps % running.width] = raw[run[-1] :]
    begin_anew(running, lanes[running.small["origins"][lanes, 0] > 0], learns)
