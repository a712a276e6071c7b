"""From rows to rows with scores: several rows of a step are reduced to one value where the user asks for it."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float64, Int64

from segue.cli.shared.line_rows import Arrived
from segue.errors import UserError
from segue.forecasting.table.files.write import harmless_cell
from segue.forecasting.table.grid.duplicates import begins, is_coarser, one_a_step
from segue.forecasting.table.grid.frequency import Frequency, Times
from segue.forecasting.table.grid.frequency import Steps as OneStep
from segue.forecasting.table.grid.gaps import in_order
from segue.forecasting.table.grid.names import frequency_of
from segue.live.holding import Closed, Holding
from segue.live.observations import Observations, Status

_HOLDING = ("mean", "sum", "last")
"""The rules that need all rows of a step."""
_HEAD = ("expected", "lo-80", "hi-80", "score", "status")


@dataclass(frozen=True)
class Grid:
    """The step of a feed.

    Attributes:
        alias: Its name.
        origin: Where steps begin that rows lie in, in microseconds; None if rows stand on their steps.
    """

    alias: str
    origin: int | None = None

    @staticmethod
    def of(frequency: Frequency, alias: str, given: bool, rows: Arrived) -> "Grid":
        """The step of a feed, from its first rows; a step that the user gives may be longer than theirs."""
        codes, times, _ = in_order(pd.factorize(rows.ids)[0].astype(np.int64), rows.times, rows.values)
        coarser = given and is_coarser(codes, times, frequency)
        return Grid(alias, int(rows.times.min().astype(np.int64)) if coarser else None)

    def begins(self, times: Times) -> Times:
        """The beginning of the step of each time, or the times themselves if rows stand on their steps."""
        if self.origin is None or not len(times):
            return times
        return begins(frequency_of(self.alias, times), self.alias, times, np.datetime64(self.origin, "us"))


class Steps:
    """The values of steps from rows.

    Args:
        duplicates: What replaces several values of a step; the first one stands if none is given.
        grid: The step.
        held: The rows that are held, as JSON values; see `Holding`.

    Raises:
        UserError: Rows are held, and the rule does not take them.
    """

    def __init__(self, duplicates: str | None, grid: Grid, held: Sequence[Any]) -> None:
        self._rule, self._grid, self._dated = duplicates, grid, not grid.alias.isdigit()
        if held and duplicates not in _HOLDING:
            remedy = f"the store holds rows of a step; give the rule that they came with, one of {', '.join(_HOLDING)}"
            raise UserError("duplicates", duplicates or "(not given)", remedy)
        self._holding = Holding(held) if duplicates in _HOLDING else None

    @property
    def held(self) -> list[Any]:
        """The rows that are held, as JSON values."""
        return [] if self._holding is None else self._holding.facts()

    def take(self, rows: Arrived) -> "Values":
        """Takes rows, and returns the values of the steps that are over, or of all rows if none is held."""
        times = self._grid.begins(rows.times)
        if self._holding is None:
            return Values(rows.ids, times, rows.values, rows, np.arange(len(rows)))
        columns = rows.ids.tolist(), times.astype(np.int64).tolist(), rows.values.tolist(), rows.stamps
        return self._reduced(self._holding.take(zip(*columns, strict=True)))

    def flush(self) -> "Values":
        """The values of the steps that are held: no more rows will come."""
        return self._reduced(Closed([], np.empty(0, np.int64)) if self._holding is None else self._holding.flush())

    def _reduced(self, closed: Closed) -> "Values":
        given = closed.values
        names, times = _column([row[0] for row in closed.rows]), np.array([row[1] for row in closed.rows], np.int64)
        times = times.astype("datetime64[us]") if self._dated else times
        rows = Arrived(names, times, given, [row[3] for row in closed.rows])
        steps, any_step = closed.steps, OneStep(1, integer=True)  # an error would name it: with a rule there is none
        leaders, values = one_a_step(names.tolist(), steps, times, np.zeros_like(steps), given, any_step, self._rule)
        return Values(names[leaders], times[leaders], values, rows, steps)


@dataclass(frozen=True, eq=False)
class Values:
    """Values of steps, and the rows that they are made of.

    Attributes:
        ids: The series of each value.
        times: Its time.
        values: The value.
        rows: The rows.
        source: The index of the value of each row.
    """

    ids: Any
    times: Times
    values: Float64[np.ndarray, " values"]
    rows: Arrived
    source: Int64[np.ndarray, " rows"]

    def lines(self, observed: Observations, safe: bool = False) -> str:
        """Writes one line of CSV for each row: what came, what was expected, and the score.

        Args:
            observed: What became of the values.
            safe: Whether names and times get `'` where a spreadsheet would run them.
        """
        text = io.StringIO()
        words = np.array([status.name.lower() for status in Status], dtype=object)[observed.status]
        numbers = (self.rows.values, *(part[self.source] for part in _parts(observed)))
        texts = (map(harmless_cell, text) if safe else text for text in (self.rows.ids.tolist(), self.rows.stamps))
        columns = *texts, *(map(_number, part.tolist()) for part in numbers)
        csv.writer(text, lineterminator="\n").writerows(zip(*columns, words[self.source].tolist(), strict=True))
        return text.getvalue()


def head_line(names: tuple[str, str, str], safe: bool = False) -> str:
    """The header of the lines, with the columns of series, times and values; `safe` as in `Values.lines`."""
    text = io.StringIO()
    columns = map(harmless_cell, names) if safe else names
    csv.writer(text, lineterminator="\n").writerow((*columns, *_HEAD))
    return text.getvalue()


def _parts(observed: Observations) -> tuple[Float64[np.ndarray, " values"], ...]:
    return observed.expected, observed.lower, observed.upper, observed.score


def _number(value: float) -> str:
    return "" if value != value else repr(value)


def _column(names: list[Any]) -> Any:
    column = np.empty(len(names), dtype=object)
    column[:] = names
    return column
