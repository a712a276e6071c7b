"""Any other step that pandas knows, such as the third Friday of every month."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from segue.errors import UserError
from segue.forecasting.table.grid.frequency import Times
from segue.forecasting.table.grid.weekdays import NAMES


@dataclass(frozen=True)
class Offsets:
    """A step by the rules of pandas.

    Attributes:
        alias: Its name in pandas.
    """

    alias: str

    @property
    def seasons(self) -> tuple[float, ...]:
        """See `segue.forecasting.table.grid.frequency.Frequency`."""
        return (12.0,) if self.alias.startswith(("WOM-", "LWOM-")) else ()

    def steps(self, first: Times, times: Times) -> NDArray[np.int64]:
        """See `segue.forecasting.table.grid.frequency.Frequency`; a time off the grid belongs to the step before it.

        Raises:
            UserError: pandas can make no such times.
        """
        if not len(times):
            return np.zeros(0, np.int64)
        grid = self._grid(first.min(), times.max())
        return np.asarray(np.searchsorted(grid, times, "right") - np.searchsorted(grid, first, "right"))

    def after(self, times: Times, starts: NDArray[np.int64], horizon: int) -> Times:
        """See `segue.forecasting.table.grid.frequency.Frequency`.

        Raises:
            UserError: pandas can make no such times.
        """
        distinct, which = np.unique(times[starts[1:] - 1], return_inverse=True)  # all roll onto the grid
        return np.stack([self._next(time, horizon) for time in distinct])[which]

    def begins(self, times: Times) -> Times:
        """Returns the time at which the step of each time begins, always a midnight."""
        grid = self._grid(times.min().astype("datetime64[D]"), times.max())
        return np.asarray(grid[np.searchsorted(grid, times, "right") - 1])

    def _grid(self, first: np.datetime64, last: np.datetime64) -> Times:
        return self._dates(lambda offset: pd.date_range(offset.rollback(pd.Timestamp(first)), last, freq=offset))

    def _next(self, time: np.datetime64, periods: int) -> Times:
        start, most = pd.Timestamp(time), periods + 1  # pandas refuses a single date of some offsets
        return self._dates(lambda offset: pd.date_range(start + offset, periods=most, freq=offset))[:periods]

    def _dates(self, dates: Callable[[pd.tseries.offsets.BaseOffset], pd.DatetimeIndex]) -> Times:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # rules that pandas cannot apply to whole columns are only slower
            try:
                return np.asarray(dates(offset_of(self.alias)).to_numpy().astype("datetime64[us]"))
            except (ValueError, OverflowError, TypeError, AttributeError, NotImplementedError) as error:
                remedy = "pandas makes no such times here; give one such as min, h, D, B, W, MS, QS or YS"
                raise UserError("freq", self.alias, remedy) from error


def offset_of(alias: str) -> pd.tseries.offsets.BaseOffset:
    """Makes the offset of an alias; `LWOM-FRI`, the last Friday of a month, is one that pandas writes but cannot read.

    Raises:
        ValueError: There is no such offset.
    """
    if alias.startswith("LWOM-"):
        weekday = NAMES.index(alias.removeprefix("LWOM-").capitalize())
        return pd.tseries.offsets.LastWeekOfMonth(weekday=weekday)  # type: ignore[arg-type]
    return pd.tseries.frequencies.to_offset(alias)
