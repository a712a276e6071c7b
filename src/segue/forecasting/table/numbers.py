"""Columns of numbers: typed, or text in the form of any country, with currencies, per cent or one unit."""

import numbers
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Bool, Float64, Int64
from numpy.typing import NDArray

from segue.errors import UserError
from segue.forecasting.table.numerals import MISSING, Numeral, numeral
from segue.forecasting.table.separators import Separators, parsed
from segue.forecasting.table.shapes import shapes_of, sizes_of

__all__ = ["MISSING", "NumbersRead", "holds_digits", "looks_like_numbers", "read_numbers", "shown"]

_INFINITE = {"inf": np.inf, "+inf": np.inf, "-inf": -np.inf, "infinity": np.inf, "+infinity": np.inf,
             "-infinity": -np.inf, "∞": np.inf, "-∞": -np.inf}  # fmt: skip
_SAMPLE = 200  # distinct cells that decide whether a column holds numbers
_BLANK_WORDS = pa.array(sorted(MISSING))


@dataclass(frozen=True, eq=False)
class NumbersRead:
    """The numbers of a column.

    Attributes:
        values: The number of each row; NaN where it is missing or no number, infinite where the cell says so.
        bad: The rows whose cells are no numbers, ascending.
    """

    values: Float64[np.ndarray, " rows"]
    bad: Int64[np.ndarray, " bad"]


def read_numbers(
    name: str, column: pd.Series, decimal: str | None = None, beside: Iterable[pd.Series] = ()
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

    Raises:
        UserError: The column holds no numbers by its type, several units, or text with several possible readings.
    """
    kind = column.dtype
    if isinstance(kind, pd.CategoricalDtype):
        column = column.cat.remove_unused_categories()
        known = read_numbers(name, pd.Series(column.cat.categories), decimal, beside)
        codes = column.cat.codes.to_numpy()
        values = np.append(known.values, np.nan)[codes]
        return NumbersRead(values, np.flatnonzero(np.isin(codes, known.bad)))
    if _is_numeric(kind):
        return NumbersRead(_floats(column), np.empty(0, dtype=np.int64))
    if not (pd.api.types.is_object_dtype(kind) or pd.api.types.is_string_dtype(kind)):
        remedy = "whole numbers 0 and 1" if pd.api.types.is_bool_dtype(kind) else "a column of numbers"
        raise UserError("target_col", name, f"holds {kind}, not numbers; give {remedy}")
    if pd.api.types.infer_dtype(column, skipna=True) not in ("string", "empty"):  # Arrow would take bytes for text
        return _read_objects(name, column, decimal, beside)
    try:
        cells = pa.array(_objects(column), type=pa.string(), from_pandas=True)
    except (pa.ArrowException, UnicodeError):  # half a pair of UTF-16
        return _read_objects(name, column, decimal, beside)
    return _read_text(name, cells, decimal, beside)


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
    counts = sum(_is_number(cell) or (isinstance(cell, str) and cell.strip().lower() in _INFINITE) for cell in cells)
    most = max((units.count(unit) for unit in set(units) - {""}), default=0)
    return 2 * (counts + units.count("") + most) > len(cells)


def shown(cell: object) -> str:
    """Writes a cell for a message."""
    text = repr(cell) if isinstance(cell, str | bytes) else str(cell)
    return text if len(text) <= 60 else f"{text[:60]}..."


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
    """Distinct cells that are not missing, of the first rows if these have any."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = pd.Series(column.cat.categories)
    for part in (column.head(1000), column):
        cells = [
            cell for cell in part[part.notna()].tolist() if not (isinstance(cell, str) and cell.strip() in MISSING)
        ]
        if cells:
            texts = list(dict.fromkeys(cell for cell in cells if isinstance(cell, str)))
            return [*texts, *(cell for cell in cells if not isinstance(cell, str))][:_SAMPLE]
    return []


def _floats(column: pd.Series) -> NDArray[np.float64]:
    plain = column.dtype == np.float64  # NaN is its only missing value, so no copy is needed
    return np.asarray(column.to_numpy() if plain else column.to_numpy(dtype=np.float64, na_value=np.nan))


def _read_objects(name: str, column: pd.Series, decimal: str | None, beside: Iterable[pd.Series]) -> NumbersRead:
    """Reads cells of several types: text by its form, numbers as they are."""
    cells = _objects(column)
    values, bad, texts = np.full(len(cells), np.nan), [], []
    for row, cell in enumerate(cells):
        if isinstance(cell, str):
            texts.append(row)
        elif _is_number(cell):
            values[row] = _float(cell)
        elif cell is not None and cell is not pd.NaT:
            bad.append(row)
    if texts:
        written = [
            cells[row].encode(errors="backslashreplace").decode() for row in texts
        ]  # half a pair of UTF-16 is no text
        text = _read_text(name, pa.array(written, pa.string()), decimal, beside)
        values[texts] = text.values
        bad = sorted([*bad, *np.array(texts)[text.bad].tolist()])
    return NumbersRead(values, np.array(bad, dtype=np.int64))


def _float(number: Any) -> float:
    try:
        return float(number)
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")


def _read_text(name: str, cells: pa.Array, decimal: str | None, beside: Iterable[pd.Series]) -> NumbersRead:
    """Reads text: one cell of each shape decides for all, since cells that differ in digits alone have one form."""
    cells = _without_missing(cells)
    values = np.full(len(cells), np.nan)
    shapes, firsts = shapes_of(cells)
    known: dict[int, Numeral] = {}
    odd_shapes = []
    for shape, row in enumerate(firsts.tolist()):
        number = numeral(text := cells[row].as_py())
        if number is not None and _regular(text, number):
            known[shape] = number
        else:
            odd_shapes.append(shape)
    irregular = np.isin(shapes, odd_shapes)
    odd = _Odd(cells, irregular)
    examples = [*((cells[firsts[shape]].as_py(), number) for shape, number in known.items()), *odd.numerals]
    _refuse_units(name, examples)
    if decimal is None:
        clues = Separators(examples)
        decimal = clues.decimal(name, "." in clues.open and not clues.clues and any(map(_has_commas, beside)))
    fits = {shape for shape, number in known.items() if parsed(number, decimal) is not None}
    rows = np.flatnonzero(np.isin(shapes, list(fits)))
    values[rows] = sizes_of(cells if len(rows) == len(cells) else cells.take(pa.array(rows)), decimal)
    values[np.isin(shapes, [shape for shape in fits if known[shape].negative])] *= -1
    bad = np.isin(shapes, list(known.keys() - fits))
    odd_values = odd.values(decimal)
    values[irregular] = odd_values
    bad[irregular] = np.isnan(odd_values)
    return NumbersRead(values, np.flatnonzero(bad))


class _Odd:
    """Cells that are read one by one: powers of ten, units with digits, digits of other scripts, and no numbers."""

    def __init__(self, cells: pa.Array, which: Bool[np.ndarray, " rows"]) -> None:
        self._codes, texts = pd.factorize(cells.filter(pa.array(which)).to_numpy(zero_copy_only=False))
        self._known = {text: numeral(text) for text in texts}

    @property
    def numerals(self) -> list[tuple[str, Numeral]]:
        """The numbers among them, each with its text."""
        return [(text, number) for text, number in self._known.items() if number is not None]

    def values(self, decimal: str) -> Float64[np.ndarray, " odd"]:
        """Returns the value of each cell; NaN for no number."""
        values = []
        for text, number in self._known.items():
            value = _INFINITE.get(text.lower()) if number is None else parsed(number, decimal)
            values.append(np.nan if value is None else value)
        return np.array(values, dtype=np.float64)[self._codes]


def _regular(text: str, number: Numeral) -> bool:
    """Whether the sign and the unit of a number are no digits, so that its digits alone are its size."""
    if number.exponent and (number.unit or text[-1:] in "-)"):
        return False
    if re.search(r"[\d.,]", number.unit):
        return False
    return text.isascii() or not any(c.isdecimal() or c in "\uff0e\uff0c" for c in text if c > "\x7f")


def _without_missing(cells: pa.Array) -> pa.Array:
    cells = pc.utf8_trim_whitespace(cells)
    return pc.if_else(pc.is_in(cells, value_set=_BLANK_WORDS), None, cells)


def _has_commas(column: pd.Series) -> bool:
    """Whether a sample of a column shows decimal commas."""
    if not _may_hold_numbers(column):
        return False
    cells = [(cell, numeral(cell)) for cell in _sample(column) if isinstance(cell, str)]
    return "," in Separators((cell, number) for cell, number in cells if number is not None).clues


def _refuse_units(name: str, cells: list[tuple[str, Numeral]]) -> None:
    """Refuses units that differ, and those that multiply numbers; a currency may be left out, and a zero has none."""
    first: dict[str, str] = {}
    for text, number in cells:
        if number.scaled:
            raise UserError("target_col", name, f"holds {text!r}, whose unit scales it; write its digits in full")
        if number.unit or number.core.strip("0.,"):
            first.setdefault(number.unit, text)
    if set(first) > {""} and len(first) == 2 and next(n.money for _, n in cells if n.unit):
        return
    if len(first) > 1:
        one, other = list(first.values())[:2]
        raise UserError("target_col", name, f"holds {one!r} and {other!r}; write all numbers in one unit")
