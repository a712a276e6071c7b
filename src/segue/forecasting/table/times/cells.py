"""The cells of a column of times: its distinct texts, and which row holds which."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from segue.errors import UserError

_NO_TEXT = ("", "-", "--", "?", ".", "na", "n/a", "#n/a", "nan", "nat", "null", "none", "<na>")
_BLANKS = r"[\s\x{00a0}\x{2000}-\x{200a}\x{202f}\x{3000}]+"  # as in the times of newer Windows and Java
_MARKS = r"[\x{200b}-\x{200f}\x{feff}]"  # invisible marks of direction and byte order


@dataclass(frozen=True, eq=False)
class Cells:
    """A column of texts in which each distinct text is read once.

    Attributes:
        label: The name of the column, for errors.
        texts: The distinct texts without outer blanks, in order of appearance.
        codes: The index of each row's text; -1 where it is missing.
        today: Times later than this are no history.
    """

    label: str
    texts: pa.StringArray
    codes: NDArray[np.int64]
    today: dt.date = field(default_factory=dt.date.today)

    def row_of(self, text: int) -> int:
        """The first row, counted from 1, that holds a distinct text."""
        return int(np.argmax(self.codes == text)) + 1

    def refuse(self, text: int, remedy: str) -> UserError:
        """Makes the error of one distinct text that is no time."""
        shown = " ".join(str(self.texts[text].as_py()).split())[:60]
        return UserError(
            "time_col", self.label, f"cannot read {shown!r} in row {self.row_of(text)} as a time; {remedy}"
        )

    def rows(self, values: NDArray[np.generic]) -> NDArray[np.generic]:
        """Spreads a value of each distinct text, `(texts,)`, over the rows, `(rows,)`; missing rows are NaT or 0."""
        missing = np.array(["NaT"], values.dtype) if values.dtype.kind == "M" else np.zeros(1, values.dtype)
        spread: NDArray[np.generic] = np.concatenate([values, missing])[self.codes]
        return spread


def cells_of(label: str, column: pd.Series, today: dt.date | None = None) -> Cells:
    """Collects the distinct texts of a column; other cells are written as text first.

    Raises:
        UserError: The column holds values that are no times, such as clocks without a date, or bytes.
    """
    if column.dtype == object and not _is_text(column):  # equal times of two zones have different clocks
        column = column.map(partial(_text, label), na_action="ignore")
    codes, distinct = pd.factorize(column)
    texts = _cleaned(_texts(label, distinct))
    short = pc.less_equal(pc.binary_length(texts), max(map(len, _NO_TEXT)))
    if pc.any(short).as_py():
        missing = pc.is_in(pc.utf8_lower(texts), value_set=pa.array(_NO_TEXT)).to_numpy(zero_copy_only=False)
        kept = np.cumsum(~missing) - 1
        codes = np.where(codes < 0, -1, np.append(np.where(missing, -1, kept), -1)[codes])
        texts = texts.filter(pa.array(~missing))
    return Cells(label, texts, codes.astype(np.int64), today or dt.date.today())


def refuse_lost_zeros(cells: Cells) -> None:
    """Refuses 2020.09, 2020.1, 2020.11: a spreadsheet took months for decimals, and .1 may be January or October."""
    one = pc.match_substring_regex(cells.texts, r"^\d{4}\.[1-9]$")
    if pc.any(one).as_py() and pc.any(pc.match_substring_regex(cells.texts, r"^\d{4}\.0\d$")).as_py():
        bad = int(one.to_numpy(zero_copy_only=False).argmax())
        raise cells.refuse(bad, "it may have lost a zero; write months with two digits")


def joined(columns: Iterable[pd.Series]) -> pd.Series:
    """Joins the texts of several columns by blanks; a row that misses one of them is missing."""
    text: pd.Series | None = None
    for column in columns:
        part = column if _is_text(column) else column.map(_plain, na_action="ignore")
        text = part if text is None else text + " " + part
    assert text is not None
    return text


def _is_text(column: pd.Series) -> bool:
    return column.dtype == object and pd.api.types.infer_dtype(column) == "string"


def _texts(label: str, values: Any) -> pa.StringArray:
    """The texts of distinct values, a null nowhere."""
    try:
        if getattr(values, "dtype", None) == np.int64 or pd.api.types.infer_dtype(values, skipna=False) == "string":
            return pa.array(values).cast(pa.string())
    except (UnicodeEncodeError, pa.ArrowException):
        pass  # a half of a pair of surrogates, which `_text` replaces
    return pa.array([_text(label, value) for value in values], pa.string())


def _plain(value: object) -> str:
    """The usual text of a value: whole numbers without a decimal point, midnights as dates."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    return str(value)


def _text(label: str, value: object) -> str:
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    if isinstance(value, pd.Period):
        return str(value.start_time.isoformat())
    if isinstance(value, int | float | Decimal | np.number | np.datetime64) and not isinstance(
        value, bool | np.timedelta64
    ):
        return _plain(value)
    remedy = "give a column of dates, timestamps or text"
    raise UserError(
        "time_col", label, f"holds {type(value).__name__} {str(value)[:40]!r}, which is not a time; {remedy}"
    )


def _cleaned(texts: pa.StringArray) -> pa.StringArray:
    if pc.any(pc.match_substring_regex(texts, r"^\s|\s$|\s\s|[^\x21-\x7e ]")).as_py():
        texts = pc.replace_substring_regex(pc.replace_substring_regex(texts, _MARKS, ""), _BLANKS, " ")
        texts = pc.utf8_trim_whitespace(texts)
    return texts
