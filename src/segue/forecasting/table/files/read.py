"""Tables on disk: CSV files of all common forms, and Parquet files."""

import codecs
import csv
import io
import operator
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from segue.errors import UserError
from segue.forecasting.table.layout import ID_NAMES, Layout
from segue.forecasting.table.times.read import looks_like_times

MISSING = ("", "?", "-", "--", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "none", "#N/A", "<NA>")
"""Texts that mean a missing value in a CSV file. In a column of ids only an empty cell is missing."""


@dataclass(frozen=True)
class FileFormat:
    """How the text of a file becomes rows. Parquet files need none of this.

    Attributes:
        encoding: The encoding of the text, as Python names it. By default UTF-8, UTF-16 with a mark, or plain Latin.
        skip_rows: How many lines to leave out before the header. By default lines that cannot be rows are left out.
        comment: The mark that begins lines of comments, such as `#`.
    """

    encoding: str | None = None
    skip_rows: int | None = None
    comment: str | None = None


@dataclass(frozen=True, eq=False)
class FileTable:
    """A table of a file.

    Attributes:
        frame: Its rows. Columns of whole numbers without leading zeros are integers; all other columns of a CSV file
            are text, whose meaning depends on their role.
        notes: What the user should know: lines that were left out, for instance.
    """

    frame: pd.DataFrame
    notes: tuple[str, ...] = ()


def read_table(path: str | Path, layout: Layout, form: FileFormat | None = None) -> FileTable:
    """Reads a Parquet file, or a CSV file with any common delimiter, line end, byte order mark and decimal sign.

    Args:
        path: A Parquet file if it ends in `.parquet` or `.pq`, else a CSV file with a header line.
        form: How the text of the file becomes rows; by default it is inferred.
        layout: Its `id_col` is read as text, so that `NA` and `007` stay as they are. If there is none, all columns
            with the customary names of ids are read as text.

    Raises:
        UserError: The file is missing, empty or no table.
    """
    path = Path(path)
    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            table = pd.read_parquet(path)
        else:
            table = _read_csv(_utf8(path), (layout.id_col,) if layout.id_col else ID_NAMES)
    except OSError as error:
        reason = error.strerror or str(error).splitlines()[0]
        raise UserError("file", path, f"cannot be read ({reason}); name a CSV or Parquet file") from error
    except (ValueError, csv.Error) as error:  # the parsers of pandas and pyarrow raise kinds of ValueError
        reason = str(error).strip().splitlines()[0]
        raise UserError("file", path, f"is not a whole table ({reason}); name a CSV or Parquet file") from error
    if table.empty:
        raise UserError("file", path, "holds no rows; name a file with a header and one row at least")
    return FileTable(table)


def _utf8(path: Path) -> bytes:
    """Reads the text of a file as UTF-8 with one kind of line end."""
    raw = path.read_bytes()
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raw = raw.decode("utf-16").encode()
    elif b"\0" in raw:
        raise ValueError("it holds binary data")
    elif not _is_utf8(raw):
        raw = raw.decode("cp1252", errors="replace").encode()  # the encoding of western European spreadsheets
    if b"\r" in raw:
        raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    raw = raw.removeprefix(codecs.BOM_UTF8).lstrip(b"\n")
    if not raw or raw.isspace():
        raise ValueError("it is empty")
    return raw


def _is_utf8(raw: bytes) -> bool:
    try:
        return raw.isascii() or bool(raw.decode())
    except UnicodeDecodeError:
        return False


def _read_csv(raw: bytes, id_names: Sequence[str]) -> pd.DataFrame:
    sample = raw[:20_000].decode(errors="ignore").split("\n")[:30]  # a character may be cut in two
    delimiter = max(",;\t|", key=lambda mark: min(len(row) for row in csv.reader(sample, delimiter=mark) if row))
    rows = list(csv.reader(sample, delimiter=delimiter, skipinitialspace=True))
    if _holds_values([cell.strip() for cell in rows[0] if cell.strip()]):
        raise ValueError("its first line holds values, not names: add a header line")
    header = _header(rows)
    comma = delimiter != "," and any(re.fullmatch(r"-?\d+,\d+", cell.strip()) for row in rows[1:] for cell in row)
    missing = {name: [""] if name in id_names else list(MISSING) for name in header}
    table = pd.read_csv(
        io.BytesIO(raw),
        sep=delimiter,
        names=header,
        header=0,
        index_col=False,
        decimal="," if comma else ".",
        skipinitialspace=True,
        keep_default_na=False,
        na_values=missing,
        dtype={name: str for name in header if name in id_names},
        low_memory=False,
    )
    numbers_rows = [name for name in table.columns[:1] if _unnamed(name) and _counts(table[name])]
    empty = [name for name in table.columns if _unnamed(name) and table[name].isna().all()]
    return _with_whole_ids(table.drop(columns=[*numbers_rows, *empty]), id_names)


def _header(rows: list[list[str]]) -> list[str]:
    """The names of the columns; a column without one, such as at the end of longer rows, gets a name."""
    names = [name.strip() for name in rows[0]] + [""] * (max(map(len, rows)) - len(rows[0]))
    return [name or f"Unnamed: {index}" for index, name in enumerate(names)]


def _holds_values(names: Sequence[str]) -> bool:
    """Whether a line holds only values, or both a time and a number beside a name: no header does."""
    numbers = [bool(re.fullmatch(r"[-+]?\d+([.,]\d+)?", name)) for name in names]
    times = [looks_like_times(pd.Series([name])) for name in names]
    return all(map(operator.or_, numbers, times)) or (any(numbers) and any(map(operator.gt, times, numbers)))


def _unnamed(name: str) -> bool:
    return str(name).startswith("Unnamed: ")


def _counts(column: pd.Series) -> bool:
    return pd.api.types.is_integer_dtype(column) and bool((column.diff().dropna() == 1).all())


def _with_whole_ids(table: pd.DataFrame, id_names: Sequence[str]) -> pd.DataFrame:
    for name in table.columns.intersection(list(id_names)):
        parts = (table[name].head(200), table[name])  # the first rows usually decide
        if all(part.str.fullmatch(r"0|-?[1-9]\d{0,17}", na=False).all() for part in parts):
            table = table.assign(**{name: table[name].astype("int64")})
    return table
