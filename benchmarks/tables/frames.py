"""Typed frames of pandas and polars with columns that few people expect, and Parquet files of such columns."""

import datetime as dt
import io
import json
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.tables.mutations import HOSTILE

Random = np.random.Generator
_UTC = dt.UTC
_NAMES = [
    "ds", "y", "unique_id", "date", "value", "store", "t", "a\0b", "[bold]", "kW[h]", "川田", "", " ", "x" * 300,
    "hour", "NanoTST", "index", "level_0", "__index_level_0__", "year", "month", "$x_1$", "\x1b[31m",
]  # fmt: skip


def _days(n: int, random: Random) -> pd.DatetimeIndex:
    return pd.date_range("2024-01-01", periods=n, freq=str(random.choice(["D", "h", "MS", "W", "B", "7h"])))


def _mixed(n: int, random: Random) -> list[Any]:
    cells: list[Any] = [
        1, 2.5, "3", None, np.nan, pd.NaT, pd.NA, True, b"4", Decimal("5"), 1 + 2j, dt.date(2024, 1, 1), [1], {"a": 1},
        dt.datetime(2024, 1, 1, tzinfo=_UTC), dt.time(3), dt.timedelta(1), Fraction(1, 3), (1, 2), object(), int, {1},
        float("inf"), 10**400, np.datetime64("NaT"), pd.Timestamp("2024"), pd.Period("2024-01"), pd.Interval(0, 1),
        np.array([1, 2]), "2024-01-01", -0.0, np.float16(3),
    ]  # fmt: skip
    few = [cells[int(i)] for i in random.integers(0, len(cells), int(random.integers(1, 4)))]
    return [few[i % len(few)] for i in range(n)]


PANDAS: list[Callable[[int, Random], Any]] = [
    lambda n, r: pd.Series(_mixed(n, r), dtype=object),
    lambda n, r: pd.Series(_days(n, r)),
    lambda n, r: pd.Series(_days(n, r).tz_localize("Europe/Berlin")),
    lambda n, r: pd.Series(_days(n, r).tz_localize(dt.timezone(dt.timedelta(hours=2)))),
    lambda n, r: pd.Series(_days(n, r).date),
    lambda n, r: pd.Series(_days(n, r).time),
    lambda n, r: pd.Series([x.to_pydatetime().replace(tzinfo=_UTC if x.day % 2 else None) for x in _days(n, r)]),
    lambda n, r: pd.Series([pd.Timestamp(x, tz="UTC" if i % 2 else "Asia/Tokyo") for i, x in enumerate(_days(n, r))]),
    lambda n, r: pd.Series(np.array(["1000-01-01"], "datetime64[s]") + np.arange(n).astype("timedelta64[D]")),
    lambda n, r: pd.Series(np.array(["-9000-01-01"], "datetime64[s]") + 86400 * np.arange(n) * 300_000),
    lambda n, r: pd.Series(pd.period_range("2024-01", periods=n, freq=str(r.choice(["M", "W", "Q", "Y", "h"])))),
    lambda n, r: pd.Series(pd.period_range("9000-01", periods=n, freq="Y")),
    lambda n, r: pd.Series(pd.interval_range(0, n, periods=n)),
    lambda n, r: pd.Series(pd.interval_range(pd.Timestamp("2024"), periods=n, freq="D")),
    lambda n, r: pd.Series(pd.to_timedelta(np.arange(n), unit="h")),
    lambda n, r: pd.Series(r.normal(size=n) + 1j),
    lambda n, r: pd.Series([str(x) for x in r.choice(["a", "b", "c"], n)], dtype="category"),
    lambda n, r: pd.Series(pd.Categorical(r.integers(0, 3, n), ordered=True)),
    lambda n, r: pd.Series(pd.Categorical.from_codes(np.full(n, -1), ["a"])),
    lambda n, r: pd.Series([Decimal(f"{x:.2f}") for x in r.normal(size=n)]),
    lambda n, r: pd.Series([Decimal(x) for x in ("NaN", "Infinity", "1e999999", "sNaN")] * n, dtype=object)[:n],
    lambda n, r: pd.Series([b"12", b"\xff"] * n)[:n],
    lambda n, r: pd.Series(np.where(np.arange(n) % 3, np.arange(n), None), dtype="Int64"),
    lambda n, r: pd.Series([None] * n, dtype="Int64"),
    lambda n, r: pd.Series([2**64 - 1, 0] * n, dtype="uint64")[:n],
    lambda n, r: pd.Series([-(2**63), 2**63 - 1] * n, dtype="int64")[:n],
    lambda n, r: pd.Series([1e300, -1e308, 5e-324, np.inf, -np.inf, np.nan] * n)[:n],
    lambda n, r: pd.Series(np.float16(r.normal(size=n))),
    lambda n, r: pd.Series(r.normal(size=n)).astype("longdouble"),
    lambda n, r: pd.Series(r.integers(0, 2, n).astype(bool)),
    lambda n, r: pd.Series([True, None] * n, dtype="boolean")[:n],
    lambda n, r: pd.Series([str(r.choice(HOSTILE))] * n, dtype=str(r.choice(["object", "string"]))),
    lambda n, r: pd.Series([str(x) for x in r.choice(HOSTILE, n)], dtype=object),
    lambda n, r: pd.Series([None] * n),
    lambda n, r: pd.Series(r.normal(size=n)).astype(pd.SparseDtype("float64", 0.0)),
    lambda n, r: pd.Series(pd.arrays.ArrowExtensionArray(pa.array(range(n), pa.decimal128(20, 3)))),
    lambda n, r: pd.Series(pd.arrays.ArrowExtensionArray(pa.array(list(_days(n, r)), pa.timestamp("us", "+02:00")))),
    lambda n, r: pd.Series(pd.arrays.ArrowExtensionArray(pa.array([[1], None] * n))[:n]),
    lambda n, r: pd.Series(np.arange(n)),
    lambda n, r: pd.Series(r.normal(size=n)),
    lambda n, r: pd.Series(r.normal(size=n)),
    lambda n, r: pd.Series([f"{x:,.2f}" for x in 1000 * r.normal(size=n)]),
    lambda n, r: pd.Series(np.arange(n) + 0.5),
    lambda n, r: pd.Series(1.7e9 + 3600 * np.arange(n)),
]  # fmt: skip
"""Makers of columns of n cells."""


def pandas_frame(random: Random) -> pd.DataFrame:
    """A frame of odd columns, names and index."""
    n = int(random.choice([0, 1, 2, 3, 10, 40]))
    columns = [
        PANDAS[int(i)](n, random).reset_index(drop=True) for i in random.integers(0, len(PANDAS), random.integers(0, 5))
    ]
    if random.random() < 0.6:  # most of it plain, so that readers get far
        columns += [pd.Series(_days(n, random)), pd.Series(random.normal(size=n))][:: int(random.choice([1, 1, -1]))]
    names: list[Any] = [str(x) for x in random.choice(_NAMES, len(columns), replace=False)]
    if len(names) > 1 and random.random() < 0.6:
        names[-2:] = ["ds", "y"] if random.random() < 0.7 else ["date", "sales"]
    if names and random.random() < 0.08:
        names[0] = [0, 1.5, None, ("a", "b"), pd.Timestamp("2024"), names[-1], b"x", float("nan")][
            int(random.integers(8))
        ]
    frame = pd.concat(columns, axis=1) if columns else pd.DataFrame(index=range(n))
    frame.columns = pd.Index(names, dtype=object) if names else frame.columns
    return _indexed(frame, random)


def _indexed(frame: pd.DataFrame, random: Random) -> pd.DataFrame:
    n, chance = len(frame), random.random()
    if chance < 0.1:
        frame.index = PANDAS[int(random.integers(1, 8))](n, random).tolist()
    elif chance < 0.2:
        frame.index = pd.MultiIndex.from_arrays([["a"] * n, _days(n, random)], names=["unique_id", "ds"])
    elif chance < 0.25:
        frame.index = _days(n, random).rename(str(random.choice(["ds", "y", "date"])))
    elif chance < 0.3 and len(frame.columns):
        frame.columns = pd.MultiIndex.from_tuples([("x", str(name)) for name in frame.columns])
    elif chance < 0.33:
        frame.index = pd.Index([0] * n)
    elif chance < 0.36:
        frame = frame.iloc[[*range(len(frame))] * 2]  # concat would look at signalling NaN
    elif chance < 0.4 and len(frame.columns):
        frame = pd.concat([frame, frame.iloc[:, :1]], axis=1)
    return frame


POLARS: list[Callable[[int, Random], pl.Series]] = [
    lambda n, r: pl.Series(_days(n, r).to_list(), dtype=pl.Datetime(str(r.choice(["ms", "us", "ns"])))),  # type: ignore[arg-type]
    lambda n, r: pl.Series(_days(n, r).to_list(), dtype=pl.Datetime("us")).dt.replace_time_zone("Asia/Kathmandu"),
    lambda n, r: pl.Series(_days(n, r).date.tolist(), dtype=pl.Date),
    lambda n, r: pl.Series([-719162 - 400_000 + i for i in range(n)], dtype=pl.Int32).cast(pl.Date),
    lambda n, r: pl.Series([dt.time(i % 24) for i in range(n)], dtype=pl.Time),
    lambda n, r: pl.Series([dt.timedelta(i) for i in range(n)], dtype=pl.Duration),
    lambda n, r: pl.Series([[1, 2]] * n, dtype=pl.List(pl.Int64)),
    lambda n, r: pl.Series([{"a": 1, "b": "x"}] * n, dtype=pl.Struct({"a": pl.Int64, "b": pl.String})),
    lambda n, r: pl.Series([[1.0, 2.0]] * n, dtype=pl.Array(pl.Float64, 2)),
    lambda n, r: pl.Series([b"\xff\x00"] * n, dtype=pl.Binary),
    lambda n, r: pl.Series([str(x) for x in r.choice(["a", "b"], n)], dtype=pl.Categorical),
    lambda n, r: pl.Series([str(x) for x in r.choice(["a", "b"], n)], dtype=pl.Enum(["a", "b"])),
    lambda n, r: pl.Series([None] * n, dtype=pl.Null),
    lambda n, r: pl.Series([Decimal("1.25")] * n, dtype=pl.Decimal(38, 2)),
    lambda n, r: pl.Series([True, None] * n, dtype=pl.Boolean)[:n],
    lambda n, r: pl.Series([2**64 - 1] * n, dtype=pl.UInt64),
    lambda n, r: pl.Series([2**100] * n, dtype=pl.Int128),
    lambda n, r: pl.Series([object()] * n, dtype=pl.Object),
    lambda n, r: pl.Series([str(x) for x in r.choice(HOSTILE, n)], dtype=pl.String),
    lambda n, r: pl.Series([str(r.choice(HOSTILE))] * n, dtype=pl.String),
    lambda n, r: pl.Series([float("inf"), None, float("nan")] * n, dtype=pl.Float32)[:n],
    lambda n, r: pl.Series(r.normal(size=n)),
    lambda n, r: pl.Series(np.arange(n)),
]  # fmt: skip
"""Makers of columns of n cells."""


def polars_frame(random: Random) -> pl.DataFrame:
    """A frame of odd columns and names."""
    n = int(random.choice([0, 1, 2, 3, 10, 40]))
    columns = [POLARS[int(i)](n, random) for i in random.integers(0, len(POLARS), random.integers(0, 5))]
    if random.random() < 0.6:
        columns += [POLARS[0](n, random), pl.Series(random.normal(size=n))]
    names = [str(x) for x in random.choice(_NAMES, len(columns), replace=False)]
    if len(names) > 1 and random.random() < 0.6:
        names[-2:] = ["ds", "y"]
        names[:-2] = [f"{name}_" if name in ("ds", "y") else name for name in names[:-2]]
    return pl.DataFrame([column.alias(name) for column, name in zip(columns, names, strict=True)])


def parquet(random: Random) -> bytes:
    """A Parquet file of odd types, often with odd metadata of pandas, sometimes damaged."""
    n = int(random.choice([0, 1, 3, 40]))
    columns = [_arrow(n, random) for _ in range(int(random.integers(0, 4)))]
    days = pa.array(list(_days(n, random)), pa.timestamp(str(random.choice(["s", "ms", "us", "ns"])), _zone(random)))
    columns += [days, pa.array(random.normal(size=n))] if random.random() < 0.7 else []
    names = [str(x) for x in random.choice(_NAMES, len(columns), replace=random.random() < 0.1)]
    if len(names) > 1 and random.random() < 0.6:
        names[-2:] = ["ds", "y"]
    table = pa.table(columns, names=names)
    if random.random() < 0.3:
        table = table.replace_schema_metadata({"pandas": _metadata(names, random)})
    if random.random() < 0.03:
        table = pa.table([pa.array([1.0] * 3)] * 3000, names=[f"c{i}" for i in range(3000)])
    try:
        sink = io.BytesIO()
        pq.write_table(table, sink, store_schema=bool(random.random() < 0.7))
    except (pa.ArrowException, ValueError):  # types that the format does not have
        sink = io.BytesIO()
        pl.DataFrame({"ds": list(range(n)), "y": [1.0] * n}).write_parquet(sink)
    return sink.getvalue()


def _zone(random: Random) -> str | None:
    return [None, None, None, "UTC", "Europe/Berlin", "UTC+2", "+02:00", "GMT-5", "Mars/Base", ""][
        int(random.integers(10))
    ]


def _arrow(n: int, random: Random) -> pa.Array:
    whole = list(range(n))
    makers: list[Callable[[], pa.Array]] = [
        lambda: pa.array([b"x\xff"] * n, pa.binary()),
        lambda: pa.array([b"1234"] * n, pa.binary(4)),
        lambda: pa.array(["1"] * n, pa.large_string()),
        lambda: pa.array([str(x) for x in random.choice(HOSTILE, n)], pa.string()),
        lambda: pa.array([[1, None]] * n, pa.list_(pa.int64())),
        lambda: pa.array([{"a": 1}] * n, pa.struct([("a", pa.int64())])),
        lambda: pa.array([{"a": [{"b": [1]}]}] * n),
        lambda: pa.array([[("k", 1)]] * n, pa.map_(pa.string(), pa.int64())),
        lambda: pa.array([Decimal("1.5")] * n, pa.decimal128(38, 10)),
        lambda: pa.array([Decimal("1.5")] * n, pa.decimal256(76, 10)),
        lambda: pa.array(["a"] * n).dictionary_encode(),
        lambda: pa.array(whole).dictionary_encode(),
        lambda: pa.nulls(n),
        lambda: pa.array(whole, pa.duration("us")),
        lambda: pa.array(whole, pa.time64("us")),
        lambda: pa.array(whole, pa.time32("s")),
        lambda: pa.array(whole, pa.date32()),
        lambda: pa.array([x * 86_400_000 for x in whole], pa.date64()),
        lambda: pa.array([10**15 + x for x in whole], pa.timestamp("s", _zone(random))),
        lambda: pa.array([-(2**62) + x for x in whole], pa.timestamp("us", _zone(random))),
        lambda: pa.array([np.float16(x) for x in whole], pa.float16()),
        lambda: pa.array([None if x % 2 else x for x in whole], pa.uint64()),
        lambda: pa.array([bool(x % 2) for x in whole]),
    ]  # fmt: skip
    return makers[int(random.integers(len(makers)))]()


def _metadata(names: list[str], random: Random) -> bytes:
    """What pandas writes beside a table, wrong in some way."""
    whole: dict[str, Any] = {"index_columns": [], "columns": [], "column_indexes": []}
    steps = {"kind": "range", "name": None, "start": 0, "stop": 10**12, "step": 0}
    odd = {"pandas_type": "categorical", "numpy_type": "xyz", "metadata": None}
    documents: list[Any] = [
        {}, [], None, whole | {"index_columns": ["gone"]}, whole | {"index_columns": names[:1], "pandas_version": "x"},
        whole | {"index_columns": [steps]}, whole | {"columns": [{"name": x, "field_name": x} | odd for x in names]},
        whole | {"column_indexes": [{"name": None, "pandas_type": "int64", "numpy_type": "int64"}]},
    ]  # fmt: skip
    contents = [b"", b"not json", b"\xff", *(json.dumps(document).encode() for document in documents)]
    return contents[int(random.integers(len(contents)))]
