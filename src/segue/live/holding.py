"""Holds the rows of a step until the step is over, if the rule for several values of a step needs all of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64, Int64

Row = tuple[Any, int, float, str]
"""A row: its series, its time in microseconds or as an integer, its value, and its time as text."""


@dataclass(frozen=True, eq=False)
class Closed:
    """The rows of steps that are over, those of one step together, in the order in which they came.

    Attributes:
        rows: The rows.
        steps: The index of the step of each row, ascending from 0.
    """

    rows: list[Row]
    steps: Int64[np.ndarray, " rows"]

    @property
    def values(self) -> Float64[np.ndarray, " rows"]:
        """The value of each row."""
        return np.array([row[2] for row in self.rows], dtype=np.float64)


class Holding:
    """The rows of the newest step of each series. The next step closes it.

    A row of an older step is held as well, until a row of another step comes. If the newest row has a wrong time, far
    in the future, all others are older, and are gathered by their steps as usual. The result does not depend on how
    rows come in batches.

    Args:
        rows: Rows that are held, as JSON values of `facts`.
    """

    def __init__(self, rows: Iterable[Any] = ()) -> None:
        self._held: dict[Any, list[list[Row]]] = {}  # of each series: those of an older step, if any, then the newest
        self.take((name, time, float("nan") if value is None else value, stamp) for name, time, value, stamp in rows)

    def facts(self) -> list[list[Any]]:
        """The rows that are held, as JSON values; the newest of each series come first."""
        rows = [row for groups in self._held.values() for group in reversed(groups) for row in group]
        return [[name, time, None if np.isnan(value) else value, stamp] for name, time, value, stamp in rows]

    def take(self, rows: Iterable[Row]) -> Closed:
        """Takes new rows, and returns those of the steps that are over."""
        closed: list[list[Row]] = []
        for row in rows:
            groups = self._held.setdefault(row[0], [])
            same = next((group for group in groups if group[0][1] == row[1]), None)
            if same is not None:
                same.append(row)
            elif not groups or row[1] > groups[-1][0][1]:
                closed += groups
                self._held[row[0]] = [[row]]
            else:
                closed += groups[:-1]
                self._held[row[0]] = [[row], groups[-1]]
        return _joined(closed)

    def flush(self) -> Closed:
        """Returns all rows that are held, at the end of the feed."""
        closed, self._held = [group for groups in self._held.values() for group in groups], {}
        return _joined(closed)


def _joined(groups: list[list[Row]]) -> Closed:
    sizes = [len(group) for group in groups]
    return Closed([row for group in groups for row in group], np.repeat(np.arange(len(groups)), sizes))
