"""Tables on disk: CSV as users have them, and Parquet."""

import csv
import io
import operator
import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from segue.errors import UserError
from segue.forecasting.table.layout import ID_NAMES, Layout
from segue.forecasting.table.times import looks_like_times

MISSING = ("", "?", "-", "--", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "none", "#N/A", "<NA>")
"""What stands for a missing value in a CSV file, except in a column of ids: there only an empty cell is."""


def read_table(path: str | Path, layout: Layout) -> pd.DataFrame:
    """Reads a CSV file, of any delimiter, line ends, byte order mark and decimal sign, or a Parquet file.

    Args:
        path: Parquet if it ends in `.parquet` or `.pq`, else CSV with a header line.
        layout: Its `id_col` is read as text, so that `NA` and `007` stay as they are; without one, the columns of
            customary names are.

    Raises:
        UserError: The file is missing, empty or no table.
    """
    path = Path(path)
    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            table = pd.read_parquet(path)
        else:
            table = _read_csv(_text(path), (layout.id_col,) if layout.id_col else ID_NAMES)
    except OSError as error:
        reason = error.strerror or str(error).splitlines()[0]
        raise UserError("file", path, f"cannot be read ({reason}); name a CSV or Parquet file") from error
    except (ValueError, csv.Error) as error:  # the parsers of pandas and pyarrow raise kinds of ValueError
        reason = str(error).strip().splitlines()[0]
        raise UserError("file", path, f"is not a whole table ({reason}); name a CSV or Parquet file") from error
    if table.empty:
        raise UserError("file", path, "holds no rows; name a file with a header and one row at least")
    return table


def write_table(table: pd.DataFrame, path: Path, form: str) -> None:
    """Writes a table as `.csv` or `.parquet`."""
    if form == ".csv":
        table.to_csv(path, index=False, lineterminator="\n")
    else:
        table.to_parquet(path, index=False)


def _text(path: Path) -> str:
    raw = path.read_bytes()
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16")
    if b"\0" in raw:
        raise ValueError("it holds binary data")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")  # what spreadsheets of western Europe write


def _read_csv(text: str, id_names: Sequence[str]) -> pd.DataFrame:
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    if not text.strip():
        raise ValueError("it is empty")
    sample = text[:20_000].split("\n")[:30]
    delimiter = max(",;\t|", key=lambda mark: min(len(row) for row in csv.reader(sample, delimiter=mark) if row))
    rows = list(csv.reader(sample, delimiter=delimiter, skipinitialspace=True))
    if _holds_values([cell.strip() for cell in rows[0] if cell.strip()]):
        raise ValueError("its first line holds values, not names: add a header line")
    header = _header(rows)
    comma = delimiter != "," and any(re.fullmatch(r"-?\d+,\d+", cell.strip()) for row in rows[1:] for cell in row)
    missing = {name: [""] if name in id_names else list(MISSING) for name in header}
    table = pd.read_csv(
        io.StringIO(text),
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
    """The names of the columns, with one for those that have none, at the end of longer rows for instance."""
    names = [name.strip() for name in rows[0]] + [""] * (max(map(len, rows)) - len(rows[0]))
    return [name or f"Unnamed: {index}" for index, name in enumerate(names)]


def _holds_values(names: Sequence[str]) -> bool:
    """Only values, or beside the name of a series a time and a number: no header has both."""
    numbers = [bool(re.fullmatch(r"[-+]?\d+([.,]\d+)?", name)) for name in names]
    times = [looks_like_times(pd.Series([name])) for name in names]
    return all(map(operator.or_, numbers, times)) or (any(numbers) and any(map(operator.gt, times, numbers)))


def _unnamed(name: str) -> bool:
    return str(name).startswith("Unnamed: ")


def _counts(column: pd.Series) -> bool:
    return pd.api.types.is_integer_dtype(column) and bool((column.diff().dropna() == 1).all())


def _with_whole_ids(table: pd.DataFrame, id_names: Sequence[str]) -> pd.DataFrame:
    for name in table.columns.intersection(list(id_names)):
        if table[name].str.fullmatch(r"0|-?[1-9]\d{0,17}", na=False).all():
            table = table.assign(**{name: table[name].astype("int64")})
    return table
