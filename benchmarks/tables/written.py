"""Tables of known values written in a dialect, with what a reader must find in them."""

import csv
import gzip
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.tables.dialect import NONE, Dialect
from benchmarks.tables.forms import TIME_FORMS, fits_another, number_readings, swappable, write_number
from benchmarks.tables.inputs import Input

Random = np.random.Generator
Series = dict[pd.Timestamp, float]

_NAMES = {
    "english": ("date", "sales", "store", "product"), "german": ("Tag", "Umsatz", "Filiale", "Gerät"),
    "french": ("jour", "élèves", "région", "étage"), "japanese": ("日付", "売上", "店舗", "品目"),
    "russian": ("дата", "продажи", "магазин", "товар"),
}  # fmt: skip
_IDS = {
    "english": ("north", "south", "west"), "german": ("Köln", "Zürich", "Gießen"),
    "french": ("Orléans", "Béziers", "Nîmes"), "japanese": ("川田", "作田", "大阪"),
    "russian": ("Юг", "Север", "Москва"),
}  # fmt: skip
_COMMENT, _TITLE = ["# exported by a machine", "# all values in euro"], ["Report of all values", "", "made today"]
_ENDS = {"LF": "\n", "CRLF": "\r\n", "CR": "\r"}
_TEXT, _NUMBER = "text", "number"


@dataclass(frozen=True)
class Truth:
    """What was written.

    Attributes:
        series: The values of each series by time, missing ones left out. The key is the id, the two ids, or the target.
        after: The time after the last row.
        doubts: Why more than one reading is possible, or why a reader may refuse; empty if it must read.
    """

    series: dict[tuple[str, ...], Series]
    after: pd.Timestamp
    doubts: tuple[str, ...]


@dataclass(frozen=True)
class _Column:
    name: str
    cells: list[str]
    kind: str


def write_table(number: int, dialect: Dialect, random: Random) -> tuple[Input, Truth]:
    """Writes a table of random values, and says what it holds."""
    form = TIME_FORMS[dialect.time]
    times = _times(dialect, random)
    keys = _keys(dialect, random)
    series = {key: _values(dialect, times[:-1], random) for key in keys}
    rows = _rows(dialect, keys, times[:-1], random)
    columns = _columns(dialect, series, rows, random)
    doubts = _doubts(dialect, columns, times)
    if swappable(form, times[:-1]):
        doubts.append("day and month")
    if fits_another(form, times[:-1]):
        doubts.append("digits of a time")
    layout, options = _options(dialect, columns, keys)
    content = _content(dialect, columns, random)
    there = (
        {(key, time) for key, time in rows} if not dialect.wide else {(key, time) for key in keys for _, time in rows}
    )
    known = {
        key: {time: x for time, x in values.items() if np.isfinite(x) and (key, time) in there}
        for key, values in series.items()
    }
    family = re.sub(r"[/: ]", "_", dialect.time)
    given = Input(number, family, content, dialect.packing, layout=layout, form=options)
    return given, Truth(known, times[-1], tuple(doubts))


def _times(dialect: Dialect, random: Random) -> list[pd.Timestamp]:
    form = TIME_FORMS[dialect.time]
    rows = int(random.integers(25, 35)) if dialect.step == "YS" else int(random.integers(45, 110))
    latest = form.latest - (8 if dialect.step == "MS" else 0)
    year, month, day = (
        int(random.integers(low, high + 1)) for low, high in ((form.earliest, latest), (1, 12), (1, 28))
    )
    start = pd.Timestamp(year, month, day)
    return list(pd.date_range(start, periods=rows + 1, freq=dialect.step))


def _keys(dialect: Dialect, random: Random) -> list[tuple[str, ...]]:
    names, ids = _NAMES[dialect.words], _IDS[dialect.words]
    if dialect.wide:
        return [(name,) for name in ids]
    if dialect.ids == NONE:
        return [("y" if dialect.names == "customary" else names[1],)]
    if dialect.ids == "two":
        return [(first, second) for first in ids[:2] for second in ("A1", "B2")]
    if dialect.ids == "zeros":
        return [("007",), ("010",), ("123",)]
    return [("7",), ("10",), ("123",)] if dialect.ids == "whole" else [(name,) for name in ids]


def _values(dialect: Dialect, times: Sequence[pd.Timestamp], random: Random) -> Series:
    low, high = {"ones": (0, 10), "hundreds": (100, 999), "thousands": (300, 5000), "millions": (2e5, 4e6)}[
        dialect.size
    ]
    values = np.round(random.uniform(low, high, len(times)), dialect.digits)
    if dialect.missing != NONE:
        values[random.choice(np.arange(1, len(times) - 1), 4, replace=False)] = np.nan
    return dict(zip(times, values.tolist(), strict=True))


def _rows(
    dialect: Dialect, keys: Sequence[tuple[str, ...]], times: Sequence[pd.Timestamp], random: Random
) -> list[tuple[tuple[str, ...], pd.Timestamp]]:
    """The series and time of each row in the order of the file; a wide table has the rows of one series."""
    rows = [(key, time) for key in (keys[:1] if dialect.wide else keys) for time in times]
    if dialect.gaps:
        inner = [index for index, (_, time) in enumerate(rows) if times[2] < time < times[-3]]
        dropped = set(random.choice(inner, 3, replace=False).tolist())
        rows = [row for index, row in enumerate(rows) if index not in dropped]
    if dialect.rows == "by time":
        rows.sort(key=lambda row: row[1])
    if dialect.rows == "descending":
        rows.sort(key=lambda row: row[1], reverse=True)
    return [rows[i] for i in random.permutation(len(rows))] if dialect.rows == "shuffled" else rows


def _columns(
    dialect: Dialect, series: dict[tuple[str, ...], Series], rows: Sequence[Any], random: Random
) -> list[_Column]:
    own, form = _NAMES[dialect.words], TIME_FORMS[dialect.time]
    usual = dialect.names == "customary"
    name = "ds" if usual else own[0]
    if dialect.clock:
        stamps, clocks = zip(*(form.write(time).split(" ") for _, time in rows), strict=True)
        times = [
            _Column("date" if usual else own[0], list(stamps), _TEXT),
            _Column("time" if usual else "clock", list(clocks), _TEXT),
        ]
    else:
        times = [_Column(name, [form.write(time) for _, time in rows], _NUMBER if form.digits else _TEXT)]
    ids = []
    if dialect.ids == "two":
        ids = [_Column(own[2 + part], [key[part] for key, _ in rows], _TEXT) for part in range(2)]
    elif dialect.ids != NONE:
        ids = [_Column("unique_id" if usual else own[2], [key[0] for key, _ in rows], _TEXT)]
    if dialect.wide:
        values = [
            _Column(key[0], [_number(dialect, by[time]) for _, time in rows], _NUMBER) for key, by in series.items()
        ]
    else:
        values = [
            _Column("y" if usual else own[1], [_number(dialect, series[key][time]) for key, time in rows], _NUMBER)
        ]
    columns = [*ids, *times, *values, *_extra(dialect, len(rows), random)]
    if dialect.columns == "shuffled":
        columns = [columns[i] for i in random.permutation(len(columns))]
    return [_Column("", [str(i) for i in range(len(rows))], _NUMBER), *columns] if dialect.index else columns


def _number(dialect: Dialect, value: float) -> str:
    if not np.isfinite(value):
        return "" if dialect.missing == "(empty)" else dialect.missing
    text = write_number(value, dialect.digits, dialect.decimal, "" if dialect.thousands == NONE else dialect.thousands)
    return f"${text}" if dialect.unit == "$" else text + ("" if dialect.unit == NONE else dialect.unit)


def _extra(dialect: Dialect, rows: int, random: Random) -> list[_Column]:
    if dialect.extra == "unique text":
        return [_Column("remark", [f"note {i * 7919 % 99991} x" for i in range(rows)], _TEXT)]
    if dialect.extra == "constant text":
        return [_Column("currency", ["eur"] * rows, _TEXT)]
    if dialect.extra == "repeated text":
        return [_Column("weather", [str(x) for x in random.choice(["sun", "rain"], rows)], _TEXT)]
    return (
        [_Column("price", [f"{x:.0f}" for x in random.uniform(1, 9, rows)], _NUMBER)]
        if dialect.extra == "number"
        else []
    )


def _doubts(dialect: Dialect, columns: Sequence[_Column], times: Sequence[pd.Timestamp]) -> list[str]:
    """Why a reader may refuse, although the dialect is known here."""
    own, form, given = _NAMES[dialect.words], TIME_FORMS[dialect.time], dialect.given != NONE
    usual = dialect.names == "customary"
    targets = [
        column
        for column in columns
        if column.name in ("y", own[1]) or (dialect.wide and column.name in _IDS[dialect.words])
    ]
    cells = [[cell for cell in column.cells if any(sign.isdigit() for sign in cell)] for column in targets]
    faults = {
        "form of times": not form.sure,
        "column of times": not given and ((form.digits and not usual) or dialect.clock),
        "target": not given and (dialect.wide or (not usual and (dialect.extra == "number" or dialect.ids == "whole"))),
        "series": not given and (dialect.ids == "two" or (not usual and dialect.ids != NONE)),
        "text that repeats": not given and dialect.extra == "repeated text",
        "thousands": not given and any(number_readings(column) > 1 for column in cells),
        "encoding": not given and dialect.encoding in ("shift_jis", "cp1251"),
        "lines above": dialect.above == "sep" or (not given and dialect.above != NONE),
        "lines below": dialect.below != NONE,
        "unit": dialect.unit == " kr",
    }
    return [name for name, fault in faults.items() if fault]


def _options(
    dialect: Dialect, columns: Sequence[_Column], keys: Sequence[tuple[str, ...]]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The options that a user would give who was asked for them."""
    if dialect.given == NONE:
        return {}, {}
    own, usual = _NAMES[dialect.words], dialect.names == "customary"
    layout: dict[str, Any] = {
        "target_col": ",".join(key[0] for key in keys) if dialect.wide else "y" if usual else own[1]
    }
    if dialect.clock:
        layout["time_col"] = "date,time" if usual else f"{own[0]},clock"
    elif not usual:
        layout["time_col"] = own[0]
    if dialect.ids == "two":
        layout["id_col"] = f"{own[2]},{own[3]}"
    elif dialect.ids != NONE:
        layout["id_col"] = "unique_id" if usual else own[2]
    cells = [cell for column in columns if column.name in layout["target_col"].split(",") for cell in column.cells]
    if number_readings([cell for cell in cells if any(sign.isdigit() for sign in cell)]) > 1:
        layout["decimal"] = dialect.decimal
    form: dict[str, Any] = {"encoding": dialect.encoding} if dialect.encoding in ("shift_jis", "cp1251") else {}
    form |= {"comment": {"comment": "#"}, "title": {"skip_rows": 3}}.get(dialect.above, {})
    return layout, form


def _content(dialect: Dialect, columns: Sequence[_Column], random: Random) -> bytes:
    mark, end = dialect.separator, _ENDS[dialect.end]
    above = {"comment": _COMMENT, "title": _TITLE, "sep": [f"sep={mark}"]}.get(dialect.above, [])
    total, count = "Total" + mark * (len(columns) - 1) + "99", f"({len(columns[0].cells)} rows)"
    below = {"total": [total], "count": [count]}.get(dialect.below, [])
    rows = [[column.name for column in columns], *zip(*(column.cells for column in columns), strict=True)]
    lines = [
        mark.join(_quoted(dialect, cell, column.kind) for cell, column in zip(row, columns, strict=True))
        for row in rows
    ]
    content = (end.join([*above, *lines, *below]) + (end if random.random() < 0.8 else "")).encode(dialect.encoding)
    if dialect.packing == ".csv.gz":
        return gzip.compress(content)
    if dialect.packing == ".csv.zst":
        import pyarrow as pa

        return pa.compress(content, "zstd", asbytes=True)
    return content


def _quoted(dialect: Dialect, cell: str, kind: str) -> str:
    if dialect.quoting == "needed" or (dialect.quoting == "text" and kind == _NUMBER):
        sink = io.StringIO()
        csv.writer(sink, delimiter=dialect.separator, lineterminator="").writerow([cell, "x"])
        return sink.getvalue()[: -1 - len(dialect.separator)]
    return '"' + cell.replace('"', '""') + '"'
