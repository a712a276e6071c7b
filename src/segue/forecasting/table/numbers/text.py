"""A column of text that holds numbers: its unit and its separators, inferred from all cells, and its values."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Bool, Float64, Int64

from segue.forecasting.table.numbers.numerals import MISSING, Numeral, is_money, numeral
from segue.forecasting.table.numbers.separators import Separators, parsed
from segue.forecasting.table.numbers.shapes import shapes_of, sizes_of

INFINITE = {"inf": np.inf, "+inf": np.inf, "-inf": -np.inf, "infinity": np.inf, "+infinity": np.inf,
             "-infinity": -np.inf, "∞": np.inf, "-∞": -np.inf}  # fmt: skip
"""Words for infinite numbers, in small letters."""

_BLANK_WORDS = pa.array(sorted(MISSING))


@dataclass(frozen=True, eq=False)
class NumbersRead:
    """The numbers of a column.

    Attributes:
        values: The number of each row; NaN where it is missing or no number, infinite where the cell says so.
        bad: The rows whose cells are not numbers, or are numbers in another unit, ascending.
        example: A number of the column as most are written; empty where numbers are typed.
    """

    values: Float64[np.ndarray, " rows"]
    bad: Int64[np.ndarray, " bad"]
    example: str = ""

    def fault(self, cell: object) -> tuple[str, str]:
        """Returns what is wrong with a bad cell, and what to do."""
        number = numeral(cell) if isinstance(cell, str) else None
        if number is None:
            return f"is not a number but {_shown(cell)}", "mend it or name a column of numbers"
        if number.scaled:
            return f"is {_shown(cell)}, whose unit multiplies it,", "write its digits in full"
        if number.unit or _unit(self.example):
            return f"is {_shown(cell)}, in another unit than {self.example!r},", "write all numbers in one unit"
        return f"is {_shown(cell)}, which has other separators than {self.example!r},", "mend it or give `decimal`"


def read_text(name: str, cells: pa.Array, decimal: str | None, doubtful: Callable[[], bool]) -> NumbersRead:
    """Reads the numbers of text. One cell of each shape decides for all that differ from it in digits alone.

    Args:
        name: The name of the column.
        cells: The text of each row.
        decimal: The decimal sign; None to infer it.
        doubtful: A function that returns whether `1.234` in every cell may hold thousands.

    Raises:
        UserError: The decimal sign is ambiguous.
    """
    cells = _without_missing(cells)
    shapes, firsts = shapes_of(cells)
    texts = [cells[row].as_py() for row in firsts.tolist()]
    found = {shape: numeral(text) for shape, text in enumerate(texts)}
    regular = {shape: n for shape, n in found.items() if n is not None and _regular(texts[shape], n)}
    irregular = np.isin(shapes, list(found.keys() - regular.keys()))
    odd = _Odd(cells, irregular)
    counts = np.bincount(shapes[shapes >= 0], minlength=len(texts)).tolist()
    examples = [*((texts[shape], n, counts[shape]) for shape, n in regular.items()), *((*o, 1) for o in odd.numerals)]
    units = _one_unit(examples)
    examples = [example for example in examples if example[1].unit in units]
    if decimal is None:
        clues = Separators((text, number) for text, number, _ in examples)
        decimal = clues.decimal(name, "." in clues.open and not clues.clues and doubtful())
    fits = {shape for shape, n in regular.items() if n.unit in units and parsed(n, decimal) is not None}
    values, bad = np.full(len(cells), np.nan), np.isin(shapes, list(regular.keys() - fits))
    rows = np.flatnonzero(np.isin(shapes, list(fits)))
    values[rows] = sizes_of(cells if len(rows) == len(cells) else cells.take(pa.array(rows)), decimal)
    values[np.isin(shapes, [shape for shape in fits if regular[shape].negative])] *= -1
    values[irregular] = odd.values(decimal, units)
    bad[irregular] = np.isnan(values[irregular])
    example = max(examples, key=lambda example: example[2], default=("", None, 0))[0]
    return NumbersRead(values, np.flatnonzero(bad), example)


class _Odd:
    """Cells that are read one by one: powers of ten, units with digits, digits of other scripts, and other text."""

    def __init__(self, cells: pa.Array, which: Bool[np.ndarray, " rows"]) -> None:
        self._codes, texts = pd.factorize(cells.filter(pa.array(which)).to_numpy(zero_copy_only=False))
        self._known = {text: numeral(text) for text in texts}

    @property
    def numerals(self) -> list[tuple[str, Numeral]]:
        """The numbers among them, each with its text."""
        return [(text, number) for text, number in self._known.items() if number is not None]

    def values(self, decimal: str, units: set[str]) -> Float64[np.ndarray, " odd"]:
        """Returns the value of each cell; NaN for no number, and for those in other units."""
        values = []
        for text, number in self._known.items():
            if number is None:
                value = INFINITE.get(text.lower())
            else:
                value = parsed(number, decimal) if number.unit in units else None
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


def _one_unit(cells: list[tuple[str, Numeral, int]]) -> set[str]:
    """The unit of most numbers; a currency may be missing, and a zero has no unit. `cells` has text, number, count."""
    counts: Counter[str] = Counter()
    for _, number, count in cells:
        if number.unit or number.core.strip("0.,"):
            counts[number.unit] += 0 if number.scaled else count
    money = [unit for unit in counts if is_money(unit)]
    first = max(counts, key=lambda unit: counts[unit], default="")
    if not counts[first]:
        return {""}
    if first in money:
        return {first, ""}
    if first:
        return {first} | ({""} if "" not in counts else set())
    return {"", *money[:1]}


def _unit(text: str) -> str:
    number = numeral(text)
    return "" if number is None else number.unit


def _shown(cell: object) -> str:
    """Writes a cell for a message."""
    text = repr(cell) if isinstance(cell, str | bytes) else str(cell)
    return text if len(text) <= 60 else f"{text[:60]}..."
