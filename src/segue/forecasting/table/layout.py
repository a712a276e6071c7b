"""The columns of series, times and values in a table, named by the user or inferred."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import pandas as pd

from segue.errors import UserError
from segue.forecasting.table.times.read import has_clock, looks_like_times, time_part

ID_NAMES = ("unique_id", "item_id", "series_id", "id", "series")
TIME_NAMES = ("ds", "timestamp", "datetime", "date", "time", "year", "month", "t", "step", "index")
TARGET_NAMES = ("y", "value", "target", "values")
DUPLICATES = ("mean", "sum", "first", "last")
"""The rules for several values on one step."""

_MOST_NAMES = 12  # the most names that an error lists


@dataclass(frozen=True)
class Layout:
    """How to read a table. An option that is None is inferred when unambiguous; otherwise an error names it.

    Attributes:
        id_col: The column that names the series. By default it is `unique_id` or a similar name; if there is none, the
            table is one series, named after its target.
        time_col: The column of times, or several columns, such as `["date", "hour"]` or `date,hour`. By default it is
            `ds`, or the one column of times.
        target_col: The column to forecast, or several columns, which become series `id/target`. By default it is `y`,
            or the one column of numbers.
        freq: The step as a pandas alias, or an integer for integer times. By default it is the most common step.
        time_format: The format of times that are text, as in `time.strptime`. By default it is inferred.
        duplicates: Which value replaces several values at one time: their `mean` or `sum`, or the `first` or the
            `last` in the order of the rows. By default several values are refused.
        season: The steps of a season, or several seasons, the customary one first. By default the calendar suggests
            them.
        decimal: The decimal sign of numbers that are text, `.` or `,`. By default it is inferred for each column.
        skip_bad: Whether series that cannot be read are left out and reported, instead of refusing the whole table.

    Raises:
        UserError: `duplicates` or `decimal` is none of these words.
    """

    id_col: str | Sequence[str] | None = None
    time_col: str | Sequence[str] | None = None
    target_col: str | Sequence[str] | None = None
    freq: str | int | None = None
    time_format: str | None = None
    duplicates: str | None = None
    season: float | Sequence[float] | None = None
    decimal: str | None = None
    skip_bad: bool = False

    def __post_init__(self) -> None:
        if self.duplicates not in (None, *DUPLICATES):
            raise UserError("duplicates", self.duplicates, f"choose one of {', '.join(DUPLICATES)}")
        if self.decimal not in (None, ".", ","):
            raise UserError("decimal", self.decimal, "give . or ,")


@dataclass(frozen=True)
class Columns:
    """The roles of a table's columns.

    Attributes:
        id: The column that names the series; None if all rows are of one series.
        times: The column of times, or several columns that make one time.
        targets: The columns to forecast, at least one.
    """

    id: str | None
    times: tuple[str, ...]
    targets: tuple[str, ...]


def infer_columns(table: nw.DataFrame[Any], layout: Layout) -> Columns:
    """Takes the columns that the user names, and infers the others where only one column is possible.

    Args:
        table: Rows in any order.
        layout: The names that the user gives.

    Raises:
        UserError: A named column is missing or has two roles, or no column or several columns are possible.
    """
    times = _named(table, "time_col", layout.time_col)
    targets = _named(table, "target_col", layout.target_col)
    identity = _named(table, "id_col", layout.id_col, single=True)
    times = times or _infer_times(table, taken=(*targets, *identity))
    identity = identity or _infer_id(table, taken=(*times, *targets))
    targets = targets or _infer_target(table, taken=(*times, *identity))
    for name in times:
        if name in targets or name in identity:
            raise UserError("time_col", name, "is named for two things; name different columns")
    if set(identity) & set(targets):
        raise UserError("id_col", identity[0], "is named for two things; name different columns")
    return Columns(identity[0] if identity else None, times, targets)


def _named(
    table: nw.DataFrame[Any], argument: str, given: str | Sequence[str] | None, single: bool = False
) -> tuple[str, ...]:
    if given is None:
        return ()
    if not isinstance(given, str):
        names = tuple(given)
    elif single or given in table.columns:  # a name may itself hold a comma
        names = (given,)
    else:
        names = tuple(name.strip() for name in given.split(","))
    for name in names:
        if name not in table.columns:
            raise UserError(argument, name or given, f"no such column; there are {_listed(table.columns)}")
    if len(set(names)) < len(names):
        raise UserError(argument, given, "names a column twice; name each once")
    return names


def _infer_times(table: nw.DataFrame[Any], taken: Sequence[str]) -> tuple[str, ...]:
    free = [name for name in table.columns if name not in taken]
    if "ds" in free:
        return ("ds",)
    dated = [name for name in free if looks_like_times(_head(table, name))]
    parts = tuple(name for name in free if name not in dated and time_part(name) and table[name].dtype.is_numeric())
    if len(dated) == 1:
        clock = [name for name in parts if time_part(name) in ("hour", "minute")]
        if clock and not has_clock(_head(table, dated[0])):
            both = ",".join((dated[0], *clock))
            raise UserError("time_col", "(not given)", f"could be {dated[0]} or {both}; name it with `time_col`")
        return (dated[0],)
    if not dated and {"year", "month"} <= {time_part(name) for name in parts}:
        return parts
    by_name = [name for known in TIME_NAMES for name in free if name.lower() == known]
    if not dated and by_name:
        return (by_name[0],)
    hint = f"could be {_listed(dated)}" if dated else f"no column holds times; there are {_listed(table.columns)}"
    raise UserError("time_col", "(not given)", f"{hint}; name it with `time_col`, or several such as date,hour")


def _infer_id(table: nw.DataFrame[Any], taken: Sequence[str]) -> tuple[str, ...]:
    for known in ID_NAMES:
        for name in table.columns:
            if name.lower() == known and name not in taken:
                return () if len(table) > 1 and _all_distinct(table[name]) else (name,)  # it numbers the rows
    return ()


def _all_distinct(column: nw.Series[Any]) -> bool:
    """Whether no value occurs twice; the first rows usually show one that does."""
    return all(part.n_unique() == len(part) for part in (column.head(200), column))


def _infer_target(table: nw.DataFrame[Any], taken: Sequence[str]) -> tuple[str, ...]:
    free = [name for name in table.columns if name not in taken]
    for known in TARGET_NAMES:
        for name in free:
            if name.lower() == known:
                return (name,)
    numeric = [name for name in free if table[name].dtype.is_numeric()]
    if len(numeric) == 1 or (not numeric and len(free) == 1):
        return tuple(numeric or free)
    hint = f"could be {_listed(numeric)}" if numeric else f"no column holds numbers; there are {_listed(table.columns)}"
    raise UserError("target_col", "(not given)", f"{hint}; name it with `target_col`, or several separated by commas")


def _head(table: nw.DataFrame[Any], name: str) -> pd.Series:
    return table[name].head(200).to_pandas()


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MOST_NAMES])
    return shown if len(names) <= _MOST_NAMES else f"{shown} and {len(names) - _MOST_NAMES} more"
