"""The reading of a part of a table: what the whole table would show must not change a series."""

from dataclasses import replace
from typing import Any

import narwhals as nw

from segue.engines.series import Series
from segue.errors import UserError
from segue.forecasting.table.grid.duplicates import is_coarser
from segue.forecasting.table.grid.gaps import in_order
from segue.forecasting.table.grid.months import Months, anchors_of
from segue.forecasting.table.grid.names import frequency_of
from segue.forecasting.table.reading import Reading, reading_of
from segue.forecasting.table.rows import read_rows


def read_part(table: nw.DataFrame[Any], series: Series) -> Reading | None:
    """Reads a part of a table so that each series is read as it would be alone.

    Rows without a value at the end of a series are missing values: that all series of a part end so says nothing of
    those of other parts. None if no row has a time or a value.

    Raises:
        UserError: Times lie off the grid. How `segue.forecast` gathers or moves them depends on all rows of a table.
    """
    rows_of = nw.all_horizontal(nw.col(series.time).is_null(), nw.col(series.target).is_null(), ignore_nulls=False)
    table = table.select(*series.columns).filter(~rows_of)
    if not len(table):
        return None
    rows = read_rows(nw.maybe_reset_index(table).to_native(), series.layout)
    codes, times, _ = in_order(rows.codes, rows.times, rows.values)
    if is_coarser(codes, times, frequency_of(series.freq, times)):
        raise UserError("freq", series.freq, f"times of {series.time} lie off this grid; move them onto it first")
    reading = reading_of(rows, series.layout)
    if not isinstance(reading.panel.frequency, Months):
        return reading
    if series.anchor not in anchors_of(times):
        days = f"times of {series.time} are not all at the {series.anchor} of a month"
        raise UserError("freq", series.freq, f"{days}; move them there first")
    frequency = Months(reading.panel.frequency.count, series.anchor)
    return replace(reading, panel=replace(reading.panel, frequency=frequency))
