"""Tables of forecasts on disk, as CSV or Parquet, at once or in chunks."""

import gzip
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

SUFFIXES = (".csv", ".csv.gz", ".parquet")
"""The forms of tables, by the ends of their names."""

_GROUP = 1 << 20  # rows of a row group of Parquet, as pyarrow has it by default
_SLICE = 50_000  # rows of CSV that are in memory as text


@contextmanager
def table_writer(path: Path, form: str, *, safe: bool = False) -> Iterator[Callable[[pd.DataFrame], None]]:
    """Yields a function that writes the next rows of a table; chunks give the same bytes as all rows at once.

    The form of times in CSV is an exception, because no chunk is kept in memory. If all times of the first chunks are
    midnights and later ones are not, the first chunks have dates. Fractions of seconds are written only in chunks, or
    in slices of 50,000 rows, that have some.

    Args:
        path: The file, which is written anew.
        form: One of `SUFFIXES`.
        safe: Whether CSV gets `'` before each text that a spreadsheet would run as a formula; see `harmless`.

    Example:
        >>> with table_writer(Path("out.csv"), ".csv") as write:  # doctest: +SKIP
        ...     for chunk in chunks:
        ...         write(chunk)
    """
    if form == ".parquet":
        with closing(_Parquet(path)) as parquet:
            yield parquet.write
        return
    with path.open("wb") as file:
        if form == ".csv":
            yield _Csv(file.write, safe).write
        else:
            with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed:  # no name, no time: same bytes
                yield _Csv(packed.write, safe).write


def write_table(table: pd.DataFrame, path: Path, form: str, *, safe: bool = False) -> None:
    """Writes a whole table; see `table_writer`."""
    with table_writer(path, form, safe=safe) as write:
        write(table)


def harmless(table: pd.DataFrame) -> pd.DataFrame:
    """Puts `'` before texts that a spreadsheet would run: those that begin with =, +, -, @, tab or carriage return.

    Texts that are numbers, such as -5, stay as they are. Names of columns count as texts.
    """
    table = table.rename(columns=harmless_cell)
    for name, kind in table.dtypes.items():
        if not (pd.api.types.is_numeric_dtype(kind) or pd.api.types.is_datetime64_any_dtype(kind)):
            table[name] = table[name].astype(object).map(harmless_cell)
    return table


def harmless_cell(cell: object) -> object:
    """Returns a cell with `'` before it if `harmless` would put it there."""
    if not (isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r"))):
        return cell
    try:
        float(cell)
    except ValueError:
        return f"'{cell}"
    return cell


class _Csv:
    """Writes the rows of chunks as CSV in UTF-8, below one header. Times keep their clock once one of them has it."""

    def __init__(self, put: Callable[[bytes], object], safe: bool) -> None:
        self._put, self._begun, self._safe = put, False, safe
        self._clocks: set[str] = set()

    def write(self, chunk: pd.DataFrame) -> None:
        times = [name for name in chunk.columns if pd.api.types.is_datetime64_any_dtype(chunk[name])]
        self._clocks |= {name for name in times if not _midnights(chunk[name])}
        for first in range(0, max(len(chunk), 1), _SLICE):
            rows = chunk.iloc[first : first + _SLICE]
            bare = [name for name in self._clocks if _midnights(rows[name])]  # pandas would write them as dates
            rows = rows.assign(**{name: rows[name].dt.strftime("%Y-%m-%d %H:%M:%S") for name in bare})
            rows = harmless(rows) if self._safe else rows
            self._put(rows.to_csv(index=False, header=not self._begun, lineterminator="\n").encode())
            self._begun = True


def _midnights(times: pd.Series) -> bool:
    return bool((times == times.dt.normalize()).all())


class _Parquet:
    """Writes the rows of chunks as Parquet: row groups of one size whatever the chunks, types of the first chunk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pending: list[pa.Table] = []
        self._writer: pq.ParquetWriter | None = None

    def write(self, chunk: pd.DataFrame) -> None:
        schema = None if self._writer is None else self._writer.schema
        table = pa.Table.from_pandas(chunk, schema=schema, preserve_index=False)
        self._writer = self._writer or pq.ParquetWriter(self._path, table.schema)
        self._pending.append(table)
        if sum(map(len, self._pending)) >= _GROUP:
            self._flush(whole=True)

    def close(self) -> None:
        self._flush(whole=False)
        if self._writer is not None:
            self._writer.close()

    def _flush(self, whole: bool) -> None:
        if self._writer is None:
            return
        rows = pa.concat_tables(self._pending)
        while len(rows) >= (_GROUP if whole else 1):
            self._writer.write_table(rows[:_GROUP].combine_chunks(), row_group_size=_GROUP)
            rows = rows[_GROUP:]
        self._pending = [rows]
