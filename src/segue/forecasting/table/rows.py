"""The rows of a long frame: the series, the time and the value of each, read and checked."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import InvalidOperation
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
from jaxtyping import Bool, Float64, Int64
from numpy.typing import NDArray

from segue.errors import UserError
from segue.forecasting.table.columns.index import index_hint, with_index
from segue.forecasting.table.columns.keys import Keys, blank_note, read_names
from segue.forecasting.table.columns.native import as_pandas
from segue.forecasting.table.columns.roles import Columns, infer_columns
from segue.forecasting.table.grid.frequency import Times
from segue.forecasting.table.layout import Layout
from segue.forecasting.table.numbers.read import read_numbers
from segue.forecasting.table.times.read import read_times

LARGEST = 1e150  # the greatest value of tables and streams: the square of a much larger one overflows
DType = Any
"""A type of narwhals; the class of these types cannot be checked at run time."""

_MOST_BAD = 64  # the most series with bad times that are searched for; each takes some readings of the column


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of a frame before they are put on a grid, one for each time and target.

    Attributes:
        ids: The distinct names of the series, in the order of `read_names`.
        codes: The index of each row's series among them.
        times: Timestamps without a time zone in microseconds, or integers.
        values: The value of each row, NaN where missing.
        columns: The roles of the columns.
        time_type: The type of times, without a time zone.
        notes: Notes on this reading for the user, one line each; words in backticks are arguments.
        keys: The columns that name series together, if there are several.
        skipped: The name of each series that was left out, and the reason.
    """

    ids: nw.Series[Any]
    codes: Int64[np.ndarray, " rows"]
    times: Times
    values: Float64[np.ndarray, " rows"]
    columns: Columns
    time_type: DType
    notes: tuple[str, ...] = ()
    keys: Keys | None = None
    skipped: tuple[tuple[str, str], ...] = ()

    def without_rows_ahead(self) -> "Rows":
        """Leaves out rows without a value after the last value, if all series with values end with such rows.

        Where only some series do, they may have stopped, and their rows stay.
        """
        seen = np.isfinite(self.values)
        if seen.all():
            return self
        numbers = self.times.view(np.int64)
        last = np.full(len(self.ids), np.iinfo(np.int64).min)
        np.maximum.at(last, self.codes[seen], numbers[seen])
        known = np.bincount(self.codes[seen], minlength=len(self.ids)) > 0
        ahead = known[self.codes] & (numbers > last[self.codes])
        ends = np.bincount(self.codes[ahead], minlength=len(self.ids)) > 0
        if not known.any() or not ends[known].all():
            return self
        kept, count = ~ahead, np.count_nonzero(ahead)
        what = "1 row after the last value is" if count == 1 else f"{count:,} rows after the last values are"
        note = f"{what} empty, and taken as rows to forecast: forecasts begin right after the last value"
        arrays = {"codes": self.codes[kept], "times": self.times[kept], "values": self.values[kept]}
        return replace(self, **arrays, notes=(*self.notes, note))

    def without(self, reasons: dict[int, str]) -> "Rows":
        """Leaves out series.

        Args:
            reasons: Why each of them is left out, by its index.

        Raises:
            UserError: No series is left.
        """
        if not reasons:
            return self
        skipped = tuple((str(self.ids[code]), reasons[code]) for code in sorted(reasons))
        good = np.ones(len(self.ids), dtype=bool)
        good[list(reasons)] = False
        if not good.any():
            name, reason = skipped[0]
            raise UserError("skip_bad", "all series", f"no series can be read; the first is {name}: {reason}")
        kept = good[self.codes]
        codes = (np.cumsum(good) - 1)[self.codes[kept]]
        ids = self.ids[np.flatnonzero(good).tolist()]
        arrays = {"codes": codes, "times": self.times[kept], "values": self.values[kept]}
        return replace(self, ids=ids, **arrays, skipped=(*self.skipped, *skipped))


def read_rows(frame: Any, layout: Layout, points: bool = False) -> Rows:
    """Reads and checks the rows of a long frame; see `segue.forecasting.table.reading.read_frame`."""
    try:
        return _read_rows(frame, layout, points)
    except InvalidOperation as error:  # pandas cannot look at Decimal("sNaN")
        raise UserError("frame", type(frame).__name__, "a column holds a signalling NaN; give None instead") from error


def _read_rows(frame: Any, layout: Layout, points: bool) -> Rows:
    table = table_of(frame, layout)
    columns = infer_columns(table, layout, index_hint(frame))
    table = _without_blank_rows(table, columns)
    for name in columns.ids:
        _refuse(table[name].is_null().to_numpy(), "id_col", name, "is empty", "fill it or drop the row")
    ids, codes, keys = read_names(table, columns)
    own = codes[: len(table)] // len(columns.targets)  # without regard to targets
    faults = _Faults(own, len(columns.targets), layout.skip_bad)
    for name in columns.times:
        faults.add(table[name].is_null().to_numpy(), "time_col", name, lambda _: "is empty", "fill it or drop the row")
    stamps, notes = _read_times(table, columns, layout, faults)
    faults.add(stamps.isna().to_numpy(), "time_col", columns.times[0], lambda _: "is blank", "fill it or drop the row")
    times: Times = stamps.to_numpy(None if stamps.dtype.kind == "i" else "datetime64[us]")
    values = [_read_values(table, name, layout, faults, index, points) for index, name in enumerate(columns.targets)]
    time_type = _time_type(table[columns.times[0]].dtype, stamps, len(columns.times))
    if len(values) > 1:  # the usual case needs no copy
        times, values = np.tile(times, len(values)), [np.concatenate(values)]
    return Rows(ids, codes, times, values[0], columns, time_type, (*notes, *blank_note(ids)), keys).without(
        faults.reasons
    )


class _Faults:
    """Cells that cannot be read: the first is refused, or the series of all are collected.

    Args:
        codes: The index of each row's series, without regard to targets.
        targets: The number of targets.
        collect: Whether to collect.
    """

    def __init__(self, codes: Int64[np.ndarray, " rows"], targets: int, collect: bool) -> None:
        self.codes, self.collect, self._targets = codes, collect, targets
        self.reasons: dict[int, str] = {}

    def add(
        self,
        bad: Bool[np.ndarray, " rows"],
        argument: str,
        name: str,
        fault: Callable[[int], str],
        remedy: str,
        target: int | None = None,
    ) -> None:
        """Adds faulty rows of a column, which concern one target or all."""
        if not bad.any():
            return
        rows = np.flatnonzero(bad)
        if not self.collect:
            raise UserError(argument, name, f"{fault(int(rows[0]))} in row {rows[0] + 1}; {remedy}")
        found, firsts = np.unique(self.codes[rows], return_index=True)
        for code, first in zip(found.tolist(), firsts.tolist(), strict=True):
            self.add_series(code, f"{name} {fault(int(rows[first]))} in row {rows[first] + 1}", target)

    def add_series(self, code: int, reason: str, target: int | None = None) -> None:
        """Adds a series with its reason, unless it has one."""
        for index in range(self._targets) if target is None else (target,):
            self.reasons.setdefault(code * self._targets + index, reason)

    def good(self) -> Bool[np.ndarray, " rows"]:
        """The rows of series without a fault."""
        bad = {code // self._targets for code in self.reasons}
        return ~np.isin(self.codes, list(bad))


def table_of(frame: Any, layout: Layout) -> nw.DataFrame[Any]:
    """Returns the columns of a frame, and those of an index of pandas that names series or times."""
    if isinstance(frame, pd.DataFrame) and frame.columns.is_unique:
        frame = with_index(frame, layout)
    try:
        table: nw.DataFrame[Any] = nw.from_native(frame, eager_only=True)
    except TypeError as error:
        raise UserError("frame", type(frame).__name__, "give a DataFrame of pandas or polars") from error
    except nw.exceptions.DuplicateError as error:
        raise UserError("frame", type(frame).__name__, "two columns have one name; rename one") from error
    unnamed = [name for name in table.columns if not isinstance(name, str)]
    if unnamed:
        raise UserError("frame", f"column {unnamed[0]!r}", "the name of a column has to be text; rename it")
    return table


def _without_blank_rows(table: nw.DataFrame[Any], columns: Columns) -> nw.DataFrame[Any]:
    names = (*columns.times, *columns.targets)
    nulls = nw.all_horizontal(*(nw.col(name).is_null() for name in names), ignore_nulls=False)
    blank = table.select(blank=nulls)["blank"]
    table = table.filter(~blank) if blank.any() else table  # a filter would copy the table
    if not len(table):
        raise UserError("frame", "without rows", "there is nothing to forecast; give at least one row")
    return table


def _read_times(
    table: nw.DataFrame[Any], columns: Columns, layout: Layout, faults: _Faults
) -> tuple[pd.Series, tuple[str, ...]]:
    """Reads the time of each row; rows of series with a fault have any time."""
    cells = {name: as_pandas(table[name]) for name in columns.times}
    if not faults.collect:
        read = read_times(cells, layout.time_format)
        return read.times, read.notes
    good = np.flatnonzero(faults.good())
    if not len(good):  # no series is left, which is refused with the reasons of all
        return pd.Series(np.zeros(len(table), dtype="datetime64[us]")), ()
    try:
        read = read_times({name: column.iloc[good] for name, column in cells.items()}, layout.time_format)
    except UserError as error:
        bad = _bad_series(cells, layout.time_format, faults.codes, np.unique(faults.codes[good]), error)
        for code, reason in bad.items():
            faults.add_series(code, reason)
        good = np.flatnonzero(faults.good())
        if not len(good):
            raise
        read = read_times({name: column.iloc[good] for name, column in cells.items()}, layout.time_format)
    rows = np.zeros(len(table), dtype=np.int64)
    rows[good] = np.arange(len(good))
    return read.times.iloc[rows], read.notes


def _bad_series(
    cells: dict[str, pd.Series],
    form: str | None,
    codes: Int64[np.ndarray, " rows"],
    series: Int64[np.ndarray, " series"],
    error: UserError,
) -> dict[int, str]:
    """Searches, by halves, the series whose times cannot be read; `error` is that of all series together.

    Raises:
        UserError: More than 64 series cannot be read.
    """
    found: dict[int, str] = {}
    parts = [(series, error)]
    while parts:
        part, fault = parts.pop()
        if len(part) == 1:
            found[int(part[0])] = _in_rows(fault.remedy, np.flatnonzero(codes == part[0])).split("; ")[0]
            if len(found) > _MOST_BAD:
                raise error
            continue
        for half in np.array_split(part, 2):
            rows = np.flatnonzero(np.isin(codes, half))
            try:
                read_times({name: column.iloc[rows] for name, column in cells.items()}, form)
            except UserError as own:
                parts.append((half, own))
    return found


def _in_rows(reason: str, rows: NDArray[np.int64]) -> str:
    """Replaces the number of a row of a part by that of the row of the table. A cell in the text stands before it."""
    own = r"(?s)^(.*\brow )(\d+)"  # the last number of a row
    return re.sub(own, lambda found: f"{found[1]}{rows[min(int(found[2]), len(rows)) - 1] + 1}", reason)


def _read_values(
    table: nw.DataFrame[Any], name: str, layout: Layout, faults: _Faults, target: int, points: bool
) -> NDArray[np.float64]:
    column = as_pandas(table[name])
    others = (as_pandas(table[other]) for other in table.columns if other != name)
    read = read_numbers(name, column, layout.decimal, others, points)
    values = read.values

    def add(bad: Bool[np.ndarray, " rows"], fault: Callable[[int], str], remedy: str) -> None:
        faults.add(bad, "target_col", name, fault, remedy, target)

    if len(read.bad):
        bad = np.zeros(len(values), dtype=bool)
        bad[read.bad] = True
        _, remedy = read.fault(column.iloc[int(read.bad[0])])
        add(bad, lambda row: read.fault(column.iloc[row])[0], remedy)
    add(np.isinf(values), lambda _: "is infinite", "leave it empty if it is missing")
    add(np.abs(values) > LARGEST, lambda row: f"is too large ({values[row]:g})", "give it in another unit")
    return values


def _refuse(bad: NDArray[np.bool_], argument: str, name: str, fault: str, remedy: str) -> None:
    if bad.any():
        raise UserError(argument, name, f"{fault} in row {int(bad.argmax()) + 1}; {remedy}")


def _time_type(given: DType, stamps: pd.Series, columns: int) -> DType:
    """The type of times in the output: that of the input, without the time zone."""
    if stamps.dtype.kind == "i":
        return given if given.is_integer() else nw.Int64()
    if columns == 1 and given == nw.Date:
        return nw.Date()
    if isinstance(given, nw.Datetime):
        return nw.Datetime(given.time_unit)
    return nw.Datetime("us" if stamps.dt.unit == "s" else stamps.dt.unit)  # polars has no whole seconds
