"""Parquet files, as columns of types that frames can hold; an index that pandas has stored becomes columns."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

_MARK = b"PAR1"
_SUFFIXES = (".parquet", ".pq")
_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_FIRST, _LAST = -62_135_596_800, 253_402_300_800  # seconds of the years 1 and 10000
_UNNAMED_INDEX = "__index_level_"


def is_parquet(raw: bytes, path: Path) -> bool:
    """Whether bytes are a Parquet file, or the name of the file says so."""
    return path.suffix.lower() in _SUFFIXES or (raw.startswith(_MARK) and raw.endswith(_MARK))


def read_parquet(source: bytes | Path) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Reads a Parquet file, or a folder of Parquet files.

    Args:
        source: The bytes of a file, or a folder.

    Returns:
        The columns, those of a stored index first, and a note of columns that were left out.

    Raises:
        ValueError: The file is damaged, or a column holds what cannot be read.
    """
    pa.array(pd.period_range("2000", periods=1, freq="D"))  # pandas makes its type of periods known to pyarrow
    try:
        table = pq.read_table(source) if isinstance(source, Path) else pq.ParquetFile(pa.BufferReader(source)).read()
    except Exception as error:  # pyarrow raises more kinds than it documents for damaged files
        raise ValueError(str(error).strip() or type(error).__name__) from error
    names = table.column_names
    if len(set(names)) < len(names):
        double = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"it has several columns of the name {double!r}")
    index = [name for name in _index_names(table) if name in names]
    order = [*index, *(name for name in names if name not in index)]
    columns, left_out = {}, []
    for name in order:
        column = _plain(table[name])
        if column is None:
            left_out.append(f"{name!r} ({table.schema.field(name).type})"[:60])
        elif not (name.startswith(_UNNAMED_INDEX) and pa.types.is_integer(column.type)):  # the numbers of kept rows
            columns[_title(name, names)] = _series(name, column)
    notes = (f"columns of types that cannot be read were left out: {', '.join(left_out[:5])}",) if left_out else ()
    return pd.DataFrame(columns, copy=False), notes


def _index_names(table: pa.Table) -> list[str]:
    """The columns that pandas has stored an index in; none if there are none, or the metadata is damaged."""
    try:
        stored: Any = json.loads((table.schema.metadata or {})[b"pandas"])["index_columns"]
        return [name for name in stored if isinstance(name, str)]
    except (KeyError, TypeError, ValueError):
        return []


def _title(name: str, names: list[str]) -> str:
    """The name of a column; that of an index without one is `index`, as `reset_index` has it."""
    if not name.startswith(_UNNAMED_INDEX):
        return name
    level = name.removeprefix(_UNNAMED_INDEX).strip("_")
    title = "index" if level == "0" else f"level_{level}"
    return name if title in names else title


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """A column of single values in a type of pandas; None if it holds lists, durations or bytes that are no text."""
    kind = column.type
    types = pa.types
    if isinstance(kind, pa.BaseExtensionType) and "period" not in str(kind):
        column = pa.chunked_array([chunk.storage for chunk in column.chunks], kind.storage_type)
        kind = column.type
    if types.is_dictionary(kind):
        return _plain(column.cast(kind.value_type))
    if types.is_nested(kind) or types.is_interval(kind) or types.is_duration(kind):
        return None
    try:
        if types.is_decimal(kind):
            return column.cast(pa.int64() if kind.scale == 0 else pa.float64())  # larger numbers than 64 bits: left out
        if types.is_time(kind) or _is_bytes(kind):
            return _whole_seconds(column).cast(pa.string())
    except pa.ArrowInvalid:
        return None
    return column.cast(pa.float32()) if types.is_float16(kind) else column


def _whole_seconds(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Times of day in seconds where that loses nothing, so that their text is `09:30:00`."""
    try:
        return column.cast(pa.time32("s")) if pa.types.is_time(column.type) else column
    except pa.ArrowInvalid:
        return column


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind))


def _series(name: str, column: pa.ChunkedArray) -> pd.Series:
    """A column of pandas. Whole numbers stay whole beside missing ones, because large ids would merge as floats."""
    kind = column.type
    if pa.types.is_null(kind):
        return pd.Series([None] * len(column), dtype=object)
    if pa.types.is_timestamp(kind) and not _in_range(column):
        raise ValueError(f"its column {name!r} holds times beyond the years 1 to 9999")
    types = {pa.int64(): pd.Int64Dtype(), pa.uint64(): pd.UInt64Dtype()} if column.null_count else {}
    try:
        series: pd.Series = pa.table({"": column}).to_pandas(types_mapper=types.get, ignore_metadata=True)[""]
    except Exception as error:  # zones that pandas does not know, and dates beyond its range, raise many kinds
        zone = getattr(kind, "tz", None)
        remedy = f"the zone {zone!r}, which is unknown; store a zone such as Europe/Berlin or +02:00"
        fault = f"has {remedy}" if zone else f"cannot be read as {kind} ({' '.join(str(error).split())})"
        raise ValueError(f"its column {name!r} {fault}") from error
    return series.rename(None)


def _in_range(column: pa.ChunkedArray) -> bool:
    """Whether all times lie within the years 1 to 9999, those of Python's calendar."""
    extremes = pc.min_max(column.cast(pa.int64()))
    first, last = extremes["min"].as_py(), extremes["max"].as_py()
    return first is None or _FIRST * _SECOND[column.type.unit] <= first <= last < _LAST * _SECOND[column.type.unit]
