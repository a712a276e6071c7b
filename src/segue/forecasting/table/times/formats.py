"""Times in a format that the user gives, as in `time.strptime`, or by a word such as `epoch-s`."""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from segue.errors import UserError
from segue.forecasting.table.grid.frequency import Times
from segue.forecasting.table.times.cells import Cells, refuse_lost_zeros
from segue.forecasting.table.times.century import CENTURY_REMEDY, full_years
from segue.forecasting.table.times.fields import assembled, extract, matches

_WIDTHS = {
    "Y": 4, "G": 4, "y": 2, "m": 2, "d": 2, "H": 2, "M": 2, "S": 2, "V": 2, "U": 2, "W": 2, "j": 3, "u": 1, "w": 1,
    "q": 1,
}  # fmt: skip
_SAME = {"e": "d", "k": "H", "I": "H", "l": "H", "Q": "q", "h": "b", "B": "b", "A": "a", "L": "f", "N": "f", "P": "p"}
_LONG = {
    "F": "%Y-%m-%d", "T": "%H:%M:%S", "R": "%H:%M", "D": "%m/%d/%y", "c": "%a %b %d %H:%M:%S %Y", "x": "%m/%d/%y",
    "X": "%H:%M:%S", "r": "%I:%M:%S %p", "n": " ", "t": " ",
}  # fmt: skip
_OTHER = {
    "f": r"(?P<f>\d{1,12})", "p": r"(?P<p>[ap]\.?m\.?)", "b": r"(?P<b>(?:%s)[a-z]*\.?)", "a": r"(?P<a>(?:%s)[a-z]*\.?)",
    "s": r"(?P<s>-?\d{1,12})", "%": "%",
    "z": r"(?:z|(?:utc|gmt)?[+-]\d{1,2}(?::?\d{2}(?::?\d{2})?)?|utc|gmt)", "Z": r"[a-z0-9_/+-]+",
}  # fmt: skip
_OTHER["b"] %= "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_OTHER["a"] %= "mon|tue|wed|thu|fri|sat|sun"
_MAY_BE_ZERO = "HMSy"  # fields that vanish altogether where a number has lost its leading zeros
_EXAMPLE = "for example '%d.%m.%Y %H:%M'"


@dataclass(frozen=True)
class Compiled:
    """Patterns of a format.

    Attributes:
        strict: Numbers that touch each other have all their digits.
        loose: The first of such numbers may have lost its leading zeros.
        zeros: Such a number begins with a zero, so that zeros are not lost.
    """

    strict: str
    loose: str
    zeros: str


def read_format(cells: Cells, form: str) -> Times:
    """Reads the time of each distinct text in a format.

    Numbers that touch each other, as in `%d%m%Y`, have all their digits; the first of them may have lost its leading
    zeros, if all rows have. Elsewhere leading zeros may be missing.

    Returns:
        Times in microseconds, `(texts,)`.

    Raises:
        UserError: The format is none, or a text does not have it.
    """
    patterns = compiled(form)
    fields, fits = extract(cells.texts, patterns.strict)
    if not fits.all() and not (patterns.loose == patterns.strict or matches(cells.texts, patterns.zeros).any()):
        fields, fits = extract(cells.texts, patterns.loose)
    if not fits.all():
        remedy = f"it does not have the `time_format` {form!r}; mend the row or the format"
        raise cells.refuse(int((~fits).argmax()), remedy)
    refuse_lost_zeros(cells)
    if not set("YGs") & set(fields):
        years = full_years(np.maximum(fields["y"], 0), cells)  # 00 may have vanished
        if years is None:
            raise cells.refuse(0, CENTURY_REMEDY)
        fields["Y"] = years
    if "V" in fields and "G" not in fields:  # a year beside an ISO week is the year of the week
        fields["G"] = fields["Y"]
    times = assembled(fields)
    if np.isnat(times).any():
        bad = int(np.isnat(times).argmax())
        raise cells.refuse(bad, "there is no such time; mend the row, or name another `time_format`")
    return times


def compiled(form: str) -> Compiled:
    """Makes patterns of a format.

    Raises:
        UserError: The format has an unknown directive, one of them twice, no year, or hours of twelve without `%p`.
    """
    parts = _parts(form)
    letters = [letter for letter, _ in parts if letter not in ("", "%", "z", "Z")]
    if len(set(letters)) < len(letters):
        twice = next(letter for letter in letters if letters.count(letter) > 1)
        remedy = f"names %{twice} twice; name each once. Ranges of two dates are read without a format"
        raise UserError("time_format", form, remedy)
    if not set(letters) & set("YyGs"):
        raise UserError("time_format", form, f"names no year; give a format with %Y, %y, %G or %s, {_EXAMPLE}")
    strict = loose = zeros = ""
    for touching, group in itertools.groupby(parts, key=lambda part: part[0] in _WIDTHS):
        run = list(group)
        if touching and len(run) > 1:
            names = [letter for letter, _ in run]
            whole = _digits(names)
            strict, loose = strict + whole, loose + _without_zeros(names)
            zeros += rf"0\d{{{sum(_WIDTHS[name] for name in names) - 1}}}"
        else:
            piece = "".join(_piece(letter, literal) for letter, literal in run)
            strict, loose, zeros = strict + piece, loose + piece, zeros + piece
    return Compiled(strict, loose, zeros)


def _parts(form: str) -> list[tuple[str, str]]:
    """The directives of a format as letters of `Fields`, or else "" and a piece of literal text."""
    form = re.sub("%(.)", lambda directive: _LONG.get(directive[1], directive[0]), form, flags=re.DOTALL)
    parts: list[tuple[str, str]] = []
    of_twelve = False
    for flag, letter, literal in re.findall(r"%([-_#^0:E]?)(.?)|([^%]+)", form, re.DOTALL):
        if literal:
            parts += [("", " +" if sign == " " else re.escape(sign)) for sign in re.sub(r"\s+", " ", literal)]
            continue
        of_twelve |= letter in ("I", "l")
        letter = _SAME.get(letter, letter)
        if letter not in _WIDTHS and letter not in _OTHER:
            fault = f"%{flag}{letter} is not a directive" if letter else "ends with a lone %"
            raise UserError("time_format", form, f"{fault}; give a format of `time.strptime`, {_EXAMPLE}")
        parts.append((letter, ""))
    if of_twelve and ("p", "") not in parts:
        raise UserError("time_format", form, "names hours of twelve but no %p; give %H, or add %p")
    return parts


def _piece(letter: str, literal: str) -> str:
    """The pattern of a directive that no other number touches, or of literal text."""
    if letter not in _WIDTHS:
        return _OTHER[letter] if letter else literal
    least = _WIDTHS[letter] if letter in "YGy" else 1
    return rf" ?(?P<{letter}>\d{{{least},{_WIDTHS[letter]}}})"


def _digits(names: Sequence[str]) -> str:
    return "".join(rf"(?P<{name}>\d{{{_WIDTHS[name]}}})" for name in names)


def _without_zeros(names: Sequence[str]) -> str:
    """Numbers that touch each other where the first, or fields that may be zero, lost their zeros: `930` for 09:30."""
    forms = []
    for index, name in enumerate(names):
        if name in "YG":
            forms.append(_digits(names[index:]) if not index else "")
            break
        forms.append(rf"(?P<{name}>\d{{1,{_WIDTHS[name]}}})" + _digits(names[index + 1 :]))
        if name not in _MAY_BE_ZERO:
            break
    return _alternatives([form for form in forms if form])


def _alternatives(forms: Sequence[str]) -> str:
    """Joins patterns; their groups get numbers, since a name stands once in a pattern."""
    numbered = [re.sub(r"\?P<(\w)>", rf"?P<\g<1>{index or ''}>", form) for index, form in enumerate(forms)]
    return f"(?:{'|'.join(numbered)})"
