"""Decimal and thousands separators, decided for a column over all its cells.

A cell such as `1,234` fits two readings. Others fit one: in `1,234.5` and `1,234,567` the comma separates thousands, in
`0,250`, `12,5` and `1234,567` it is the decimal sign.

If no cell decides, the whole numbers of the column do. A column with 980, 990 and `1,010` has thousands, because a
decimal would have lost its last zero: `1,01`. Three decimals in every cell (`1.234`, `12.345`) are refused, unless the
mark is a point in a file of commas: a file with commas between cells has points in decimals. Prices rarely have three
decimals: `$1,037` is a thousand, and `1.037 €` in every cell is refused.
"""

import re
from collections.abc import Iterable

from segue.errors import UserError
from segue.forecasting.table.numbers.numerals import Numeral

_GROUPS = {
    ".": re.compile(r"[1-9]\d{0,2}(?:\.\d{3})+"),
    ",": re.compile(r"[1-9]\d{0,2}(?:,\d{3})+|[1-9]\d?(?:,\d{2})+,\d{3}"),  # 1,00,000 is a lakh
    " ": re.compile(r"[1-9]\d{0,2}(?:([ '_])\d{3})(?:\1\d{3})*"),
}
_WITH_COMMAS = re.compile(r"[A-Z]{0,2}\$|[£¥₹₩]|USD|GBP|AUD|CAD|NZD|JPY|CNY|RMB|INR|KRW|SGD|HKD|TWD|Rs\.?")
"""Currencies of countries that separate thousands by commas; their prices have no three decimals behind a comma."""

_BLANKS = re.compile("[ '_]")


class Separators:
    """The clues of a column on its decimal sign.

    Args:
        cells: Numbers, each with its text; one of each shape is enough.
    """

    def __init__(self, cells: Iterable[tuple[str, Numeral]]) -> None:
        self.clues: dict[str, str] = {}
        """The first text that shows each decimal sign."""
        self.open: dict[str, str] = {}
        """The first text with each mark that may separate thousands or decimals."""
        self.prices: set[str] = set()
        """The currencies of the texts in `open`. A price of three decimals, as of fuel, looks like a thousand."""
        self._whole: set[str] = set()  # whole numbers
        self._parts: set[str] = set()  # what stands before the sign or the mark that a number shows
        for text, number in cells:
            sign, is_open = _clue(number)
            if sign:
                (self.open if is_open else self.clues).setdefault(sign, text)
                self.prices |= {number.unit} if is_open and number.money else set()
                self._parts.add(number.core.split(sign)[0])
            elif number.core.isdigit() and not number.exponent:
                self._whole.add(number.core.lstrip("0"))

    @property
    def leaps(self) -> bool:
        """Whether decimals would lie far below all whole numbers: 1.010 beside 990, but never 9.9 beside 10."""
        return (
            bool(self.open and self._whole)
            and all(len(digits) == 3 for digits in self._whole)
            and all(len(digits) == 1 and digits != "0" for digits in self._parts)
        )

    def decimal(self, column: str, doubtful: bool) -> str:
        """Returns the decimal sign.

        Args:
            column: The name of the column.
            doubtful: Whether points in every cell, as in `1.234`, may separate thousands.

        Raises:
            UserError: Several readings are possible, or the cells contradict each other.
        """
        if len(self.clues) == 2:
            comma, point = self.clues[","], self.clues["."]
            fault = f"column {column} holds {comma!r} with a decimal comma and {point!r} with a decimal point"
            raise UserError("decimal", "(not given)", f"{fault}; give . or , and mend the cells that differ")
        if self.clues:
            sign = next(iter(self.clues))
            if sign in self.open and self.leaps:
                raise self._refusal(column, self.open[sign], f" beside {self.clues[sign]!r}")
            return sign
        if not self.open:
            return "."
        mark = next(iter(self.open))
        small = bool(self._whole - {""}) and all(len(digits) <= 3 for digits in self._whole)
        large = any(len(digits) == 3 for digits in self._whole)  # as a decimal, 1,250 would lie far below 999
        if len(self.open) == 1 and small and large and (mark == "," or (self.leaps and doubtful)):
            return "." if mark == "," else ","
        if len(self.open) == 1 and mark == "," and self.prices and all(map(_WITH_COMMAS.fullmatch, self.prices)):
            return "."
        if len(self.open) == 1 and mark == "." and not (self._whole or self.prices or doubtful):
            return "."
        raise self._refusal(column, self.open[mark])

    @staticmethod
    def _refusal(column: str, text: str, beside: str = "") -> UserError:
        fault = f"{text!r} of column {column}{beside} may hold thousands or decimals"
        return UserError("decimal", "(not given)", f"{fault}; give . or , as the decimal sign")


def parsed(number: Numeral, decimal: str) -> float | None:
    """Returns the value of a number with this decimal sign; None if its separators do not fit."""
    whole, _, fraction = number.core.partition(decimal)
    if not whole.isdigit() and not (whole == "" and fraction) and not _grouped(whole, "," if decimal == "." else "."):
        return None
    if fraction and not fraction.isdigit():
        return None
    digits = re.sub(r"\D", "", whole)
    value = float(f"{digits or 0}.{fraction or 0}e{number.exponent or 0}")
    return -value if number.negative else value


def _grouped(whole: str, mark: str) -> bool:
    return bool(_GROUPS[mark].fullmatch(whole) or _GROUPS[" "].fullmatch(whole))


def _clue(number: Numeral) -> tuple[str, bool]:
    """The decimal sign that a number shows, or its mark and true where it may separate thousands or decimals."""
    core = number.core
    marks = [mark for mark in ".," if mark in core]
    if not marks:
        return "", False
    last = max(marks, key=core.rfind)
    other = "," if last == "." else "."
    whole, _, rest = core.rpartition(last)
    if core.count(last) > 1:  # groups of thousands, or no number
        return (other, False) if len(marks) == 1 and _grouped(core, last) else ("", False)
    if len(marks) == 2 or _BLANKS.search(core):
        return (last, False) if _grouped(whole, other) else ("", False)
    if not number.exponent and _GROUPS[last].fullmatch(core) and len(rest) == 3:
        return last, True
    return last, False
