"""A watch with its policy and its store: rows go in, observations and alerts come out, all committed together."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float64, Int64, Shaped

from segue.live.alerts import Event, advance, start
from segue.live.lanes import Lanes
from segue.live.observations import Observations, Status
from segue.live.packing import RAW
from segue.live.policy import Policy
from segue.live.store import Batch, Store
from segue.live.watch import Watch
from segue.state import State

_ALERT = "small.alert."


class Session:
    """Continues from a store, and commits to it.

    The answers are a function of the rows in their order; the split into batches does not matter.

    Args:
        watch: A watch without lanes; it gets those of the store.
        policy: When surprising values become an alert.
        store: The store, from which nothing was loaded yet.
    """

    def __init__(self, watch: Watch, policy: Policy, store: Store) -> None:
        self._watch, self._policy, self._store = watch, policy, store
        self._alerts = start(0)
        self._seen: dict[Any, int] = {}  # the newest time of each lane since the last commit
        self._again: set[Any] = set()  # the lanes whose history was accepted since
        self._events: list[Event] = []
        self._lane_of: dict[Any, int] = {}
        lanes = store.load(_joined(watch.lanes, self._alerts))
        if lanes is not None:
            alerts, others = (
                State({key: array for key, array in lanes.state.items() if (key in self._alerts) == wanted})
                for wanted in (True, False)
            )
            self._go_on(replace(lanes, state=others), alerts)

    def observe(
        self, ids: Shaped[np.ndarray, " rows"], times: Shaped[np.ndarray, " rows"], values: Float64[np.ndarray, " rows"]
    ) -> tuple[Observations, list[Event]]:
        """Observes rows as if they came one by one; see `Watch.observe` and `advance`.

        Returns:
            The observations in the order of the rows, and the alerts that open or end.
        """
        codes, names = pd.factorize(ids)
        parts, picked, events = [self._watch.observe(ids[:0], times[:0], values[:0])], [np.empty(0, int)], list[Event]()
        left = np.arange(len(ids))
        while len(left):
            now = _next(codes[left], times[left], self._room(names.tolist()))
            rows = left[now]
            parts.append(self._watch.observe(ids[rows], times[rows], values[rows]))
            picked.append(rows)
            events += self._judge(parts[-1])
            left = left[~now]
        self._events += events
        observed = _merged(parts, np.argsort(np.concatenate(picked)))
        taken = np.where(observed.status == Status.AHEAD, np.iinfo(np.int64).min, times.astype(np.int64))
        for name, time in zip(ids.tolist(), taken.tolist(), strict=True):  # a wrong time must not make other lanes old
            self._seen[name] = max(time, self._seen.get(name, time))
        return observed, events

    def commit(self, marks: Mapping[str, Any], age: int | None = None) -> list[Any]:
        """Commits all changes since the last commit.

        Args:
            marks: See `Batch`.
            age: Forget lanes whose newest time lies further back than this, in microseconds or as an integer.

        Returns:
            The names of the lanes that it forgot.
        """
        names = list(self._seen)
        old = [] if age is None else [name for name in self._store.older(age) if name not in self._seen]
        if old:
            kept = ~np.isin(np.arange(self._alerts.lanes), self._watch.index(old))
            self._go_on(self._watch.lanes.select(kept), self._alerts.select(kept))
        lanes = self._watch.part(names)
        lanes = _joined(lanes, self._alerts.select(self._watch.index(names)))
        width = lanes.state[RAW].shape[1]
        again = np.array([width if name in self._again else 0 for name in names], dtype=np.int64)
        seen = np.array([self._seen[name] for name in names], dtype=np.int64)
        self._store.commit(Batch(lanes, seen, again, old, tuple(self._events), marks))
        self._seen, self._again, self._events = {}, set(), []
        return old

    def _go_on(self, lanes: Lanes, alerts: State) -> None:
        self._watch.lanes, self._alerts = lanes, alerts
        self._lane_of = {name: lane for lane, name in enumerate(lanes.names)}

    def _judge(self, observations: Observations) -> list[Event]:
        """Applies the policy; from then on the model reads a level that the policy accepts."""
        lane = self._watch.index(observations.ids)
        self._lane_of.update(zip(observations.ids.tolist(), lane.tolist(), strict=True))
        new = len(self._lane_of) - self._alerts.lanes
        if new:
            self._alerts = State.cat([self._alerts, start(new)])
        self._alerts, events = advance(self._policy, self._alerts, observations, lane)
        usual = [event.lane for event in events if event.accepted]
        if usual:
            self._watch.accept(usual)
            self._again.update(usual)
        return events

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


def _joined(lanes: Lanes, alerts: State) -> Lanes:
    return replace(lanes, state=State({**lanes.state, **alerts}))


def _merged(parts: Sequence[Observations], order: Int64[np.ndarray, " rows"]) -> Observations:
    columns = {item.name: np.concatenate([getattr(part, item.name) for part in parts]) for item in fields(Observations)}
    return Observations(**{name: column[order] for name, column in columns.items()})
