"""Limits of times and steps: 64 bits, the year 9999, and grids that are nearly empty."""

import numpy as np
from jaxtyping import Int64
from numpy.typing import NDArray

from segue.errors import UserError
from segue.forecasting.table.grid.frequency import DAY, Frequency, Steps, Times
from segue.forecasting.table.grid.months import Months

_LAST = int(np.datetime64("9999-12-31T23:59:59", "us").astype(np.int64))
_WIDEST = 4 * 10**18  # half of 64 bits, so that a step and its half can be added
_LONGEST = 10_000_000
"""The most steps of a series of few rows: an array of them has 90 MB. Four months in seconds have as many."""
_EMPTY = 20  # steps for each row: a long series with fewer steps for each row is read


def refuse_wide(times: Times, frequency: Frequency) -> None:
    """Refuses times that lie too far apart for their differences and steps in 64 bits.

    Raises:
        UserError: A time is beyond the limit.
    """
    low, high = int(times.min().astype(np.int64)), int(times.max().astype(np.int64))
    size = frequency.size if isinstance(frequency, Steps) else 0
    if high - low > _WIDEST or size > _WIDEST:
        value = f"{times.min()} to {times.max()}".replace("T", " ").replace(".000000", "")
        raise UserError("time_col", value, "spans too wide a range; correct the times, or count from a later beginning")


def refuse_distant(times: Times, frequency: Frequency, horizon: int) -> None:
    """Refuses a horizon whose times go beyond the year 9999, or integers beyond 64 bits.

    Raises:
        UserError: A time is beyond the limit.
    """
    last = int(times.max().astype(np.int64))
    integer = times.dtype.kind == "i"
    size = frequency.size if isinstance(frequency, Steps) else 31 * DAY
    size = frequency.count * size if isinstance(frequency, Months) else size
    if last + (horizon + 1) * size > (2**63 - 1 if integer else _LAST):
        what = "what 64 bits hold" if integer else "the year 9999"
        raise UserError("horizon", horizon, f"its times go beyond {what}; give a smaller one, or correct the times")


def overlong(starts: Int64[np.ndarray, " series_and_1"], steps: Int64[np.ndarray, " rows"]) -> NDArray[np.int64]:
    """Returns the series with far more steps than rows, such as two rows in 1900 and 2100 on a grid of seconds."""
    lengths = steps[starts[1:] - 1] + 1
    return np.flatnonzero((lengths > _LONGEST) & (lengths // _EMPTY > np.diff(starts)))


def too_long(series: object, rows: int, steps: int, frequency: Frequency) -> UserError:
    """Makes the error for a series that `overlong` returned."""
    fault = f"series {series} has {rows:,} rows on {steps:,} steps"
    return UserError("freq", frequency.alias, f"{fault}; give a longer step, or correct its times")
