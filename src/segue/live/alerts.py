"""From p-values to alerts: the policy applied to all lanes at once, each alert once, with its begin, end and extent."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64, Int, Int64
from numpy.typing import NDArray

from segue.errors import UserError
from segue.live.observations import Observations
from segue.live.policy import Policy
from segue.state import State

_PREFIX = "small.alert."
_FIELDS: dict[str, type] = {
    "recent": np.uint64,  # was it surprising? One bit for each of the last 64 values, the newest lowest
    "seen": np.int32,  # values with a p-value since the last acceptance
    "begin": np.int64,  # time of the first surprising value of the episode
    "last": np.int64,  # time of the last one
    "extent": np.int32,  # number of its surprising values; 0 where there is no episode
    "quiet": np.int32,  # ordinary values since the last surprising one
    "peak": np.float64,  # the least p-value
    "upward": np.int32,  # surprising values above the expected one, less those below
    "beyond": np.int32,  # values beyond the band on one side, less the others; the sign is the side
    "alerted": np.bool_,  # whether the episode is an alert
}


@dataclass(frozen=True)
class Event:
    """An alert at one row: when it opens, and again when it ends.

    Attributes:
        lane: The name of the series.
        begin: The time of the first surprising value; with the name it identifies the alert.
        end: The time of the last surprising value; None while the alert is open.
        p: The least p-value so far.
        extent: The number of surprising values so far.
        direction: 1 if most of them are above the expected value, -1 if most are below, else 0.
        accepted: Whether it ended because its values are accepted as the new normal (a level shift).
    """

    lane: Any
    begin: Any
    end: Any
    p: float
    extent: int
    direction: int
    accepted: bool = False


def start(lanes: int) -> State:
    """Returns the alert state of fresh lanes, which is all zeros: 53 bytes a lane."""
    return State({_PREFIX + name: np.zeros(lanes, kind) for name, kind in _FIELDS.items()})


def advance(
    policy: Policy, state: State, observations: Observations, lane: Int[np.ndarray, " rows"]
) -> tuple[State, list[Event]]:
    """Applies a policy to new rows, in their order; rows without a p-value change nothing.

    One call with all rows gives the same state and the same alerts of each lane as several calls with parts of them.

    Args:
        policy: The policy.
        state: The state so far, of `start` or of this function. Other arrays in it stay as they are.
        observations: New rows.
        lane: The lane of each row in the state.

    Returns:
        The new state, and the alerts that open or end at these rows, in the order of the rows.

    Raises:
        UserError: The state is none of alerts.
    """
    after, found = advance_by_row(policy, state, observations, lane)
    return after, [event for _, event in found]


def advance_by_row(
    policy: Policy, state: State, observations: Observations, lane: Int[np.ndarray, " rows"]
) -> tuple[State, list[tuple[int, Event]]]:
    """Does what `advance` does, and returns each alert with its row."""
    if lacking := [name for name in _FIELDS if _PREFIX + name not in state]:
        raise UserError("state", f"without {_PREFIX + lacking[0]}", "give what `start(lanes)` or `advance` returned")
    fields = {name: state[_PREFIX + name].copy() for name in _FIELDS}
    ticks, found = _ticks(observations.times), list[tuple[int, Event]]()
    for rows in _rounds(np.flatnonzero(np.isfinite(observations.p)), lane):
        lanes = lane[rows]
        own = {name: array[lanes] for name, array in fields.items()}
        new = _Values.of(policy, observations, rows)
        opened = _take(policy, own, new, ticks[rows])
        accepted = own["alerted"] & ~opened & _usual(policy, own)
        ended = accepted | ((own["extent"] > 0) & (own["quiet"] >= policy.cool_down))
        for index in np.flatnonzero(opened | (ended & own["alerted"])).tolist():
            name = observations.ids[rows[index]]
            event = _event(own, index, name, observations.times, bool(ended[index]), bool(accepted[index]))
            found.append((int(rows[index]), event))
        _forget(policy, own, ended, accepted)
        for name, array in fields.items():
            array[lanes] = own[name]
    after = State({**state, **{_PREFIX + name: array for name, array in fields.items()}})
    return after, sorted(found, key=lambda pair: pair[0])


def closed(state: State, lane: int, name: Any, times: NDArray[Any]) -> list[Event]:
    """The end of the alert of a lane of which no more will come; nothing if none is open.

    Args:
        state: The state.
        lane: The lane in it.
        name: Its name.
        times: Times of the kind that its rows have.
    """
    own = {field: state[_PREFIX + field][[lane]] for field in _FIELDS}
    return [_event(own, 0, name, times, True, False)] if own["alerted"][0] else []


@dataclass(frozen=True, eq=False)
class _Values:
    """The facts on one value of each lane that a policy reads."""

    p: Float64[np.ndarray, " lanes"]
    surprising: Bool[np.ndarray, " lanes"]  # once the lane is warm
    side: Int64[np.ndarray, " lanes"]  # of the expected value
    beyond: Int64[np.ndarray, " lanes"]  # the side of the band on which it lies; 0 within

    @classmethod
    def of(cls, policy: Policy, observations: Observations, rows: NDArray[np.int64]) -> "_Values":
        values, p = observations.values[rows], observations.p[rows]
        lower, upper = observations.lower[rows], observations.upper[rows]
        distance = values - observations.expected[rows]
        large = np.abs(distance) >= policy.least * (upper - lower) / 2
        beyond = (values > upper).astype(np.int64) - (values < lower)
        return cls(p, (p <= policy.threshold) & large, np.sign(distance).astype(np.int64), beyond)


def _take(
    policy: Policy, own: dict[str, NDArray[Any]], new: _Values, ticks: Int64[np.ndarray, " lanes"]
) -> Bool[np.ndarray, " lanes"]:
    """Takes one value of each lane into the fields; returns where an alert opens."""
    own["seen"] += 1
    hit = new.surprising & (own["seen"] > policy.warm_up)
    first = hit & (own["extent"] == 0)
    own["begin"] = np.where(first, ticks, own["begin"])
    own["last"] = np.where(hit, ticks, own["last"])
    own["peak"] = np.where(first, new.p, np.where(hit, np.minimum(own["peak"], new.p), own["peak"]))
    own["upward"] = np.where(first, 0, own["upward"]) + np.where(hit, new.side, 0).astype(np.int32)
    own["quiet"] = np.where(hit, 0, own["quiet"] + (new.beyond == 0)).astype(np.int32)
    own["extent"] += hit
    own["beyond"] = np.where(own["extent"] == 0, 0, _balance(np.where(first, 0, own["beyond"]), new.beyond))
    own["beyond"] = own["beyond"].astype(np.int32)
    own["recent"] = (own["recent"] << np.uint64(1)) | hit
    bits = own["recent"] & np.uint64(2**policy.n - 1)
    opened = hit & ~own["alerted"] & (np.unpackbits(bits[:, None].view(np.uint8), axis=1).sum(axis=1) >= policy.m)
    own["alerted"] |= opened
    return np.asarray(opened)


def _balance(balance: NDArray[np.int32], beyond: NDArray[np.int64]) -> NDArray[np.int64]:
    """Counts values beyond the band on one side, and subtracts the others; 0 where the side changes."""
    side = np.sign(balance)
    return np.asarray(np.where((side == 0) | (beyond == side), balance + beyond, balance - side))


def _usual(policy: Policy, own: dict[str, NDArray[Any]]) -> Bool[np.ndarray, " lanes"]:
    """Where an episode has lasted so long that its values are the new normal."""
    return np.asarray((np.abs(own["beyond"]) >= policy.shift) | (own["extent"] >= policy.shift))


def _forget(
    policy: Policy,
    own: dict[str, NDArray[Any]],
    ended: Bool[np.ndarray, " lanes"],
    accepted: Bool[np.ndarray, " lanes"],
) -> None:
    """Clears the episodes that ended; a lane whose values were accepted gets used to them first."""
    for name in _FIELDS:
        if name != "seen":
            own[name] = np.where(ended, np.zeros((), own[name].dtype), own[name])
    own["seen"] = np.where(accepted, np.int32(policy.warm_up - policy.cool_down), own["seen"])


def _event(
    own: dict[str, NDArray[Any]], index: int, name: Any, times: NDArray[Any], ended: bool, accepted: bool
) -> Event:
    begin, last = (_time(own[field][index], times) for field in ("begin", "last"))
    return Event(
        lane=name,
        begin=begin,
        end=last if ended else None,
        p=float(own["peak"][index]),
        extent=int(own["extent"][index]),
        direction=int(np.sign(own["upward"][index])),
        accepted=accepted,
    )


def _ticks(times: NDArray[Any]) -> Int64[np.ndarray, " rows"]:
    """Times as the numbers of a state: microseconds since 1970, or integers as they are."""
    return times.astype("datetime64[us]").view(np.int64) if times.dtype.kind == "M" else times.astype(np.int64)


def _time(tick: np.int64, times: NDArray[Any]) -> Any:
    """The time of a number, of the kind of `times`."""
    return np.datetime64(int(tick), "us") if times.dtype.kind == "M" else int(tick)


def _rounds(rows: Int64[np.ndarray, " judged"], lane: NDArray[Any]) -> Iterator[Int64[np.ndarray, " lanes"]]:
    """Splits rows so that each part holds at most one row of a lane: the first of each lane, then the second."""
    order = np.argsort(lane[rows], kind="stable")
    names = lane[rows][order]
    first = np.flatnonzero(np.diff(names, prepend=-1))
    turn = np.arange(len(names)) - np.repeat(first, np.diff(first, append=len(names)))
    by_turn = np.argsort(turn, kind="stable")
    for part in np.split(order[by_turn], np.cumsum(np.bincount(turn))[:-1]) if len(rows) else ():
        yield rows[part]
