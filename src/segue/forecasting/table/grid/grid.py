"""The grid of a table: its frequency, the step of each row, and the time that names this step."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
from jaxtyping import Int64

from segue.errors import UserError
from segue.forecasting.table.grid.calendar import infer_frequency
from segue.forecasting.table.grid.duplicates import begins, firsts, is_coarser, partial_steps
from segue.forecasting.table.grid.frequency import Frequency, RowNumbers, Times
from segue.forecasting.table.grid.gaps import neighbours, positions
from segue.forecasting.table.grid.limits import refuse_wide
from segue.forecasting.table.grid.names import alias_of, frequency_of
from segue.forecasting.table.layout import Layout

_NUMBERED = "the rows are numbered from 0 in the order of their times; the times of the forecast are row numbers"


@dataclass(frozen=True, eq=False)
class Grid:
    """Rows on a grid, in order of series and time.

    Attributes:
        frequency: The step.
        times: The time that names the step of each row; the row's own time unless rows are gathered or numbered.
        steps: The number of steps from the first one of its series.
        gathered: Whether rows are gathered into the steps that they lie in.
        numbered: Whether rows are numbered.
    """

    frequency: Frequency
    times: Times
    steps: Int64[np.ndarray, " rows"]
    gathered: bool = False
    numbered: bool = False

    @staticmethod
    def of(codes: Int64[np.ndarray, " rows"], times: Times, frequency: Frequency, layout: Layout) -> "Grid":
        """Puts rows on the grid of a frequency.

        Args:
            codes: The series of each row, ascending.
            times: The times, ascending within a series.
            frequency: The step that the user gives or the rows show.
            layout: The name of the step, if the user gives one.

        Raises:
            UserError: The times lie too far apart.
        """
        if isinstance(frequency, RowNumbers):
            steps = positions(codes, times)
            return Grid(frequency, steps, steps, numbered=True)
        refuse_wide(times, frequency)
        gathered = layout.freq is not None and is_coarser(codes, times, frequency)
        if gathered:
            times = begins(frequency, alias_of(layout.freq), times)
            frequency = frequency_of(layout.freq, times)  # months and years keep the day that names their steps
        return Grid(frequency, times, frequency.steps(firsts(codes, times), times), gathered)

    def notes(
        self,
        ids: nw.Series[Any],
        codes: Int64[np.ndarray, " rows"],
        times: Times,
        leaders: Int64[np.ndarray, " kept"] | slice,
    ) -> tuple[str, ...]:
        """Notes for the user; `times` are the rows' own, `leaders` the first row of each step."""
        if self.numbered:
            return (_NUMBERED,)
        if not self.gathered or isinstance(leaders, slice):
            return ()
        return partial_steps(ids, codes, times, self.times, leaders)


def frequency_in(
    codes: Int64[np.ndarray, " rows"], times: Times, series: int, layout: Layout
) -> tuple[Frequency, dict[int, str]]:
    """The frequency that the user gives, or that the rows show.

    Args:
        codes: The series of each row, ascending.
        times: The times, ascending within a series.
        series: The number of series.
        layout: The user's options.

    Returns:
        The frequency. If all series together show none, but most series do and `skip_bad` is given, it is that of most
        series. Then the result also has the reason why each other series is left out, by its index.

    Raises:
        UserError: The name is unknown, or no frequency can be inferred.
    """
    if layout.freq is not None:
        return frequency_of(layout.freq, times), {}
    try:
        return infer_frequency(times, neighbours(codes, times)), {}
    except UserError:
        if not layout.skip_bad or series < 2:
            raise
        found, reasons = _each(codes, times, series)
        if not found:
            raise
        alias = Counter(frequency.alias for frequency in found.values()).most_common(1)[0][0]
        others = {lane: f"its step is {each.alias}" for lane, each in found.items() if each.alias != alias}
        skipped = dict(sorted((reasons | others).items()))
        if not skipped:
            raise
        return next(each for each in found.values() if each.alias == alias), skipped


def _each(codes: Int64[np.ndarray, " rows"], times: Times, series: int) -> tuple[dict[int, Frequency], dict[int, str]]:
    """The frequency of each series of two rows or more, or the reason why it has none."""
    bounds = np.searchsorted(codes, np.arange(series + 1))
    found: dict[int, Frequency] = {}
    reasons: dict[int, str] = {}
    for lane in range(series):
        own = times[bounds[lane] : bounds[lane + 1]]
        gaps = neighbours(np.zeros(len(own), dtype=np.int64), own)
        if not len(gaps):
            continue
        try:
            found[lane] = infer_frequency(own, gaps)
        except UserError as error:
            reasons[lane] = error.remedy.rsplit("; give", 1)[0]
    return found, reasons
