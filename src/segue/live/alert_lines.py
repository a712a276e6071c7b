"""Alerts as lines of JSON, and names and times as plain values of Python."""

import json
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from segue.live.alerts import Event

_DIRECTIONS = {1: "up", -1: "down", 0: "both"}


def alert_line(number: int, event: "Event") -> str:
    """Writes an alert as one line of JSON; it has the same `id` when it opens and when it ends.

    Args:
        number: The id of the alert.
        event: The alert as it stands.
    """
    facts = {
        "id": number,
        "unique_id": plain(event.lane),
        "begin": plain(event.begin),
        "end": plain(event.end),
        "extent": event.extent,
        "p": float(f"{event.p:.4g}"),
        "direction": _DIRECTIONS[event.direction],
        "accepted": event.accepted,
    }
    return json.dumps(facts, ensure_ascii=False)


def plain(value: Any) -> Any:
    """A name or a time as JSON and SQLite hold it; times are text without zeros of parts of a second.

    Example:
        >>> plain(np.datetime64("2024-05-01T10:30:00.000000"))
        '2024-05-01 10:30:00'
    """
    if isinstance(value, np.datetime64):
        text = str(value.astype("datetime64[us]")).replace("T", " ")
        return text.rstrip("0").removesuffix(".") if "." in text else text
    return value.item() if isinstance(value, np.generic) else value
