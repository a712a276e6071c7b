"""From series as clients send them, values without times, to the long table that the library reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float64, Int64
from numpy.typing import NDArray

from segue.forecasting.table.grid.frequency import Times
from segue.forecasting.table.grid.limits import refuse_distant
from segue.forecasting.table.grid.names import frequency_of
from segue.serve.refused import Refused

ID, TIME, TARGET = "unique_id", "ds", "y"
"""The columns of the table."""

SOME_MONDAY = np.datetime64("2001-01-01", "us")
"""The first time of series that are sent without any: it begins a week, a month, a quarter and a year."""


@dataclass(frozen=True, eq=False)
class Series:
    """Series on a regular grid, one after the other.

    Attributes:
        values: All values; NaN where missing.
        sizes: The number of values of each series.
        starts: The first time of each series; None where times are numbers from 0 on.
        freq: The step, as a pandas alias; not used where times are numbers.
    """

    values: Float64[np.ndarray, " rows"]
    sizes: Int64[np.ndarray, " series"]
    starts: Times | None
    freq: str

    @property
    def step(self) -> str | int:
        """The step, as `segue.Layout` takes it."""
        return 1 if self.starts is None else self.freq

    def codes(self) -> Int64[np.ndarray, " rows"]:
        """The series of each row."""
        return np.repeat(np.arange(len(self.sizes)), self.sizes)

    def first_rows(self) -> Int64[np.ndarray, " series_and_1"]:
        """The first row of each series, then the number of rows."""
        return np.concatenate([[0], np.cumsum(self.sizes)]).astype(np.int64)

    def frame(self, columns: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Makes the table of these series, which are named by their numbers, and of more columns of their rows."""
        times = self._times(self.sizes)
        return pd.DataFrame({ID: self.codes(), TIME: times, TARGET: self.values, **(columns or {})})

    def ahead(self, horizon: int, columns: Mapping[str, Any]) -> pd.DataFrame:
        """Makes the table of the steps after these series, from columns of `horizon` rows for each series."""
        first, sizes = self.first_rows(), self.sizes + horizon
        times, starts = self._times(sizes), first[:-1] + horizon * np.arange(len(sizes))
        later = (starts + self.sizes)[:, None] + np.arange(horizon)
        codes = np.repeat(np.arange(len(sizes)), horizon)
        return pd.DataFrame({ID: codes, TIME: times[later.ravel()], **columns})

    def _times(self, sizes: Int64[np.ndarray, " series"]) -> Times:
        """The times of all rows, if the series had these sizes.

        Raises:
            UserError: There is no such step, or it leads beyond the last time that calendars know.
        """
        first = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        if self.starts is None:
            return np.arange(first[-1]) - np.repeat(first[:-1], sizes)
        frequency = frequency_of(self.freq, self.starts)
        times: NDArray[Any] = np.empty(first[-1], dtype="datetime64[us]")
        for size in np.unique(sizes).tolist():
            lanes = np.flatnonzero(sizes == size)
            starts = self.starts[lanes]
            refuse_distant(starts, frequency, size)
            rows = first[lanes][:, None] + np.arange(size)
            times[rows[:, 0]] = starts
            if size > 1:
                times[rows[:, 1:]] = frequency.after(starts, np.arange(len(lanes) + 1), size - 1)
        return times


def moments(texts: Sequence[str], argument: str) -> Times:
    """Reads times as clients write them, ISO 8601; an offset from UTC is dropped, since times are those of the clock.

    Args:
        texts: The times.
        argument: Their name in errors.

    Raises:
        Refused: One is no time, with status 422.
    """
    found = np.empty(len(texts), dtype="datetime64[us]")
    for index, text in enumerate(texts):
        try:
            moment = pd.Timestamp(text)
            found[index] = np.datetime64(moment.tz_localize(None), "us")
        except (ValueError, OverflowError, TypeError) as error:
            raise Refused(422, f"{argument} {text[:80]}: give a time such as 2026-01-31T14:00:00") from error
        if np.isnat(found[index]):
            raise Refused(422, f"{argument} {text[:80]}: give a time such as 2026-01-31T14:00:00")
    return found
