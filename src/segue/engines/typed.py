"""The types of a result: names and times as they came, everything else in double precision."""

from collections.abc import Iterable
from typing import Any

import narwhals as nw
import pandas as pd

from segue.engines.series import Series
from segue.errors import UserError


def refuse_types(table: nw.DataFrame[Any], series: Series) -> None:
    """Refuses times and values whose reading would depend on the other rows of a part, such as text."""
    series.refuse_missing(table.columns)
    time, target = table.schema[series.time], table.schema[series.target]
    if series.integer and not time.is_integer():
        raise UserError("freq", series.freq, f"{series.time} is {time}; give a step such as h or D, or integer times")
    if not series.integer and not (isinstance(time, nw.Datetime) or time == nw.Date):
        raise UserError("time_col", series.time, f"is {time}; cast it to timestamps or dates first")
    if not target.is_numeric():
        raise UserError("target_col", series.target, f"is {target}; cast it to a number first")


def empty_result(table: nw.DataFrame[Any], series: Series, times: Iterable[str], numbers: Iterable[str]) -> Any:
    """Makes the result of no rows: its columns have the types that every result of this table has.

    Args:
        table: Rows of the table, or none.
        series: Its columns.
        times: Columns of times beside `series.time`; all are without a time zone.
        numbers: Columns in double precision.
    """
    time = nw.col(series.time)
    dtype = table.schema[series.time]
    if isinstance(dtype, nw.Datetime) and dtype.time_zone:
        time = time.dt.replace_time_zone(None)
    names: list[nw.Expr] = [nw.col(name) for name in series.ids]
    head = table.head(0).select(*names, time, *(time.alias(name) for name in times))
    blank = {name: nw.new_series(name, [], nw.Float64, backend=table.implementation) for name in numbers}
    return head.with_columns(*blank.values()).to_native()


def typed(result: Any, empty: Any) -> Any:
    """Gives a result the types of an empty one, and refuses what these cannot hold.

    Raises:
        UserError: A time does not fit, such as an hour in a column of dates.
    """
    cast = result.astype(dict(empty.dtypes)) if isinstance(empty, pd.DataFrame) else result.cast(empty.schema)
    before, after = nw.from_native(result, eager_only=True), nw.from_native(cast, eager_only=True)
    for name in after.columns:
        dtype = before.schema[name]
        timed = isinstance(dtype, nw.Datetime) or dtype == nw.Date or dtype.is_integer()
        if timed and dtype != after.schema[name] and not (after[name].cast(dtype) == before[name]).all():
            raise UserError(
                "time_col", name, f"{after.schema[name]} cannot hold the times ahead; cast it to a wider type"
            )
    return cast
