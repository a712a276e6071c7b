"""Series that do not fit the grid of their table: refused, or left out with the reason."""

from collections.abc import Callable, Sequence
from typing import Any

import narwhals as nw
import numpy as np
from jaxtyping import Int64

from segue.errors import UserError
from segue.forecasting.table.grid.duplicates import crowded, same_step
from segue.forecasting.table.grid.frequency import Frequency, Steps, Times
from segue.forecasting.table.grid.gaps import longer_steps, off_grid, other_step
from segue.forecasting.table.grid.limits import overlong, too_long

Faults = dict[int, tuple[str, Callable[[], UserError]]]
"""For the index of a series, the reason why it does not fit, and the error for a table that has it."""


def faults_of(
    ids: Sequence[Any] | nw.Series[Any],
    codes: Int64[np.ndarray, " rows"],
    times: Times,
    steps: Int64[np.ndarray, " rows"],
    frequency: Frequency,
    unique: bool,
    inferred: bool,
) -> Faults:
    """Collects the series that do not fit.

    Args:
        ids: The names of the series.
        codes: The series of each row, ascending.
        times: The times, ascending within a series.
        steps: The step of each row.
        frequency: The step of the table.
        unique: Whether a step may have one row only.
        inferred: Whether the step was inferred from all series, so that a few may have none.
    """
    if bool(((steps[1:] - steps[:-1] == 1) | (codes[1:] != codes[:-1])).all()):
        return _off_grid(ids, codes, times, frequency) if inferred else {}  # most tables have all rows
    if unique:
        faults = _crowded(ids, codes, times, steps, frequency)
        if faults:  # other faults are looked for once these series are left out
            return faults
    starts = np.searchsorted(codes, np.arange(len(ids) + 1))
    faults = {}
    for lane in overlong(starts, steps).tolist():
        rows, length = int(starts[lane + 1] - starts[lane]), int(steps[starts[lane + 1] - 1]) + 1
        faults[lane] = (
            f"has {rows:,} rows on {length:,} steps of {frequency.alias}",
            lambda lane=lane, rows=rows, length=length: too_long(ids[lane], rows, length, frequency),  # type: ignore[misc]
        )
    distinct = np.append(True, (codes[1:] != codes[:-1]) | (steps[1:] != steps[:-1]))
    for lane, size in longer_steps(codes[distinct], steps[distinct], len(ids)).items():
        reason = f"its rows lie {size:,} steps of {frequency.alias} apart"
        faults.setdefault(lane, (reason, lambda lane=lane, size=size: other_step(ids[lane], size, frequency)))  # type: ignore[misc]
    return _off_grid(ids, codes, times, frequency) | faults if inferred else faults


def _off_grid(
    ids: Sequence[Any] | nw.Series[Any], codes: Int64[np.ndarray, " rows"], times: Times, frequency: Frequency
) -> Faults:
    """Finds the series that keep no steps, among many others that do."""
    if not isinstance(frequency, Steps) or frequency.size == 1:
        return {}
    reason = f"its rows do not follow steps of {frequency.alias}"
    return {
        lane: (reason, lambda lane=lane: _stepless(ids[lane], frequency))  # type: ignore[misc]
        for lane in off_grid(codes, times, frequency.size, len(ids)).tolist()
    }


def _crowded(
    ids: Sequence[Any] | nw.Series[Any],
    codes: Int64[np.ndarray, " rows"],
    times: Times,
    steps: Int64[np.ndarray, " rows"],
    frequency: Frequency,
) -> Faults:
    together = same_step(codes, steps)
    lanes, counts = np.unique(codes[together], return_counts=True)

    def error() -> UserError:
        return crowded(ids, codes, times, steps, together, frequency)

    return {
        lane: (f"{count:,} of its rows share a step with the row before", error)
        for lane, count in zip(lanes.tolist(), counts.tolist(), strict=True)
    }


def _stepless(series: object, frequency: Frequency) -> UserError:
    fault = f"the rows of series {series} do not follow steps of {frequency.alias}, which most series have"
    return UserError("freq", "(not given)", f"{fault}; give their step, or `freq` rows to number the rows")
