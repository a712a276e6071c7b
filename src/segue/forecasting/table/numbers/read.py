"""Columns of numbers: typed, or text in the form of any country, with currencies, per cent or one unit."""

import numbers
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from segue.errors import UserError
from segue.forecasting.table.numbers.numerals import MISSING, numeral
from segue.forecasting.table.numbers.separators import Separators
from segue.forecasting.table.numbers.text import INFINITE, NumbersRead, read_text

__all__ = ["MISSING", "NumbersRead", "holds_digits", "looks_like_numbers", "read_numbers"]

_SAMPLE = 200  # cells that decide whether a column holds numbers, each distinct text once


def read_numbers(
    name: str,
    column: pd.Series,
    decimal: str | None = None,
    beside: Iterable[pd.Series] = (),
    points: bool = False,
) -> NumbersRead:
    """Reads the numbers of a column.

    Text may have thousands separators (`1,234`, `1.234`, `1 234`, `1'234`, `1_234`, `1,00,000`), a currency or one unit
    before or after it (`$5`, `5 €`, `60%`, `12 kWh`), and signs of accounts (`(5)`, `5-`). Booleans, complex numbers
    and hexadecimal digits are no numbers. Typed numbers need no decimal sign.

    Args:
        name: The name of the column.
        column: The cells.
        decimal: The decimal sign of text; by default it is inferred from all cells of the column.
        beside: Other columns of the table. Where one has decimal commas, `1.234` in every cell is ambiguous.
        points: Whether the text is of a file whose delimiter is a comma, so that `1.234` in every cell is decimal.

    Raises:
        UserError: The column holds no numbers by its type, or text whose decimal sign is ambiguous.
    """
    kind = column.dtype
    if isinstance(kind, pd.CategoricalDtype):
        column = column.cat.remove_unused_categories()
        known = read_numbers(name, pd.Series(column.cat.categories), decimal, beside, points)
        codes = column.cat.codes.to_numpy()
        values = np.append(known.values, np.nan)[codes]
        return NumbersRead(values, np.flatnonzero(np.isin(codes, known.bad)), known.example)
    if _is_numeric(kind):
        return NumbersRead(_floats(column), np.empty(0, dtype=np.int64))
    if not (pd.api.types.is_object_dtype(kind) or pd.api.types.is_string_dtype(kind)):
        remedy = "whole numbers 0 and 1" if pd.api.types.is_bool_dtype(kind) else "a column of numbers"
        raise UserError("target_col", name, f"holds {kind}, not numbers; give {remedy}")

    def doubtful() -> bool:
        return not points or any(map(_has_commas, beside))

    if pd.api.types.infer_dtype(column, skipna=True) not in ("string", "empty"):  # Arrow would take bytes for text
        return _read_objects(name, column, decimal, doubtful)
    try:
        cells = pa.array(_objects(column), type=pa.string(), from_pandas=True)
    except (pa.ArrowException, UnicodeError):  # half a pair of UTF-16
        return _read_objects(name, column, decimal, doubtful)
    return read_text(name, cells, decimal, doubtful)


def looks_like_numbers(column: pd.Series) -> bool:
    """Whether a column is numeric, or text of which a sample holds numbers without units."""
    if not _may_hold_numbers(column):
        return _is_numeric(column.dtype)
    cells = _sample(column)
    found = [numeral(cell) for cell in cells if isinstance(cell, str)]
    counts = sum(_is_number(cell) for cell in cells) + sum(number is not None and not number.unit for number in found)
    return bool(cells) and counts == len(cells)


def holds_digits(column: pd.Series) -> bool:
    """Whether a column is numeric, or text of which most of a sample are numbers with one unit, such as `$1,037`."""
    if not _may_hold_numbers(column):
        return _is_numeric(column.dtype)
    cells = _sample(column)
    found = [numeral(cell) for cell in cells if isinstance(cell, str)]
    units = [number.unit for number in found if number is not None]
    counts = sum(_is_number(cell) or (isinstance(cell, str) and cell.strip().lower() in INFINITE) for cell in cells)
    most = max((units.count(unit) for unit in set(units) - {""}), default=0)
    return 2 * (counts + units.count("") + most) > len(cells)


def _is_numeric(kind: Any) -> bool:
    types = pd.api.types
    return types.is_numeric_dtype(kind) and not types.is_bool_dtype(kind) and not types.is_complex_dtype(kind)


def _may_hold_numbers(column: pd.Series) -> bool:
    """Whether the cells decide, because the type of the column does not."""
    kind = column.dtype
    return (
        pd.api.types.is_object_dtype(kind)
        or isinstance(kind, pd.CategoricalDtype)
        or pd.api.types.is_string_dtype(kind)
    )


def _is_number(cell: object) -> bool:
    return isinstance(cell, numbers.Real | Decimal) and not isinstance(cell, bool | np.bool_)


def _objects(column: pd.Series) -> NDArray[np.object_]:
    """The cells as objects of Python, None where missing."""
    cells = column.to_numpy(dtype=object, copy=True)
    cells[column.isna().to_numpy()] = None
    return cells


def _is_missing(cell: object) -> bool:
    return isinstance(cell, str) and cell.strip() in MISSING


def _sample(column: pd.Series) -> list[Any]:
    """Cells that are not missing, from the first rows if these have any: first each distinct text, then all others."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = pd.Series(column.cat.categories)
    for part in (column.head(1000), column):
        cells = [cell for cell in part[part.notna()].tolist() if not _is_missing(cell)]
        if cells:
            texts = list(dict.fromkeys(cell for cell in cells if isinstance(cell, str)))
            return [*texts, *(cell for cell in cells if not isinstance(cell, str))][:_SAMPLE]
    return []


def _floats(column: pd.Series) -> NDArray[np.float64]:
    plain = column.dtype == np.float64  # NaN is its only missing value, so no copy is needed
    return np.asarray(column.to_numpy() if plain else column.to_numpy(dtype=np.float64, na_value=np.nan))


def _read_objects(name: str, column: pd.Series, decimal: str | None, doubtful: Callable[[], bool]) -> NumbersRead:
    """Reads cells of several types: text by its form, numbers as they are."""
    cells = _objects(column)
    values, bad, texts, example = np.full(len(cells), np.nan), [], [], ""
    for row, cell in enumerate(cells):
        if isinstance(cell, str):
            texts.append(row)
        elif _is_number(cell):
            values[row] = _float(cell)
        elif cell is not None and cell is not pd.NaT:
            bad.append(row)
    if texts:
        # half a pair of UTF-16 is no text of Arrow
        written = [cells[row].encode(errors="backslashreplace").decode() for row in texts]
        text = read_text(name, pa.array(written, pa.string()), decimal, doubtful)
        values[texts], example = text.values, text.example
        bad = sorted([*bad, *np.array(texts)[text.bad].tolist()])
    return NumbersRead(values, np.array(bad, dtype=np.int64), example)


def _float(number: Any) -> float:
    try:
        return float(number)
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")


def _has_commas(column: pd.Series) -> bool:
    """Whether a sample of a column shows decimal commas."""
    if not _may_hold_numbers(column):
        return False
    cells = [(cell, numeral(cell)) for cell in _sample(column) if isinstance(cell, str)]
    return "," in Separators((cell, number) for cell, number in cells if number is not None).clues
