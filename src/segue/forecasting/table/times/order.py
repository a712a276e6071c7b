"""Chooses among several readings of one column: the one that makes the rows regular, if the others do not."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from segue.errors import UserError
from segue.forecasting.table.grid.calendar import regularity
from segue.forecasting.table.grid.frequency import Times
from segue.forecasting.table.times.cells import Cells

_IRREGULAR, _REGULAR = 0.7, 0.9  # shares of steps: an unusual form needs a clear case


@dataclass(frozen=True, eq=False)
class Reading:
    """One reading of the distinct texts of a column.

    Attributes:
        times: The time of each text, `(texts,)` in microseconds, NaT where it has none.
        form: The reading as a `time_format`.
        unusual: Whether it is read only where the usual ones are irregular.
    """

    times: Times
    form: str
    unusual: bool = False

    @property
    def complete(self) -> bool:
        """Whether every text is a time."""
        return not np.isnat(self.times).any()


def most_regular(readings: Sequence[Reading], cells: Cells, first: int = 0) -> Reading:
    """Chooses among complete readings, at least one.

    Args:
        readings: The readings that are possible.
        cells: The column, for the error.
        first: The text that the error shows.

    Raises:
        UserError: Two readings that differ are equally regular.
    """
    if len(readings) == 1:
        return readings[0]
    complete = readings
    merits = [regularity(np.unique(reading.times)) for reading in readings]
    usual = [merit for reading, merit in zip(readings, merits, strict=True) if not reading.unusual]
    if usual and not (max(usual) < _IRREGULAR and max(merits) > _REGULAR):
        readings = [reading for reading in readings if not reading.unusual]
        merits = usual
    best = [reading for reading, merit in zip(readings, merits, strict=True) if merit == max(merits)]
    if any(not np.array_equal(reading.times, best[0].times) for reading in best[1:]):
        raise _ambiguous(cells, first, best)
    others = [reading for reading in complete if not np.array_equal(reading.times, best[0].times)]
    if not _in_order(best[0]) and any(map(_in_order, others)):  # regular, but the rows would be out of order
        raise _ambiguous(cells, first, [best[0], *filter(_in_order, others)])
    return best[0]


def _in_order(reading: Reading) -> bool:
    """Whether the texts ascend or descend in the order in which they appear."""
    steps = np.diff(reading.times).astype(np.int64)
    return len(steps) > 1 and bool((steps >= 0).all() or (steps <= 0).all())


def _ambiguous(cells: Cells, first: int, readings: Sequence[Reading]) -> UserError:
    shown = cells.texts[first].as_py()
    forms = " or ".join(repr(reading.form) for reading in readings)
    return UserError("time_col", cells.label, f"days and months are ambiguous; give `time_format`: {forms} for {shown}")
