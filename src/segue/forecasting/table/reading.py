"""From a long frame to a panel of series, and from arrays back to a frame of the same kind."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
from jaxtyping import Float64, Int64
from numpy.typing import NDArray

from segue.errors import UserError
from segue.forecasting.table.frequency import Times
from segue.forecasting.table.layout import Columns, Layout, infer_columns
from segue.forecasting.table.panel import Panel, make_panel
from segue.forecasting.table.times.read import read_times

DType = Any
"""A type of narwhals; the class of these types cannot be checked at run time."""

_NANOSECONDS = 9_223_372_036_854_775  # microseconds from 1970 to 2262, the last time in nanoseconds
_LARGEST = 1e150  # the square of a much larger value is beyond double precision


@dataclass(frozen=True, eq=False)
class Reading:
    """The series of a frame, and the form in which a similar frame is written.

    Attributes:
        panel: The series.
        columns: The roles of the columns.
        time_type: The type of times, without a time zone.
        notes: What the user should know of this reading, one line each; words in backticks are arguments.
    """

    panel: Panel
    columns: Columns
    time_type: DType
    notes: tuple[str, ...] = ()

    @property
    def id_col(self) -> str:
        """The name of the column of series in the output."""
        return self.columns.id or "unique_id"

    @property
    def id_cols(self) -> tuple[str, ...]:
        """The names of the columns of series in the output."""
        return (self.id_col,)

    @property
    def time_col(self) -> str:
        """The name of the column of times in the output."""
        return self.columns.times[0] if len(self.columns.times) == 1 else "ds"

    def refuse_taken(self, names: Iterable[str]) -> None:
        """Refuses an output with two columns of one name; `names` are its columns besides series and times."""
        names = list(names)
        if self.id_col == self.time_col or self.id_col in names:
            raise UserError("id_col", self.id_col, "the output has another column of this name; rename yours")
        if self.time_col in names:
            raise UserError("time_col", self.time_col, "the output has another column of this name; rename yours")

    def future(self, horizon: int, columns: Mapping[str, NDArray[np.float64]]) -> Any:
        """Makes a long frame of the kind that was read: the `horizon` times ahead and columns `(series, horizon)`."""
        codes = np.repeat(np.arange(len(self.panel)), horizon)
        return self._long(codes, self.panel.future(horizon).ravel(), {k: v.ravel() for k, v in columns.items()})

    def with_lasting_times(self, horizon: int) -> "Reading":
        """Returns this reading with integer times of 64 bits where those of the `horizon` steps ahead need them.

        Then parts of the series are written with one type of times.
        """
        series = range(len(self.panel))
        parts = (self.panel.part(one, one + 1).future(horizon) for one in series)
        narrow = self.time_type.is_integer() and self.time_type != nw.Int64
        if not narrow or all(_fits(times, self.time_type) for times in parts):
            return self
        return replace(self, time_type=nw.Int64())

    def rolled(
        self, codes: NDArray[np.int64], times: Times, cutoffs: Times, columns: Mapping[str, NDArray[np.float64]]
    ) -> Any:
        """Makes a long frame of the kind that was read, from times and their `cutoffs`; all arrays are `(rows,)`."""
        self.refuse_taken(("cutoff", *columns))
        stamps = {self.time_col: self._stamps(self.time_col, times), "cutoff": self._stamps("cutoff", cutoffs)}
        return self.table({**stamps, **columns}, codes)

    def history(self, steps: int, series: int) -> Any:
        """Makes a long frame of the kind that was read, from the last steps of the first series; their values are `y`.

        A row without a value stands before each row that follows missing rows, so that a line through the rows breaks.
        """
        panel = self.panel
        codes = np.repeat(np.arange(len(panel)), np.diff(panel.starts))
        kept = np.flatnonzero((codes < series) & (panel.steps >= panel.ends[codes] - steps))
        codes, times, values = codes[kept], panel.times[kept], panel.values[kept]
        gaps = 1 + np.flatnonzero((codes[1:] == codes[:-1]) & (np.diff(panel.steps[kept]) > 1))
        codes, times = np.insert(codes, gaps, codes[gaps]), np.insert(times, gaps, times[gaps])
        return self._long(codes, times, {"y": np.insert(values, gaps, np.nan)})

    def _long(self, codes: NDArray[np.int64], times: Times, columns: Mapping[str, NDArray[np.float64]]) -> Any:
        self.refuse_taken(columns)
        return self.table({self.time_col: self._stamps(self.time_col, times), **columns}, codes)

    def table(self, columns: Mapping[str, Any], codes: NDArray[np.int64] | None = None) -> Any:
        """Makes a frame of the kind that was read; `codes` are the series of rows, `columns` all other columns."""
        backend = self.panel.ids.implementation
        series = {
            name: values if isinstance(values, nw.Series) else nw.new_series(name, values, backend=backend)
            for name, values in columns.items()
        }
        ids = {} if codes is None else {self.id_col: self.panel.ids[codes.tolist()]}
        frame = nw.from_dict({**ids, **series})
        return nw.maybe_reset_index(frame).to_native()

    def _stamps(self, name: str, times: Times) -> nw.Series[Any]:
        """Makes a column of times of the type that was read."""
        time_type = self.time_type
        if times.dtype.kind == "i":  # rows that are numbered have other times than the table
            time_type = time_type if time_type.is_integer() and _fits(times, time_type) else nw.Int64()
        elif (time_type == nw.Date and bool((times != times.astype("datetime64[D]")).any())) or (
            time_type == nw.Datetime("ns") and bool((np.abs(times.astype(np.int64)) > _NANOSECONDS).any())
        ):
            time_type = nw.Datetime("us")
        return nw.new_series(name, times, backend=self.panel.ids.implementation).cast(time_type)


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of a frame before they are put on a grid, one for each time and target.

    Attributes:
        ids: The distinct names of the series, ascending.
        codes: The index of each row's series among them.
        times: Timestamps without a time zone in microseconds, or integers.
        values: The value of each row, NaN where missing.
        columns: The roles of the columns.
        time_type: The type of times, without a time zone.
        notes: What the user should know of this reading, one line each; words in backticks are arguments.
    """

    ids: nw.Series[Any]
    codes: Int64[np.ndarray, " rows"]
    times: Times
    values: Float64[np.ndarray, " rows"]
    columns: Columns
    time_type: DType
    notes: tuple[str, ...] = ()


def read_frame(frame: Any, layout: Layout) -> Reading:
    """Puts the rows of a long frame on a regular grid.

    Args:
        frame: A DataFrame of pandas or polars with one row for each series and time, in any order.
        layout: The user's options for columns and times.

    Raises:
        UserError: The frame is no such table, or the layout does not fit it.
    """
    rows = read_rows(frame, layout)
    panel, notes, _ = make_panel(rows.ids, rows.codes, rows.times, rows.values, layout)
    return Reading(panel, rows.columns, rows.time_type, (*rows.notes, *notes))


def read_rows(frame: Any, layout: Layout) -> Rows:
    """Reads and checks the rows of a long frame; see `read_frame`."""
    try:
        table = nw.from_native(frame, eager_only=True)
    except TypeError as error:
        raise UserError("frame", type(frame).__name__, "give a DataFrame of pandas or polars") from error
    except nw.exceptions.DuplicateError as error:
        raise UserError("frame", type(frame).__name__, "two columns have one name; rename one") from error
    unnamed = [name for name in table.columns if not isinstance(name, str)]
    if unnamed:
        raise UserError("frame", f"column {unnamed[0]!r}", "the name of a column has to be text; rename it")
    columns = infer_columns(table, layout)
    table = _without_blank_rows(table, (*columns.times, *columns.targets))
    for name in columns.times:
        _refuse(table[name].is_null().to_numpy(), "time_col", name, "is empty", "fill it or drop the row")
    stamps = read_times({name: table[name].to_pandas() for name in columns.times}, layout.time_format)
    ids, codes = _series(table, columns)
    times: Times = stamps.to_numpy()
    times = times if times.dtype.kind == "i" else times.astype("datetime64[us]", copy=False)
    values = [_numbers(table, name) for name in columns.targets]
    time_type = _time_type(table[columns.times[0]].dtype, stamps, len(columns.times))
    if len(values) == 1:  # the usual case needs no copy
        return Rows(ids, codes, times, values[0], columns, time_type)
    return Rows(ids, codes, np.tile(times, len(values)), np.concatenate(values), columns, time_type)


def _without_blank_rows(table: nw.DataFrame[Any], names: Sequence[str]) -> nw.DataFrame[Any]:
    nulls = nw.all_horizontal(*(nw.col(name).is_null() for name in names), ignore_nulls=False)
    blank = table.select(blank=nulls)["blank"]
    table = table.filter(~blank) if blank.any() else table  # a filter would copy the table
    if not len(table):
        raise UserError("frame", "without rows", "there is nothing to forecast; give one row at least")
    return table


def _series(table: nw.DataFrame[Any], columns: Columns) -> tuple[nw.Series[Any], NDArray[np.int64]]:
    """The distinct ids in ascending order, and the index of each row's id, one target after another."""
    targets, backend = columns.targets, table.implementation
    if columns.id is None:
        codes = np.repeat(np.arange(len(targets), dtype=np.int64), len(table))
        return nw.new_series("unique_id", list(targets), nw.String, backend=backend), codes
    column = table[columns.id]
    _refuse(column.is_null().to_numpy(), "id_col", columns.id, "is empty", "fill it or drop the row")
    codes, distinct = pd.factorize(column.to_pandas(), sort=True)
    if len(targets) == 1:
        first = np.empty(len(distinct), dtype=np.int64)
        first[codes[::-1]] = np.arange(len(codes))[::-1]
        return column[first.tolist()], codes.astype(np.int64, copy=False)
    names = [f"{identity}/{target}" for identity in distinct for target in targets]
    codes = np.concatenate([codes * len(targets) + index for index in range(len(targets))])
    return nw.new_series(columns.id, names, nw.String, backend=backend), codes.astype(np.int64)


def _numbers(table: nw.DataFrame[Any], name: str) -> NDArray[np.float64]:
    column = table[name].to_pandas()
    if not table[name].dtype.is_numeric():
        text = column.astype("string")
        column = pd.to_numeric(text, errors="coerce")
        bad = (column.isna() & text.notna()).to_numpy()
        word = repr(text.iloc[int(bad.argmax())])
        _refuse(bad, "target_col", name, f"is not a number but {word}", "mend it or name a column of numbers")
    plain = column.dtype == np.float64  # NaN is its only missing value, so no copy is needed
    values: NDArray[np.float64] = column.to_numpy() if plain else column.to_numpy(np.float64, na_value=np.nan)
    _refuse(np.isinf(values), "target_col", name, "is infinite", "leave it empty if it is missing")
    large = np.abs(values) > _LARGEST
    fault = f"is too large ({values[int(large.argmax())]:g})" if large.any() else ""
    _refuse(large, "target_col", name, fault, "give it in another unit")
    return values


def _refuse(bad: NDArray[np.bool_], argument: str, name: str, fault: str, remedy: str) -> None:
    if bad.any():
        raise UserError(argument, name, f"{fault} in row {int(bad.argmax()) + 1}; {remedy}")


def _fits(numbers: NDArray[np.int64], kind: DType) -> bool:
    limits = np.iinfo(str(kind).lower())
    return bool(limits.min <= numbers.min() and numbers.max() <= limits.max)


def _time_type(given: DType, stamps: pd.Series, columns: int) -> DType:
    """The type of times in the output: that of the input, without the time zone."""
    if stamps.dtype.kind == "i":
        return given if given.is_integer() else nw.Int64()
    if columns == 1 and given == nw.Date:
        return nw.Date()
    if isinstance(given, nw.Datetime):
        return nw.Datetime(given.time_unit)
    return nw.Datetime("us" if stamps.dt.unit == "s" else stamps.dt.unit)  # polars has no whole seconds
