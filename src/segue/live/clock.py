"""Times of a live feed, and their steps: a lane counts steps from its first time."""

from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Int64

from segue.errors import UserError
from segue.forecasting.table.grid.calendar import infer_frequency
from segue.forecasting.table.grid.frequency import Frequency, RowNumbers, Steps, Times
from segue.forecasting.table.grid.gaps import in_order, neighbours
from segue.forecasting.table.grid.months import Months
from segue.forecasting.table.grid.names import frequency_of


def read_times(given: Any) -> Times:
    """Returns times as local ones without a zone in microseconds, or as integers.

    Raises:
        UserError: The times are neither times nor whole numbers, or one is missing.
    """
    times = np.asarray(given)
    if times.ndim != 1:
        raise UserError("times", f"of shape {times.shape}", "give one time for each value")
    if times.dtype.kind in "iu" or not len(times):
        return times.astype(np.int64)
    if times.dtype.kind != "M":
        if times.dtype.kind not in "OUT" or any(isinstance(time, int | float) for time in times[:1].tolist()):
            raise UserError("times", times.dtype, "give datetime64 values, or whole numbers")
        try:
            times = pd.DatetimeIndex(given).tz_localize(None).to_numpy()
        except (ValueError, TypeError) as error:
            raise UserError("times", times[0], "give datetime64 values, or whole numbers") from error
    if np.isnat(times).any():
        raise UserError("times", "NaT", "give each value its time")
    return times.astype("datetime64[us]")


def find_frequency(freq: str | int | None, codes: Int64[np.ndarray, " rows"], times: Times) -> Frequency:
    """The given step, or the one that the first times show.

    Args:
        freq: The step as the user gives it; None to infer it.
        codes: The series of each row.
        times: The time of each row.

    Raises:
        UserError: The given step does not exist, or no step is given and the times show none.
    """
    if freq is None:
        codes, times, _ = in_order(codes, times, np.zeros(len(times)))
        return infer_frequency(times, neighbours(codes, times))
    frequency = frequency_of(freq, times)
    if isinstance(frequency, RowNumbers):
        raise UserError("freq", freq, "a watch counts steps of time; give row numbers as times, and freq=1")
    return frequency


def refuse_other_kind(frequency: Frequency, times: Times) -> None:
    """Refuses integers where the step is one of the clock, and the reverse.

    Raises:
        UserError: The times are of the other kind.
    """
    if (times.dtype.kind == "i") != (isinstance(frequency, Steps) and frequency.integer):
        raise UserError("times", times[0], f"give times of one kind in all calls (the step is {frequency.alias})")


def steps_since(frequency: Frequency, first: Int64[np.ndarray, " rows"], times: Times) -> Int64[np.ndarray, " rows"]:
    """Counts the steps from each of `first`, in microseconds or as integers, to each of `times`."""
    begin = first.astype("datetime64[us]") if times.dtype.kind == "M" else first
    if isinstance(frequency, Steps | Months):
        return frequency.steps(begin, times)
    steps = np.empty(len(times), dtype=np.int64)
    for one in np.unique(begin):  # other grids begin at the least time: a lane's must not depend on other lanes
        rows = begin == one
        steps[rows] = frequency.steps(begin[rows], times[rows])
    return steps
