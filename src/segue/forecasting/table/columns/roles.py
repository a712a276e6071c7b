"""The columns of series, times and values in a table, named by the user or inferred."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import narwhals as nw
import pandas as pd

from segue.errors import UserError
from segue.forecasting.table.columns.looks import (
    SAMPLE,
    Cells,
    first_cells,
    has_dates_in_digits,
    is_clock,
    is_part,
    may_hold_numbers,
    plainly_numbers,
)
from segue.forecasting.table.columns.native import as_pandas, distinct
from segue.forecasting.table.layout import ID_NAMES, TARGET_NAMES, TIME_NAMES, Layout
from segue.forecasting.table.numbers.read import holds_digits, looks_like_numbers
from segue.forecasting.table.times.read import has_clock, looks_like_times, reads_with_format, time_part

_MOST_NAMES = 12  # the most names that an error lists
_THINGS = re.compile(
    "(?:store|shop|sku|item|product|article|region|customer|client|station|sensor|device|meter|site|branch|department"
    "|dept|warehouse|plant|account|machine|location)(?:[_ ]?(?:id|nr|no|num|number|code))?",
    re.IGNORECASE,
)
"""Names of columns whose numbers are identifiers, not quantities."""
_KEY = re.compile(r"(?:^|[_ -])(?:id|nr|no|key|code)$|[a-z](?:ID|Id|Nr|No)$")
_WORDS = (
    "true false yes no y n t f on off weekday weekend workday holiday "
    "monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun "
    "january february march april may june july august september october november december "
    "jan feb mar apr jun jul aug sep sept oct nov dec"
)
_DESCRIPTIONS = frozenset(_WORDS.split())
"""Words that describe a time and never name a series."""

_REMARKS = re.compile(
    "weather|wetter|conditions?|holidays?|feiertage?|events?|notes?|comments?|kommentar|remarks?|bemerkung|flags?"
    "|quality|status|weekday|wochentag|dow|day_?of_?week|day_?name|month_?name|season"
)
"""Names of columns that describe a time."""


@dataclass(frozen=True)
class Columns:
    """The roles of a table's columns.

    Attributes:
        ids: The column that names the series, or several whose cells name it together; none if all rows are one series.
        times: The column of times, or several columns that make one time.
        targets: The columns to forecast, at least one.
    """

    ids: tuple[str, ...]
    times: tuple[str, ...]
    targets: tuple[str, ...]


def infer_columns(frame: nw.DataFrame[Any], layout: Layout, hint: str = "") -> Columns:
    """Takes the columns that the user names, and infers the others if only one column is possible.

    Args:
        frame: Rows in any order.
        layout: The names that the user gives.
        hint: What to do if no column holds times.

    Raises:
        UserError: A named column is missing or has two roles, or no column or several columns are possible.
    """
    table = {column.name: column for column in frame.iter_columns()}
    times = _named(table, "time_col", layout.time_col)
    targets, patterns = _named_targets(table, layout.target_col)
    names = None if layout.id_col is None else _names(table, layout.id_col)
    one_series = names is not None and (not any(names) or (names == ("none",) and "none" not in table))
    ids = () if one_series else _named(table, "id_col", layout.id_col)
    _refuse_shared("time_col", times, (*targets, *ids))
    _refuse_shared("id_col", ids, targets)
    times = times or _infer_times(table, (*targets, *ids), layout.time_format, hint)
    ids = ids or (() if one_series else _infer_ids(table, taken=(*times, *targets)))
    if patterns:
        targets = _matching(table, layout.target_col, targets, patterns, taken=(*times, *ids))
    return Columns(ids, times, targets or _infer_target(table, taken=(*times, *ids)))


def _names(table: Cells, given: str | Sequence[str] | None) -> tuple[str, ...]:
    if given is None:
        return ()
    if not isinstance(given, str):
        return tuple(given)
    if given in table:  # a name may itself hold a comma
        return (given,)
    return tuple(name.strip() for name in given.split(","))


def _named(table: Cells, argument: str, given: str | Sequence[str] | None) -> tuple[str, ...]:
    names = _names(table, given)
    for name in names:
        if name not in table:
            raise UserError(argument, name or given, f"no such column; there are {_listed(list(table))}")
    if len(set(names)) < len(names):
        raise UserError(argument, given, "names a column twice; name each once")
    return names


def _named_targets(table: Cells, given: str | Sequence[str] | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Returns the targets that are named in full, and the patterns that name other targets."""
    names = _names(table, given)
    patterns = tuple(name for name in names if name not in table and (name == "all" or re.search(r"[*?\[]", str(name))))
    return _named(table, "target_col", [name for name in names if name not in patterns]), patterns


def _matching(
    table: Cells, given: object, named: Sequence[str], patterns: Sequence[str], taken: Sequence[str]
) -> tuple[str, ...]:
    """The targets in the order of the table: those named in full, and columns of numbers that match a pattern."""
    patterns = ["*" if pattern == "all" else pattern for pattern in patterns]
    numeric = [
        name
        for name in table
        if name not in taken
        and any(fnmatchcase(name, pattern) for pattern in patterns)
        and may_hold_numbers(table, name)
    ]
    if not numeric:
        raise UserError("target_col", given, f"no column of numbers matches; there are {_listed(list(table))}")
    picked = {*numeric, *named}
    return tuple(name for name in table if name in picked)


def _refuse_shared(argument: str, names: Sequence[str], others: Sequence[str]) -> None:
    for name in names:
        if name in others:
            raise UserError(argument, name, "is named for two roles; name different columns")


def _infer_times(table: Cells, taken: Sequence[str], form: str | None, hint: str) -> tuple[str, ...]:
    free = [name for name in table if name not in taken]
    if "ds" in free:
        return ("ds",)
    dated = [name for name in free if _is_dated(table, name, form)]
    certain = [name for name in dated if not looks_like_numbers(first_cells(table, name))]
    dated = certain or dated  # in text, 12.10 may be a day or a number
    if form is not None and len(dated) > 1:  # digits have many formats
        dated = [name for name in dated if name.lower() in TIME_NAMES] or dated
    parts = _chained([name for name in free if name not in dated and is_part(table, name)], bool(dated))
    if len(dated) == 1:
        clock = [name for name in free if name != dated[0] and is_clock(table, name, name in parts)]
        if clock and not form and not has_clock(first_cells(table, dated[0])):
            both = ",".join((dated[0], *clock))
            raise UserError("time_col", "(not given)", f"could be {dated[0]} or {both}; name it with `time_col`")
        return (dated[0],)
    kinds = {time_part(name) for name in parts}
    if not dated and "year" in kinds and kinds & {"quarter", "month", "week"}:
        return parts
    by_name = [name for known in TIME_NAMES for name in free if name.lower() == known]
    if not dated and by_name:
        return (by_name[0],)
    digits = [name for name in free if has_dates_in_digits(table, name)]
    if not dated and len(digits) == 1:
        return (digits[0],)
    remedy = "name it with `time_col`, or several such as date,hour"
    if dated:
        raise UserError("time_col", "(not given)", f"could be {_listed(dated)}; {remedy}")
    fault = f"no column holds times; there are {_listed(list(table))}"
    raise UserError("time_col", "(not given)", f"{fault}; {hint or remedy}")


def _is_dated(table: Cells, name: str, form: str | None) -> bool:
    if form is not None:
        return reads_with_format(first_cells(table, name), form)
    return plainly_numbers(table, name) is None and looks_like_times(first_cells(table, name))


def _chained(parts: Sequence[str], has_dates: bool) -> tuple[str, ...]:
    """Drops parts of times that lack a larger part, such as minutes without hours: `min` may be a minimum."""
    kinds, dropped = {time_part(name) for name in parts}, set[str | None]()
    for part, larger in (("hour", "day"), ("minute", "hour"), ("second", "minute")):
        if larger not in kinds - dropped and not (has_dates and part == "hour"):
            dropped.add(part)
    return tuple(name for name in parts if time_part(name) not in dropped)


def _infer_ids(table: Cells, taken: Sequence[str]) -> tuple[str, ...]:
    free = [name for name in table if name not in taken]
    customary = [name for known in ID_NAMES for name in free if name.lower() == known]
    customary = [name for name in customary if not _numbers_rows(table[name])]
    if customary and (customary[0].lower() == ID_NAMES[0] or not _is_constant(table[customary[0]])):
        return (customary[0],)
    repeated = [name for name in free if name not in customary and _may_name_series(table, name)]
    if repeated:
        remedy = (
            "name it with `id_col`, or several such as store,item, or give `id_col` 'none' if all rows are one series"
        )
        raise UserError("id_col", "(not given)", f"could be {_listed(repeated)}; {remedy}")
    return tuple(customary[:1])


def _numbers_rows(column: nw.Series[Any]) -> bool:
    """Whether every row has its own number. Text is different: a name that occurs once is a series of one row."""
    if len(column) < 2 or not looks_like_numbers(as_pandas(column.head(SAMPLE))):
        return False
    return all(distinct(part) == len(part) for part in (column.head(200), column))  # the first rows usually decide


def _is_constant(column: nw.Series[Any]) -> bool:
    return all(distinct(part) == 1 for part in (column.head(200), column))


def _may_name_series(table: Cells, name: str) -> bool:
    """Whether a column holds several names of which one occurs twice: text, or numbers that the column calls a key."""
    quick = plainly_numbers(table, name)
    if name.lower() in TARGET_NAMES or _REMARKS.fullmatch(name.strip().lower()) or (quick and not _is_key(name)):
        return False
    head = first_cells(table, name)
    if quick is None and looks_like_times(head):
        return False
    if quick is not False and holds_digits(head):
        return _is_key(name) and _repeats(as_pandas(table[name]))
    texts = head.dropna()
    if not len(texts) or not all(isinstance(cell, str) for cell in texts):
        return False
    if {cell.strip().lower() for cell in texts} <= _DESCRIPTIONS:
        return False
    return _repeats(head) or _repeats(as_pandas(table[name]))


def _is_key(name: str) -> bool:
    return bool(_KEY.search(name) or _THINGS.fullmatch(name.strip()))


def _repeats(column: pd.Series) -> bool:
    """Whether at most half of the cells are empty, and there are several names, one of them twice."""
    names, filled = distinct(column) or 0, int(column.notna().sum())
    return 1 < names < filled and 2 * filled >= len(column)


def _infer_target(table: Cells, taken: Sequence[str]) -> tuple[str, ...]:
    free = [name for name in table if name not in taken]
    for known in TARGET_NAMES:
        for name in free:
            if name.lower() == known:
                return (name,)
    numeric = [name for name in free if may_hold_numbers(table, name)]
    if len(numeric) == 1 or (not numeric and len(free) == 1):
        return tuple(numeric or free)
    hint = f"could be {_listed(numeric)}" if numeric else f"no column holds numbers; there are {_listed(list(table))}"
    remedy = "name it with `target_col`, or several separated by commas, or give `target_col` all"
    raise UserError("target_col", "(not given)", f"{hint}; {remedy}")


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MOST_NAMES])
    return shown if len(names) <= _MOST_NAMES else f"{shown} and {len(names) - _MOST_NAMES} more"
