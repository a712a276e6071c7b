"""Which column of a table tells the series, which the time and which the value."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import pandas as pd

from segue.errors import UserError
from segue.forecasting.table.times import has_clock, looks_like_times, time_part

ID_NAMES = ("unique_id", "item_id", "series_id", "id", "series")
TIME_NAMES = ("ds", "timestamp", "datetime", "date", "time", "year", "month", "t", "step", "index")
TARGET_NAMES = ("y", "value", "target", "values")


@dataclass(frozen=True)
class Columns:
    """The roles of a table's columns.

    Attributes:
        id: The column that names the series; None if all rows are of one series.
        times: The column of times, or several that make one.
        targets: The columns to forecast, at least one.
    """

    id: str | None
    times: tuple[str, ...]
    targets: tuple[str, ...]


def find_columns(
    table: nw.DataFrame[Any],
    id_col: str | None = None,
    time_col: str | Sequence[str] | None = None,
    target_col: str | Sequence[str] | None = None,
) -> Columns:
    """Takes the columns the user names and finds the others where there is one candidate only.

    Args:
        table: Rows in any order.
        id_col: The column of series names.
        time_col: The column of times, or several, in a sequence or separated by commas.
        target_col: The column to forecast, or several likewise.

    Raises:
        UserError: A named column is missing, or none or several could be meant.
    """
    times = _named(table, "time_col", time_col)
    targets = _named(table, "target_col", target_col)
    identity = _named(table, "id_col", id_col, single=True)
    times = times or _find_times(table, taken=(*targets, *identity))
    identity = identity or _find_id(table, taken=(*times, *targets))
    targets = targets or _find_target(table, taken=(*times, *identity))
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


def _find_times(table: nw.DataFrame[Any], taken: Sequence[str]) -> tuple[str, ...]:
    free = [name for name in table.columns if name not in taken]
    if "ds" in free:
        return ("ds",)
    found = [name for name in free if looks_like_times(_head(table, name))]
    parts = tuple(name for name in free if name not in found and time_part(name) and table[name].dtype.is_numeric())
    if len(found) == 1:
        clock = [name for name in parts if time_part(name) in ("hour", "minute")]
        if clock and not has_clock(_head(table, found[0])):
            both = ",".join((found[0], *clock))
            raise UserError("time_col", "(not given)", f"could be {found[0]} or {both}; name it with `time_col`")
        return (found[0],)
    if not found and {"year", "month"} <= {time_part(name) for name in parts}:
        return parts
    by_name = [name for known in TIME_NAMES for name in free if name.lower() == known]
    if not found and by_name:
        return (by_name[0],)
    hint = f"could be {_listed(found)}" if found else f"no column holds times; there are {_listed(table.columns)}"
    raise UserError("time_col", "(not given)", f"{hint}; name it with `time_col`, or several such as date,hour")


def _find_id(table: nw.DataFrame[Any], taken: Sequence[str]) -> tuple[str, ...]:
    for known in ID_NAMES:
        for name in table.columns:
            if name.lower() == known and name not in taken:
                numbers_rows = len(table) > 1 and table[name].n_unique() == len(table)
                return () if numbers_rows else (name,)
    return ()


def _find_target(table: nw.DataFrame[Any], taken: Sequence[str]) -> tuple[str, ...]:
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


def _listed(names: Sequence[str], most: int = 12) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
