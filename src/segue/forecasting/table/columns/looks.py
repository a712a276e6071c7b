"""The look of a column's cells, which decides its role: numbers, parts of dates, or clocks."""

import re
from collections.abc import Mapping
from typing import Any

import narwhals as nw
import pandas as pd

from segue.forecasting.table.columns.native import as_pandas
from segue.forecasting.table.numbers.read import holds_digits, looks_like_numbers
from segue.forecasting.table.times.epochs import is_dated
from segue.forecasting.table.times.read import time_part

SAMPLE = 1000  # rows that show what a column holds
_DIGIT = re.compile(r"\d|inf|∞", re.IGNORECASE)
_NUMBER = re.compile(r"-?\d{1,6}[.,]\d+|-?\d{1,3}")  # more digits may be a date
_CLOCK = re.compile(r"\d{1,2}(?:[:h]\d{2}){1,2}(?:[.,]\d+)?\s*(?:[ap]\.?m\.?)?", re.IGNORECASE)
_QUARTER = re.compile(r"[qQ][1-4]")
_HHMM = ("hhmm", "hh_mm", "hrmn")  # names of clocks written as numbers, such as 1930
Cells = Mapping[str, nw.Series[Any]]
"""The columns of a table by their names. Reading one from a data frame takes longer, which matters in wide tables."""


def is_part(table: Cells, name: str) -> bool:
    """Whether a column is named like a part of a date and holds numbers, or quarters such as Q1."""
    part = time_part(name)
    if part == "quarter" and all_match(table, name, _QUARTER):
        return True
    return bool(part) and looks_like_numbers(first_cells(table, name))


def is_clock(table: Cells, name: str, is_part: bool) -> bool:
    """Whether a column holds hours, minutes or clock times, which a date beside it may lack."""
    if time_part(name) in ("hour", "minute") and is_part:
        return True
    return all_match(table, name, _CLOCK) or (
        name.strip().lower() in _HHMM and looks_like_numbers(first_cells(table, name))
    )


def has_dates_in_digits(table: Cells, name: str) -> bool:
    """Whether a column is named like a date, as MESS_DATUM is, and holds whole numbers of eight digits or more."""
    if not is_dated(name) or not table[name].dtype.is_integer():
        return False
    cells = first_cells(table, name).dropna()
    return bool(len(cells)) and bool((cells >= 10_000_000).all())


def all_match(table: Cells, name: str, pattern: re.Pattern[str]) -> bool:
    """Whether the first cells of a column are texts of a pattern."""
    if plainly_numbers(table, name) is not None:
        return False
    cells = first_cells(table, name).dropna().tolist()
    return bool(cells) and all(isinstance(cell, str) and pattern.fullmatch(cell.strip()) for cell in cells)


def plainly_numbers(table: Cells, name: str) -> bool | None:
    """Whether the first cells are plain numbers; None if only a closer look decides. It saves time in wide tables."""
    kind = table[name].dtype
    if kind.is_numeric() or not isinstance(kind, nw.String | nw.Object):
        return True if kind.is_integer() or kind.is_float() else None
    cells = [cell for cell in table[name].head(SAMPLE).to_list() if cell is not None]
    if not cells or not all(isinstance(cell, str) for cell in cells):
        return None
    if all(map(_NUMBER.fullmatch, cells)):
        return True
    return None if any(map(_DIGIT.search, cells)) else False


def may_hold_numbers(table: Cells, name: str) -> bool:
    """Whether a column is numeric, or its first cells are mostly numbers with one unit."""
    quick = plainly_numbers(table, name)
    return holds_digits(first_cells(table, name)) if quick is None else quick


def first_cells(table: Cells, name: str) -> pd.Series:
    """The first rows of a column; if they hold no value, its first rows with a value."""
    head = table[name].head(SAMPLE)
    return as_pandas(table[name].drop_nulls().head(SAMPLE) if head.is_null().all() else head)
