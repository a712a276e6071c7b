"""A watch with its policy and its store: rows go in, observations and alerts come out, all committed together."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float64, Int64, Shaped

from segue.live.alerts import Event, advance_by_row, closed, start
from segue.live.lanes import Lanes
from segue.live.observations import Observations
from segue.live.packing import RAW
from segue.live.policy import Policy
from segue.live.silence import NEVER, Clock, Silence
from segue.live.store import Batch, Store
from segue.live.watch import Watch
from segue.state import State

_ALERT = "small.alert."
_CLOCK = "clock"


class Session:
    """Continues from a store, and commits to it.

    The answers are a function of the rows in their order; the split into batches does not matter.

    Args:
        watch: A watch without lanes; it gets those of the store.
        policy: When surprising values become an alert.
        store: The store, from which nothing was loaded yet.
        age: Forget lanes that are silent for longer than this, in microseconds or as an integer: see `Silence`.
    """

    def __init__(self, watch: Watch, policy: Policy, store: Store, age: int | None = None) -> None:
        self._watch, self._policy, self._store = watch, policy, store
        self._alerts = start(0)
        self._changed: dict[Any, None] = {}  # the lanes with rows since the last commit, in their order
        self._again: set[Any] = set()  # the lanes whose history was accepted since
        self._gone: list[Any] = []  # the lanes that were forgotten since
        self._events: list[Event] = []
        self._failed = False
        self._lane_of: dict[Any, int] = {}
        lanes = store.load(_joined(watch.lanes, self._alerts))
        if lanes is not None:
            alerts, others = (
                State({key: array for key, array in lanes.state.items() if (key in self._alerts) == wanted})
                for wanted in (True, False)
            )
            self._go_on(replace(lanes, state=others), alerts)
        clock, heard = Clock.from_facts(store.marks.get(_CLOCK, {})), store.heard()
        if NEVER in heard.values():  # rows came without an age, and moved no clock
            clock, heard = Clock(), dict.fromkeys(heard, NEVER)
        self._silence = None if age is None else Silence(age, clock, heard)

    def observe(
        self, ids: Shaped[np.ndarray, " rows"], times: Shaped[np.ndarray, " rows"], values: Float64[np.ndarray, " rows"]
    ) -> tuple[Observations, list[Event]]:
        """Observes rows as if they came one by one; see `Watch.observe` and `advance`.

        Returns:
            The observations in the order of the rows, and the alerts that open or end.
        """
        self._failed, begin, found = True, 0, list[tuple[int, Event]]()
        parts = [self._watch.observe(ids[:0], times[:0], values[:0])]
        for end, gone in self._cuts(ids.tolist(), times):
            rows = slice(begin, end)
            part, events = self._observe(ids[rows], times[rows], values[rows])
            parts.append(part)
            found += [(begin + row, event) for row, event in events]
            found += self._forget(gone, times)
            begin = end
        self._failed = False
        all_events = [event for _, event in sorted(found, key=lambda pair: pair[0])]
        self._events += all_events
        return _merged(parts, np.arange(len(ids))), all_events

    def commit(self, marks: Mapping[str, Any]) -> list[Any]:
        """Commits all since the last commit.

        Args:
            marks: See `Batch`.

        Returns:
            The names of the lanes that were forgotten.

        Raises:
            RuntimeError: `observe` has failed since then: open the store anew.
        """
        if self._failed:
            raise RuntimeError("rows were observed in part only; open the store anew")
        names = list(self._changed)
        lanes = self._watch.part(names)
        lanes = _joined(lanes, self._alerts.select(self._watch.index(names)))
        width = lanes.state[RAW].shape[1]
        again = np.array([width if name in self._again else 0 for name in names], dtype=np.int64)
        heard = [NEVER if self._silence is None else self._silence.heard(name) for name in names]
        clock = {} if self._silence is None else {_CLOCK: self._silence.clock.facts()}
        seen, gone = np.array(heard, dtype=np.int64), self._gone
        self._store.commit(Batch(lanes, seen, again, gone, tuple(self._events), {**marks, **clock}))
        self._changed, self._again, self._gone, self._events = {}, set(), [], []
        return gone

    def _cuts(
        self, names: list[Any], times: Shaped[np.ndarray, " rows"]
    ) -> Iterator[tuple[int, list[tuple[int, Any]]]]:
        """Yields where rows are cut, with the lanes that are forgotten there, and the rows after which they are.

        A lane that has no more rows here is forgotten at the end.
        """
        gone, due = [], list[tuple[int, Any]]()
        if self._silence is not None:
            gone = self._silence.listen(names, _ticks(times).tolist())
            self._changed |= {name: None for name in self._silence.changed if name in self._lane_of}
        last = {name: row for row, name in enumerate(names)} if gone else {}
        for row, name in gone:
            due.append((row, name))
            if last.get(name, -1) > row:
                yield row + 1, due
                due = []
        yield len(names), due

    def _forget(self, gone: Sequence[tuple[int, Any]], times: Shaped[np.ndarray, " rows"]) -> list[tuple[int, Event]]:
        """Forgets lanes, and returns the ends of their alerts."""
        if not gone:
            return []
        ended = [(row, event) for row, name in gone for event in closed(self._alerts, self._lane_of[name], name, times)]
        names = [name for _, name in gone]
        kept = ~np.isin(np.arange(self._alerts.lanes), self._watch.index(names))
        self._go_on(self._watch.lanes.select(kept), self._alerts.select(kept))
        self._gone += names
        self._again -= set(names)
        self._changed = {name: None for name in self._changed if name in self._lane_of}
        return ended

    def _observe(
        self, ids: Shaped[np.ndarray, " rows"], times: Shaped[np.ndarray, " rows"], values: Float64[np.ndarray, " rows"]
    ) -> tuple[Observations, list[tuple[int, Event]]]:
        """Observes rows between which no lane is forgotten; the alerts come with their rows."""
        codes, names = pd.factorize(ids)
        parts, picked, found = [self._watch.observe(ids[:0], times[:0], values[:0])], [np.empty(0, int)], []
        left = np.arange(len(ids))
        while len(left):
            now = _next(codes[left], times[left], self._room(names.tolist()))
            rows = left[now]
            parts.append(self._watch.observe(ids[rows], times[rows], values[rows]))
            picked.append(rows)
            found += [(int(rows[row]), event) for row, event in self._judge(parts[-1])]
            left = left[~now]
        self._changed |= dict.fromkeys(ids.tolist())
        return _merged(parts, np.argsort(np.concatenate(picked))), found

    def _go_on(self, lanes: Lanes, alerts: State) -> None:
        self._watch.lanes, self._alerts = lanes, alerts
        self._lane_of = {name: lane for lane, name in enumerate(lanes.names)}

    def _judge(self, observations: Observations) -> list[tuple[int, Event]]:
        """Applies the policy; from then on the model reads a level that the policy accepts."""
        lane = self._watch.index(observations.ids)
        self._lane_of.update(zip(observations.ids.tolist(), lane.tolist(), strict=True))
        new = len(self._lane_of) - self._alerts.lanes
        if new:
            self._alerts = State.cat([self._alerts, start(new)])
        self._alerts, found = advance_by_row(self._policy, self._alerts, observations, lane)
        usual = [event.lane for _, event in found if event.accepted]
        if usual:
            self._watch.accept(usual)
            self._again.update(usual)
        return found

    def _room(self, names: Sequence[Any]) -> Int64[np.ndarray, " names"]:
        """The number of values of each series that fit into one call: no level is accepted before the last of them."""
        lane = np.array([self._lane_of.get(name, -1) for name in names], dtype=np.int64)
        lasted = np.zeros(len(names), dtype=np.int64)
        known = np.flatnonzero(lane >= 0)
        for field in ("beyond", "extent"):  # of the alerts: see `segue.live.alerts`
            lasted[known] = np.maximum(lasted[known], np.abs(self._alerts[_ALERT + field][lane[known]]))
        return np.maximum(1, self._policy.shift - lasted)


def _next(
    codes: Int64[np.ndarray, " rows"], times: Shaped[np.ndarray, " rows"], room: Int64[np.ndarray, " series"]
) -> Bool[np.ndarray, " rows"]:
    """Whether a row is among the first ones of its series, whose times ascend and whose number is at most the room."""
    order = np.argsort(codes, kind="stable")
    code, time = codes[order], times[order]
    same = np.append(False, code[1:] == code[:-1])
    begin = np.maximum.accumulate(np.where(same, 0, np.arange(len(order))))
    falls = np.cumsum(same & np.append(False, time[1:] <= time[:-1]))
    kept = (falls == falls[begin]) & (np.arange(len(order)) - begin < room[code])
    first = np.zeros(len(order), dtype=bool)
    first[order[kept]] = True
    return first


def _ticks(times: Shaped[np.ndarray, " rows"]) -> Int64[np.ndarray, " rows"]:
    return (times.astype("datetime64[us]") if times.dtype.kind == "M" else times).astype(np.int64)


def _joined(lanes: Lanes, alerts: State) -> Lanes:
    return replace(lanes, state=State({**lanes.state, **alerts}))


def _merged(parts: Sequence[Observations], order: Int64[np.ndarray, " rows"]) -> Observations:
    columns = {item.name: np.concatenate([getattr(part, item.name) for part in parts]) for item in fields(Observations)}
    return Observations(**{name: column[order] for name, column in columns.items()})
