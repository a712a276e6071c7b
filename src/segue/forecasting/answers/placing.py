"""Places rows of a second frame, such as future covariates, on the grid of a table."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from segue.errors import UserError
from segue.forecasting.table.grid.duplicates import shown
from segue.forecasting.table.grid.frequency import Times
from segue.forecasting.table.layout import Layout
from segue.forecasting.table.reading import Reading
from segue.forecasting.table.rows import read_rows

_ROW = "row"  # the column that says which row of the frame a row of the reading was


def place(
    values: NDArray[np.float64],
    starts: NDArray[np.int64],
    reading: Reading,
    table: nw.DataFrame[Any],
    columns: Sequence[NDArray[np.float64]],
    layout: Layout,
    argument: str,
) -> None:
    """Writes the rows of a frame on the grid of a panel.

    Args:
        values: The grid, with a row for each step of each series; this function writes into it.
        starts: The first row of each series on the grid, then the number of rows.
        reading: The table whose panel has the grid.
        table: The frame; without the columns of series, its rows hold for all series.
        columns: The numbers of its rows.
        layout: How to read times, and how to merge several rows of one step.
        argument: The name of the frame's argument.

    Raises:
        UserError: Times or series cannot be read, or a step has several rows and `duplicates` is not given.
    """
    panel, own = reading.panel, [name for name in reading.columns.ids if name in table.columns]
    if 0 < len(own) < len(reading.columns.ids):
        raise UserError(argument, own[0], "names series together with others; give all of them, or none")
    series, times, picked = _rows(reading, table, own, layout)
    if times.dtype.kind != panel.times.dtype.kind:
        raise UserError(argument, reading.time_col, "times are numbers in one table and dates in the other")
    if not own:  # for all series
        lanes = len(panel)
        series, times, picked = np.repeat(np.arange(lanes), len(times)), np.tile(times, lanes), np.tile(picked, lanes)
    kept = series >= 0
    series, times, picked = series[kept], times[kept], picked[kept]
    steps = panel.frequency.steps(panel.times[panel.starts[series]], times)
    row = starts[series] + steps
    kept = (steps >= 0) & (row < starts[series + 1])
    order = np.flatnonzero(kept)[np.argsort(times[kept], kind="stable")]
    row, twice = row[order], _repeated(row[order])
    if layout.duplicates is None and len(twice):
        first = order[twice[0]]
        where = f" in series {panel.ids[int(series[first])]}" if own else ""
        remedy = f"occurs twice{where}; keep one row a step, or choose `duplicates` mean|sum|first|last"
        raise UserError(argument, shown(times[first]), remedy)
    numbers = np.concatenate([column[picked[order]] for column in columns], axis=1)
    _gather(values, row, numbers, layout.duplicates)


def _rows(
    reading: Reading, table: nw.DataFrame[Any], own: list[str], layout: Layout
) -> tuple[NDArray[np.int64], Times, NDArray[np.int64]]:
    """The series of each row of a frame, -1 where the table has no such series; its time; and which row it is."""
    cells = {name: table[name].to_pandas() for name in (*own, *reading.columns.times)}
    numbered = pd.DataFrame({**cells, _ROW: np.arange(len(table), dtype=np.float64)})
    times = [*reading.columns.times]
    rows = read_rows(numbered, replace(layout, id_col=own or "", time_col=times, target_col=_ROW, decimal=None))
    index = {str(name): lane for lane, name in enumerate(reading.panel.ids.to_list())}
    series = np.array([index.get(str(name), -1) for name in rows.ids.to_list()])[rows.codes]
    return series, rows.times, rows.values.astype(np.int64)


def _repeated(row: NDArray[np.int64]) -> NDArray[np.int64]:
    """The indices of rows whose step an earlier row has, too."""
    order = np.argsort(row, kind="stable")
    return np.sort(order[1:][row[order][1:] == row[order][:-1]])


def _gather(
    values: NDArray[np.float64], row: NDArray[np.int64], numbers: NDArray[np.float64], duplicates: str | None
) -> None:
    """Writes numbers in order of time to rows; of several for one row the first, the last or the mean counts."""
    if duplicates in ("first", "last"):
        found, chosen = np.unique(row[:: 1 if duplicates == "first" else -1], return_index=True)
        values[found] = numbers[chosen if duplicates == "first" else len(row) - 1 - chosen]
        return
    total, count = np.zeros(values.shape), np.zeros(len(values))
    np.add.at(total, row, numbers)
    np.add.at(count, row, 1)
    values[count > 0] = total[count > 0] / count[count > 0, None]
