"""One number as text: its sign, its digits with their separators, and its unit."""

import re
from typing import NamedTuple

_WORDS = ("", "?", "-", "--", "---", ".", "..", "...", ":", "*", "NA", "N/A", "N.A.", "NaN", "NaT", "NULL", "(null)",
          "None", "Nil", "#N/A", "#NA", "#N/A N/A", "<NA>", "\\N", "\u2013", "\u2014", "\u2212")  # fmt: skip
MISSING = frozenset(form(word) for word in _WORDS for form in (str, str.lower, str.upper, str.title))
"""Texts that mean a missing value. In a column of ids only an empty cell is missing."""

_SYMBOLS = "$€£¥₹₽₩₺₴₦₱₫₪฿₡₲₵₸₼₾¢"
_CODES = (
    "USD EUR GBP CHF JPY CNY RMB INR AUD CAD NZD SEK NOK DKK ISK PLN CZK HUF RON BGN RUB UAH TRY BRL MXN ARS CLP COP "
    "PEN ZAR NGN KES EGP ILS AED SAR KRW SGD HKD TWD THB IDR MYR PHP VND 円 元 원 руб. руб грн lei Rs. Rs Fr. Fr "
    "kr. kr zł Kč Ft RM Rp"
)
_CURRENCY = rf"(?:[A-Z]{{0,3}}[{_SYMBOLS}]|{'|'.join(re.escape(code) for code in _CODES.split())})"
_CORE = r"(?:\d[\d.,' _]*|[.,]\d+)"
_EXPONENT = r"(?:[eE]([-+]?\d{1,4}))?"
_UNIT = rf"(?![eE]\b)(?:[^\W\d_]|[%‰°µΩ{_SYMBOLS}])(?:[^\W\d_]|[23](?!\d)|[%‰°µΩ²³·/ .^{_SYMBOLS}]){{0,14}}"
_PLAIN = re.compile(rf"([-+]?)({_CORE}){_EXPONENT}")
_DRESSED = re.compile(rf"([-+]?) *({_CURRENCY}?) *([-+]?) *({_CORE}){_EXPONENT} *(-?) *((?:{_UNIT})?) *(-?)")
_ACCOUNTING = re.compile(r"([^()\d]*)\(([^()]+)\)([^()\d]*)")
_SCALED = re.compile(
    rf"{_CURRENCY}? ?(?:[kKMBT]|mn|bn|mln|bln|mio|mrd|tsd|thousand|million|billion|lakh|crore|[千万萬億亿])s?\.? ?"
    rf"{_CURRENCY}?",
    re.IGNORECASE,
)
_CASED = re.compile("[mbt]")  # metres, bytes, tonnes
_IS_CURRENCY = re.compile(_CURRENCY)
_SIGNS = str.maketrans(
    {**dict.fromkeys("\u2212\u2012\u2013\ufe63\uff0d", "-"), **dict.fromkeys("\u2019\u02bc\uff07\u066c\u00b4`", "'"),
     "\uff0b": "+", "\uff0e": ".", "\uff0c": ",", "\uff05": "%", "\uff08": "(", "\uff09": ")", "\uff04": "$"}
)  # fmt: skip


class Numeral(NamedTuple):
    """A number as text.

    Attributes:
        negative: Whether it is below zero: `-5`, `5-` and `(5)` are.
        core: Its digits with decimal and thousands separators, such as `1'234.5`.
        exponent: The digits of its power of ten, such as `-3`; empty if there is none.
        unit: What stands before and after it, such as `$`, `%` or `kWh`.
    """

    negative: bool
    core: str
    exponent: str
    unit: str

    @property
    def money(self) -> bool:
        """Whether the unit is a currency."""
        return is_money(self.unit)

    @property
    def scaled(self) -> bool:
        """Whether the unit multiplies the number, as `k` and `Mio.` do."""
        return bool(self.unit) and bool(_SCALED.fullmatch(self.unit)) and not _CASED.fullmatch(self.unit)


def is_money(unit: str) -> bool:
    """Whether a unit is a currency."""
    return _IS_CURRENCY.fullmatch(unit) is not None


def numeral(text: str) -> Numeral | None:
    """Reads the parts of one number; None if the text is no number.

    Args:
        text: A cell, such as `-1,037.5`, `$1,037`, `1.037,50 €`, `(1,234)`, `12-`, `60%`, `1e5`, `12 kWh`.

    Example:
        >>> numeral("($1,234.50)")
        Numeral(negative=True, core='1,234.50', exponent='', unit='$')
    """
    text = text.strip() if text.isascii() else _ascii(text).strip()
    plain = _PLAIN.fullmatch(text)
    if plain:
        return Numeral(plain[1] == "-", plain[2].rstrip(), plain[3] or "", "")
    if len(text) > 60:  # no number is this long
        return None
    brackets = _ACCOUNTING.fullmatch(text)
    parts = _DRESSED.fullmatch("".join(brackets.groups()) if brackets else text)
    if parts is None:
        return None
    before, prefix, inner, core, exponent, after, suffix, last = parts.groups()
    signs = before + inner + after + last
    if len(signs) + bool(brackets) > 1 or (prefix and suffix) or (core == "0" and suffix[:1] in "xX" and suffix):
        return None
    return Numeral(bool(brackets) or "-" in signs, core.rstrip(), exponent or "", (prefix or suffix).strip())


def _ascii(text: str) -> str:
    """Writes digits of any script, blanks of any width, and their signs in plain characters."""
    text = text.translate(_SIGNS)
    return "".join(str(int(c)) if c.isdecimal() else " " if c.isspace() else c for c in text)
