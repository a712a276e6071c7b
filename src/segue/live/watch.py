"""A watch over running series: each value is compared with forecasts that were made before it came."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float64, Int64, Shaped

from segue.errors import UserError
from segue.forecasting.registry import Model, load_predictor
from segue.forecasting.table.grid.frequency import Frequency, Times
from segue.live import adapting
from segue.live.arrivals import Arrivals
from segue.live.beginnings import begins_again
from segue.live.calibration import EDGES
from segue.live.clock import find_frequency, read_times, refuse_other_kind, steps_since
from segue.live.lanes import Lanes
from segue.live.observations import Observations
from segue.live.running import Running, Shapes
from segue.live.standing import ORIGINS, Standing, horizon_of
from segue.live.taking import Answers, Round, Terms, accept, take
from segue.live.undo import Undo

_MOST_STEPS = 1_400
"""The most steps that a lane keeps. A step takes 16 bytes, so a lane takes less than 24 kB with its small arrays."""
_SHAPES: Shapes = {
    "first": ((), np.int64),  # the first time, in microseconds since 1970 or as an integer
    "seen": ((), np.int32),  # values that have come
    "ahead": ((), np.int64),  # the step of the newest value, if it lay too far ahead to be taken
    "behind": ((2,), np.int64),  # rows far behind, one after another, and the step of the newest of them
    "origins": (
        (ORIGINS,),
        np.int32,
    ),  # 1 + steps since the origin of each standing forecast, the newest first; 0: none
    "counts": (EDGES.shape, np.float32),  # see segue.live.calibration
    "spent": ((), np.float32),
    **adapting.SHAPES,
}


class Watch:
    """`observe(ids, times, values)` takes values, and answers with a p-value for each.

    A watch is a running process, so it holds its memory itself, unlike a `Stream`. `lanes` is this memory as one frozen
    value. A watch whose `lanes` are set to it continues as if it had never stopped.

    Args:
        model: A name, a model folder or a predictor, as in `segue.forecast`.
        refresh: The number of steps after which a lane is forecast again, all lanes that are due in one batch.
        warm_up: The number of values of a lane before the first p-value; forecasts begin at half of it.
        freq: The step of all lanes; by default it is inferred from the first call, which needs two values of one lane.
        learn: Whether a lane learns on the way: weights of cheap experts beside the model, and the width of bands. What
            lanes have learnt stays in `lanes` if this is false, but new forecasts do not use it.
        threads: How many threads NanoTST computes with; by default as many as the machine allows.

    Raises:
        UserError: There is no such model, or a number is not a whole number in its range.

    Example:
        >>> watch = Watch("seasonal-naive:2", refresh=4, warm_up=8)
        >>> seen = watch.observe(["a"] * 42, range(42), [1.0, 2.0] * 20 + [1.0, 9.0])
        >>> seen.expected[-2:].tolist(), bool(seen.p[-1] < 0.01 < seen.p[-2])
        ([1.0, 2.0], True)
    """

    def __init__(
        self,
        model: Model = "nanotst",
        *,
        refresh: int = 24,
        warm_up: int = 128,
        freq: str | int | None = None,
        learn: bool = True,
        threads: int | None = None,
    ) -> None:
        _check("refresh", refresh, 1, _MOST_STEPS // (2 * ORIGINS))
        _check("warm_up", warm_up, 2, 2**31 - 1)
        self.predictor = load_predictor(model, threads=threads)
        self._terms, self._freq, self._learns = Terms(refresh, warm_up), freq, learn
        kept = horizon_of(refresh)  # so that forecasts can be made again that stand at a restart
        reads = getattr(self.predictor, "pass_context", self.predictor.context)
        self._context = min(reads, _MOST_STEPS - kept)
        self._running = Running(None, self._context, kept, _SHAPES)
        self._frequency: Frequency | None = None
        self._standing: Standing | None = None

    @property
    def lanes(self) -> Lanes:
        """A copy of all that this watch needs to continue; set it to continue from there."""
        return self._running.frozen(self._alias())

    @lanes.setter
    def lanes(self, lanes: Lanes) -> None:
        self._running = Running(lanes, self._context, self._running.horizon, _SHAPES)
        self._frequency = self._standing = None
        if len(lanes):
            self._freq = lanes.freq

    def part(self, ids: Any) -> Lanes:
        """Returns the lanes of some names, in their order: cheaper than `lanes` where few of many have changed."""
        return self._running.frozen(self._alias(), self._running.index(ids))

    def observe(self, ids: Any, times: Any, values: Any) -> Observations:
        """Takes values of any lanes in the order of their times, and answers in the order given.

        A value is compared with forecasts that were made before it came. From then on the model reads a surprising
        value only up to a bound. A value that is late, or comes twice, changes nothing.

        Args:
            ids: The name of the lane of each value; new names begin new lanes.
            times: The time of each value, as datetime64 or as whole numbers.
            values: Values in the unit of the series; NaN is missing.

        Whatever it raises, the watch is as it was before.

        Raises:
            UserError: The lengths differ, a name or a time is missing, a value is infinite, or times are of another
                kind or fit no step.
        """
        names, moments, numbers = _columns(ids), read_times(times), _numbers(values)
        if not len(names) == len(moments) == len(numbers):
            shown = f"{len(names)}, {len(moments)} and {len(numbers)}"
            raise UserError("ids, times and values", f"of {shown} rows", "give one of each for every value")
        given = times if isinstance(times, np.ndarray) else moments
        if not len(names):
            return Answers(0).observations(names, given, numbers, np.zeros(0, dtype=np.int8))
        codes, distinct = pd.factorize(names)
        with self._undone_on_error(distinct.tolist()):
            lanes, steps = self._places(codes.astype(np.int64), distinct.tolist(), moments)
            arrivals, answers = Arrivals(self._running, lanes, steps, numbers), Answers(len(names))
            assert self._standing is not None
            for rows in arrivals.rounds():
                now = Round(rows, lanes[rows], steps[rows], numbers[rows])
                take(self._running, self._standing, answers, now, self._terms)
        answers.ahead = arrivals.with_leaders(answers.ahead)
        return answers.observations(names, given, numbers, arrivals.status)

    def accept(self, ids: Any) -> None:
        """Accepts the level of lanes: the model reads the latest surprising values without a bound, and forecasts anew.

        Args:
            ids: The names of the lanes.

        Raises:
            UserError: There is no lane of a name.
        """
        lanes = np.unique(self._running.index(ids))
        accept(self._running, lanes, self._learns)
        if self._standing is not None:
            self._standing.forget(lanes)

    def index(self, ids: Any) -> Int64[np.ndarray, " ids"]:
        """Returns the lane of each name; see `segue.live.lanes.Lanes.index`."""
        return self._running.index(ids)

    def _places(
        self, codes: Int64[np.ndarray, " rows"], distinct: list[Any], times: Times
    ) -> tuple[Int64[np.ndarray, " rows"], Int64[np.ndarray, " rows"]]:
        """The lane and the step of each row; begins new lanes, and infers the frequency at the first call."""
        frequency = self._frequency or find_frequency(self._freq, codes, times)
        refuse_other_kind(frequency, times)
        if self._frequency is None:
            self._frequency = frequency
            about = self.predictor, self._terms.refresh, frequency.seasons, self._context
            self._standing = Standing(*about, self._learns)
        known = len(self._running)
        self._running.add(distinct)
        lane_of = self._running.index(distinct)
        lanes, first = lane_of[codes], self._running.small["first"]
        if len(self._running) > known:
            earliest = np.full(len(distinct), np.iinfo(np.int64).max)
            np.minimum.at(earliest, codes, times.astype(np.int64))
            new = lane_of >= known
            first[lane_of[new]] = earliest[new]
        steps = steps_since(frequency, first[lanes], times)
        for lane, row in begins_again(self._running, lanes, steps, self._terms.warm_up):
            self._running.begin_again(lane, int(times[row].astype(np.int64)))
            own = lanes == lane
            steps[own] = steps_since(frequency, first[lanes[own]], times[own])
        return lanes, steps

    @contextmanager
    def _undone_on_error(self, distinct: list[Any]) -> Iterator[None]:
        """Makes the watch as it was if the block, which observes values of these lanes, fails."""
        running, before = self._running, (self._frequency, self._standing)
        known = [lane for name in distinct if (lane := running.lane_of.get(name)) is not None]
        lanes = np.array(known, dtype=np.int64)
        running.undo = Undo(running, lanes)
        try:
            yield
        except BaseException:
            running.undo.back()
            self._frequency, self._standing = before
            if self._standing is not None:
                self._standing.forget(np.append(lanes, np.arange(len(running), len(running.last))))
            raise
        finally:
            running.undo = None

    def _alias(self) -> str | int | None:
        if self._frequency is None:
            return self._freq
        alias = self._frequency.alias
        return int(alias) if alias.isdigit() else alias


def _columns(ids: Any) -> Shaped[np.ndarray, " rows"]:
    names = np.asarray(ids)
    if names.ndim != 1:
        raise UserError("ids", f"of shape {names.shape}", "give one name for each value")
    if pd.isna(names).any():
        raise UserError("ids", "(missing)", "give each value the name of its series")
    return names


def _numbers(values: Any) -> Float64[np.ndarray, " rows"]:
    try:
        numbers = np.asarray(values, dtype=np.float64)
    except (ValueError, TypeError) as error:
        raise UserError("values", type(values).__name__, "give an array of numbers") from error
    if numbers.ndim != 1:
        raise UserError("values", f"of shape {numbers.shape}", "give one number for each row")
    if np.isinf(numbers).any():
        raise UserError("values", "inf", "remove infinite values or mark them as missing (NaN)")
    return numbers


def _check(name: str, number: object, least: int, most: int) -> None:
    if isinstance(number, bool) or not isinstance(number, int | np.integer) or not least <= number <= most:
        raise UserError(name, number, f"give a whole number in [{least}, {most}]")
