"""Times as numbers since a beginning: seconds of Unix and their kin, and serial days of spreadsheets."""

import datetime as dt
import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue.errors import UserError
from segue.forecasting.table.grid.frequency import DAY, Times
from segue.forecasting.table.times.cells import Cells

_EXCEL = 25_569  # 1970-01-01 in spreadsheets, which count days from 1899-12-30
_EARLIEST, _AHEAD = 7_305, 3_653  # days: plausible times begin in 1990, or where their unit says, and end in ten years


_TEN_DIGITS = 11_574  # the day in 2001 on which seconds got ten digits; smaller numbers may have another beginning

_DATED = re.compile(r"date|datum|fecha|data|time|zeit|stamp|epoch|unix|^ds$|^dt$|^ts$|day|tag$|hour", re.I)


@dataclass(frozen=True)
class Epoch:
    """A unit of numbers since a beginning.

    Attributes:
        words: The name of the numbers in notes.
        micros: The microseconds of one unit; 0 for nanoseconds, of which a thousand make a microsecond.
        start: The number of 1970-01-01.
        sure: Whether plausible numbers can only be of this unit.
        by_name: Whether plausible numbers in a column named like a date can only be of this unit.
        earliest: The first plausible day, counted from 1970-01-01.
    """

    words: str
    micros: int
    start: int = 0
    sure: bool = False
    by_name: bool = False
    earliest: int = _EARLIEST


EPOCHS = {
    "epoch-s": Epoch("seconds since 1970, in UTC", 1_000_000, sure=True),
    "epoch-ms": Epoch("milliseconds since 1970, in UTC", 1_000, sure=True),
    "epoch-us": Epoch("microseconds since 1970, in UTC", 1, sure=True),
    "epoch-ns": Epoch("nanoseconds since 1970, in UTC", 0, sure=True, earliest=_TEN_DIGITS),
    "excel": Epoch("serial days of a spreadsheet", DAY, _EXCEL, by_name=True, earliest=-1000),
    "epoch-min": Epoch("minutes since 1970, in UTC", 60_000_000),
    "epoch-h": Epoch("hours since 1970, in UTC", DAY // 24),
    "epoch-d": Epoch("days since 1970", DAY),
}
"""The words that `time_format` takes for numbers, besides `count`."""


def epoch_of(numbers: NDArray[np.int64] | NDArray[np.float64], today: dt.date) -> str | None:
    """The first unit in which all numbers are plausible times, at most ten years from now; None if there is none."""
    latest = (today - dt.date(1970, 1, 1)).days + _AHEAD
    for name, epoch in EPOCHS.items():
        day = DAY / epoch.micros if epoch.micros else DAY * 1000
        low, high = epoch.earliest * day + epoch.start, latest * day + epoch.start
        late = name != "epoch-s" or (len(numbers) and numbers.max() >= _TEN_DIGITS * day)
        if len(numbers) and low <= numbers.min() and numbers.max() <= high and late:
            return name
    return None


def from_epoch(numbers: NDArray[np.int64] | NDArray[np.float64], name: str) -> Times:
    """Times in microseconds; NaT where a number is too large.

    Fractions of days, hours and minutes are rounded to milliseconds, because spreadsheets keep days no more exactly.
    """
    epoch = EPOCHS[name]
    beyond = np.abs(numbers.astype(np.float64) - epoch.start) * (epoch.micros or 1e-3) > 2.5e17
    numbers = np.where(beyond, epoch.start, numbers)
    if numbers.dtype.kind == "i":
        micros = (numbers - epoch.start) * epoch.micros if epoch.micros else numbers // 1000
    else:
        exact = (numbers - epoch.start) * (epoch.micros or 1e-3)
        part = 1000 if epoch.micros > 1_000_000 else 1
        micros = np.rint(exact / part).astype(np.int64) * part
    times: Times = micros.astype("datetime64[us]")
    times[beyond] = np.datetime64("NaT")
    return times


def is_dated(label: str) -> bool:
    """Whether large numbers in a column of this name are no counts."""
    return bool(_DATED.search(label))


def epoch_note(label: str, name: str) -> str:
    """The note on a column that is read as numbers since a beginning."""
    return f"{label} is read as {EPOCHS[name].words}; give `time_format` count if its numbers count steps"


def read_as(cells: Cells, numbers: NDArray[np.int64] | NDArray[np.float64], name: str) -> Times:
    """Reads distinct numbers in a unit that the user names.

    Raises:
        UserError: A number lies outside the range of dates.
    """
    times = from_epoch(numbers, name)
    if np.isnat(times).any():
        bad = int(np.isnat(times).argmax())
        raise UserError(
            "time_format", name, f"row {cells.row_of(bad)} is outside the range of dates; name another unit"
        )
    return times
