"""From a long frame to a panel of series, and from arrays back to a frame of the same kind."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from segue.errors import UserError, printable
from segue.forecasting.table.columns.keys import Keys
from segue.forecasting.table.columns.roles import Columns
from segue.forecasting.table.grid.frequency import Times
from segue.forecasting.table.grid.panel import Panel, make_panel
from segue.forecasting.table.layout import Layout
from segue.forecasting.table.rows import DType, Rows, read_rows

_NANOSECONDS = 9_223_372_036_854_775  # microseconds from 1970 to 2262, the last time in nanoseconds
_MOST_NAMES = 10  # the most series that a note lists


@dataclass(frozen=True, eq=False)
class Reading:
    """The series of a frame, and the form in which a similar frame is written.

    Attributes:
        panel: The series.
        columns: The roles of the columns.
        time_type: The type of times, without a time zone.
        notes: Notes on this reading for the user, one line each; words in backticks are arguments.
        keys: The columns that name series together, if there are several.
        skipped: The name of each series that was left out, and the reason.
    """

    panel: Panel
    columns: Columns
    time_type: DType
    notes: tuple[str, ...] = ()
    keys: Keys | None = None
    skipped: tuple[tuple[str, str], ...] = ()

    @property
    def id_col(self) -> str:
        """The name of the column of series in the output; for several columns, the name that `joined` gives."""
        return "/".join(self.columns.ids) or "unique_id"

    @property
    def id_cols(self) -> tuple[str, ...]:
        """The names of all columns that name the series in the output."""
        return (self.id_col,) if self.keys is None else tuple(str(column.name) for column in self.keys.columns)

    @property
    def time_col(self) -> str:
        """The name of the column of times in the output."""
        return self.columns.times[0] if len(self.columns.times) == 1 else "ds"

    def refuse_taken(self, names: Iterable[str], ids: Iterable[str] | None = None) -> None:
        """Refuses an output with two columns of one name.

        Args:
            names: Its columns besides series and times.
            ids: Its columns of series; by default those of the table.
        """
        names = list(names)
        for name in self.id_cols if ids is None else ids:
            if name == self.time_col or name in names:
                raise UserError("id_col", name, "the output has another column of this name; rename yours")
        if self.time_col in names:
            raise UserError("time_col", self.time_col, "the output has another column of this name; rename yours")

    def future(self, horizon: int, columns: Mapping[str, NDArray[np.float64]]) -> Any:
        """Makes a long frame of the kind that was read: the `horizon` times ahead and columns `(series, horizon)`."""
        codes = np.repeat(np.arange(len(self.panel)), horizon)
        return self._long(codes, self.panel.future(horizon).ravel(), {k: v.ravel() for k, v in columns.items()})

    def paths(self, horizon: int, name: str, values: NDArray[np.float64]) -> Any:
        """Makes a long frame of the kind that was read, from paths `(series, paths, horizon)` in a column `name`."""
        self.refuse_taken(("path", name))
        series, paths, _ = values.shape
        codes = np.repeat(np.arange(series), paths * horizon)
        times = np.repeat(self.panel.future(horizon)[:, None], paths, axis=1).ravel()
        numbers = np.tile(np.repeat(np.arange(paths), horizon), series)
        columns = {"path": numbers, self.time_col: self._stamps(self.time_col, times), name: values.ravel()}
        return self.table(columns, codes)

    def summed(
        self, codes: NDArray[np.int64], names: nw.Series[Any] | None, times: Times, columns: Mapping[str, Any]
    ) -> Any:
        """Makes a long frame of the kind that was read, from totals of series, or of groups of series with `names`."""
        self.refuse_taken(columns, None if names is None else (names.name,))
        stamps = {self.time_col: self._stamps(self.time_col, times), **columns}
        return self.table(stamps, codes) if names is None else self.table({names.name: names[codes.tolist()], **stamps})

    def with_lasting_times(self, horizon: int) -> "Reading":
        """Returns this reading with integer times of 64 bits if the times of the `horizon` steps ahead need them.

        So all parts of a table are written with one type of times.
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

    def rows(self, picked: NDArray[np.int64], columns: Mapping[str, NDArray[Any]]) -> Any:
        """Makes a long frame of the kind that was read, from some rows of the panel: their values are `y`."""
        codes = np.searchsorted(self.panel.starts, picked, side="right") - 1
        return self._long(codes, self.panel.times[picked], {"y": self.panel.values[picked], **columns})

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

    def _long(self, codes: NDArray[np.int64], times: Times, columns: Mapping[str, NDArray[Any]]) -> Any:
        self.refuse_taken(columns)
        return self.table({self.time_col: self._stamps(self.time_col, times), **columns}, codes)

    def table(self, columns: Mapping[str, Any], codes: NDArray[np.int64] | None = None) -> Any:
        """Makes a frame of the kind that was read; `codes` are the series of rows, `columns` all other columns."""
        backend = self.panel.ids.implementation
        series = {
            name: values if isinstance(values, nw.Series) else nw.new_series(name, values, backend=backend)
            for name, values in columns.items()
        }
        frame = nw.from_dict({**({} if codes is None else self._ids(codes)), **series})
        return nw.maybe_reset_index(frame).to_native()

    def joined(self, frame: Any) -> Any:
        """Puts one column `id_col` of joined names, such as `north/tea`, in the place of several columns of names."""
        if self.keys is None:
            return frame
        table = nw.from_native(frame, eager_only=True)
        cells = [nw.col(name).cast(nw.String) for name in self.id_cols]
        names = table.select(nw.concat_str(cells, separator="/").alias(self.id_col))[self.id_col]
        rest = [table[name] for name in table.columns if name not in self.id_cols]
        return nw.from_dict({self.id_col: names, **{column.name: column for column in rest}}).to_native()

    def _ids(self, codes: NDArray[np.int64]) -> dict[str, nw.Series[Any]]:
        ids = self.panel.ids
        return {self.id_col: ids[codes.tolist()]} if self.keys is None else self.keys.of(ids, codes)

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


def read_frame(frame: Any, layout: Layout, points: bool = False) -> Reading:
    """Puts the rows of a long frame on a regular grid.

    If every series ends with rows without a value, these are the rows that the user wants to be forecast. They are left
    out, and the forecast begins after the last value.

    Args:
        frame: A DataFrame of pandas or polars with one row for each series and time, in any order.
        layout: The user's options for columns and times.
        points: Whether text is of a file whose delimiter is a comma, so that `1.234` in every cell is decimal.

    Raises:
        UserError: The frame is no such table, or the layout does not fit it.
    """
    return reading_of(read_rows(frame, layout, points).without_rows_ahead(), layout)


def reading_of(rows: Rows, layout: Layout) -> Reading:
    """Puts rows that were read before on a regular grid; see `read_frame`."""
    panel, notes, reasons = make_panel(rows.ids, rows.codes, rows.times, rows.values, layout)
    skipped = (*rows.skipped, *((str(rows.ids[code]), reason) for code, reason in sorted(reasons.items())))
    notes = (*rows.notes, *notes, *_skipped_note(skipped, len(panel)))
    return Reading(panel, rows.columns, rows.time_type, tuple(map(printable, notes)), rows.keys, skipped)


def _skipped_note(skipped: Sequence[tuple[str, str]], kept: int) -> tuple[str, ...]:
    if not skipped:
        return ()
    listed = "; ".join(f"{name} ({reason})" for name, reason in skipped[:_MOST_NAMES])
    more = f"; and {len(skipped) - _MOST_NAMES:,} more" if len(skipped) > _MOST_NAMES else ""
    return (f"{len(skipped):,} of {len(skipped) + kept:,} series are left out: {listed}{more}",)


def _fits(numbers: NDArray[np.int64], kind: DType) -> bool:
    limits = np.iinfo(str(kind).lower().replace("128", "64"))  # the numbers have 64 bits themselves
    return bool(limits.min <= numbers.min() and numbers.max() <= limits.max)
