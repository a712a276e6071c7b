"""Streams: rows come bit by bit, and a forecast equals that of one call over all of them.

A forecast reads the last values of each lane, so a stream keeps these. It keeps them in a `Memory`, a value that the
caller holds. A stream itself never changes.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np

from segue.errors import UserError
from segue.forecasting.forecast import Limits, forecast_panel, forecast_reading
from segue.forecasting.predictor import LEVELS, Forecast, check_horizon
from segue.forecasting.registry import Model, load_predictor
from segue.forecasting.streams.arrays import appended, read_mask, read_numbers
from segue.forecasting.streams.arrivals import take_in
from segue.forecasting.streams.memory import MOST_STEPS, Memory, require_lanes
from segue.forecasting.streams.report import Report
from segue.forecasting.table.layout import ID_NAMES, Layout
from segue.forecasting.table.result import Number, Numbers
from segue.forecasting.table.rows import Rows, read_rows
from segue.state import State


class Stream:
    """`memory, report = update(memory, rows)` consumes, `forecast(memory, horizon)` only reads.

    Args:
        model: A name, a model folder or a predictor, as in `segue.forecast`.
        freq: The step; by default it is inferred from the first rows and kept. Give it where the first rows hold one
            row for each series, or come out of order. `segue.Layout` describes this argument and all that follow;
            columns that are inferred from the first rows are kept as well.
        id_col: The column that names the series.
        time_col: The column of times, or several columns.
        target_col: The column to forecast, or several columns.
        time_format: The format of times that are text.
        duplicates: Which value replaces several values at one time of one update.
        decimal: The decimal sign of numbers that are text. Give it where numbers are text, since the few cells of an
            update may fit two readings.

    Example:
        >>> import pandas as pd
        >>> stream = Stream("seasonal-naive:2")
        >>> memory, _ = stream.update(stream.start(), pd.DataFrame({"ds": [1, 2, 3], "y": [5.0, 6.0, 5.0]}))
        >>> memory, report = stream.update(memory, pd.DataFrame({"ds": [3, 5], "y": [5.0, 5.0]}))
        >>> print(report)
        1 added in 1 series, 1 repeated in 1 series, 1 skipped in 1 series
        >>> stream.forecast(memory, horizon=2)["SeasonalNaive"].tolist()
        [6.0, 5.0]
    """

    def __init__(
        self,
        model: Model = "nanotst",
        *,
        freq: str | int | None = None,
        id_col: str | Sequence[str] | None = None,
        time_col: str | Sequence[str] | None = None,
        target_col: str | Sequence[str] | None = None,
        time_format: str | None = None,
        duplicates: str | None = None,
        decimal: str | None = None,
    ) -> None:
        self.predictor = load_predictor(model)
        self.layout = Layout(id_col, time_col, target_col, freq, time_format, duplicates, decimal=decimal)

    @property
    def steps(self) -> int:
        """The number of last steps that each lane keeps: the context of the predictor, at most `MOST_STEPS`."""
        return min(self.predictor.context, MOST_STEPS)

    def start(self) -> Memory:
        """Returns a memory without lanes."""
        return self._empty(0)

    def update(self, memory: Memory, frame: Any) -> tuple[Memory, Report]:
        """Consumes rows of any series, known or new, in any order.

        A row that is newer than all known rows of its series is added, and the steps that it skips are missing values.
        An older row gives its value to a step without one. The report also counts the rows that are not applied.

        Args:
            memory: The memory so far; it does not change.
            frame: A DataFrame of pandas or polars with one row for each series and time.

        Returns:
            The new memory, and a report of the rows.

        Raises:
            UserError: The frame is no such table, or its columns, names, times or frequency do not fit the memory.
        """
        if memory.form is None and len(memory):
            raise UserError("memory", "of arrays", "has no names and times; go on with update_arrays")
        if getattr(frame, "shape", (1,))[0] == 0:  # a night without rows
            return memory, Report()
        layout = self.layout
        if memory.form is not None:  # one row for each series does not show the roles of columns
            known = memory.form.columns
            layout = replace(
                layout,
                id_col=(known.ids or None) if layout.id_col is None else layout.id_col,
                time_col=layout.time_col or known.times,
                target_col=layout.target_col or known.targets,
            )
        rows = read_rows(frame, layout)
        if rows.keys is not None:
            raise UserError("id_col", ",".join(rows.columns.ids), "a stream takes one column of names; join them first")
        _refuse_unused_names(frame, rows, memory)
        return take_in(memory.fitted(self.steps), rows, layout)

    def forecast(
        self,
        memory: Memory,
        horizon: int,
        levels: Numbers = (80,),
        quantiles: Numbers = (),
        floor: Number | None = None,
        cap: Number | None = None,
    ) -> Any:
        """Forecasts the `horizon` steps after the newest row of each series.

        Args:
            memory: The memory; it does not change.
            horizon: Number of steps ahead, at least 1.
            levels: Prediction intervals in per cent, each in [1, 98]; or a single one.
            quantiles: Single quantile levels, each in [0.01, 0.99]; or a single one.
            floor: The least value of the forecasts; None for no limit.
            cap: The largest value of the forecasts; None for no limit.

        Returns:
            A frame like the last one of `update`, as `segue.forecast` returns it.

        Raises:
            UserError: The memory has no names and times, or an argument is invalid.
        """
        if memory.form is None or not len(memory):
            remedy = "go on with forecast_arrays" if len(memory) else "update it with rows first"
            raise UserError("memory", "without names and times", remedy)
        limits = Limits(floor, cap)
        return forecast_reading(
            self.predictor, memory.reading(), horizon, levels, quantiles, lanes=memory, limits=limits
        )

    def update_arrays(self, memory: Memory, values: Any, observed: Any = None, reset: Any = None) -> Memory:
        """Consumes the next values of every lane; these lanes have no names and times.

        Args:
            memory: The memory so far; it does not change. The memory of `start` takes any number of lanes.
            values: Numbers (lanes, time) in the unit of the series, as an array or lists; NaN is missing.
            observed: False where a value is missing, (lanes, time). NaN is always missing.
            reset: True where the lane forgets everything before this value, (lanes, time). A mask (lanes,) concerns the
                first value.

        Returns:
            The new memory.

        Raises:
            UserError: An observed value is infinite, a shape or type is wrong, or the memory has names and times.
        """
        if memory.form is not None:
            raise UserError("memory", "of series with times", "go on with update")
        numbers = read_numbers(values, len(memory) or None)
        before = memory.fitted(self.steps) if len(memory) else self._empty(len(numbers))
        seen, begin = read_mask("observed", observed, numbers), read_mask("reset", reset, numbers)
        return Memory(appended(before.state, numbers, seen, begin))

    def forecast_arrays(self, memory: Memory, horizon: int) -> Forecast:
        """Forecasts the `horizon` steps after the newest one of each lane, at all quantile levels; NaN without values.

        Raises:
            UserError: `horizon` is not a whole number of at least 1.
        """
        check_horizon(horizon)
        return Forecast(forecast_panel(self.predictor, memory, horizon, LEVELS))

    def save(self, memory: Memory, path: str | Path) -> None:
        """Writes a memory and the identity of its model into one file, atomically.

        Raises:
            UserError: The folder is missing, or can't be written.
        """
        memory.state.save(path, {**memory.facts(), **self._identity()})

    def load(self, path: str | Path, adopt: bool = False) -> Memory:
        """Reads a file that `save` wrote.

        Args:
            path: The file to read.
            adopt: Accept the memory of another model; values and times stay, as far back as this model reads.

        Raises:
            UserError: The file can't be read, or another model's stream wrote it and `adopt` is false.
        """
        state, facts = State.load(path, {})
        try:
            require_lanes(state, facts)
            owner, memory = str(facts["model"]), Memory.of(state, facts)
            if memory.form is not None:
                memory.reading()  # makes each name, time and type of the form
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            raise UserError("state", path, "name a file that a stream saved (this is another kind of state)") from error
        if not adopt and facts.get("fingerprint") != self.predictor.fingerprint:  # names may change, and have done so
            whose = owner if owner != self.predictor.name else f"another {owner}"
            remedy = f"load it with the model that saved it, {whose}, or give adopt=True to go on with this one"
            raise UserError("state", path, remedy)
        return memory.fitted(self.steps)

    def _identity(self) -> dict[str, str]:
        return {"model": self.predictor.name, "fingerprint": self.predictor.fingerprint}

    def _empty(self, lanes: int) -> Memory:
        shape = (lanes, self.steps)
        return Memory(State({"values": np.zeros(shape), "observed": np.zeros(shape, dtype=bool)}))


def _refuse_unused_names(frame: Any, rows: Rows, memory: Memory) -> None:
    """Refuses an unused column of names: in few rows each name may occur once, as numbers of rows do."""
    columns = rows.columns
    if not columns.ids:
        free = [name for name in nw.from_native(frame).columns if name not in (*columns.times, *columns.targets)]
        for name in free:
            if name.lower() in ID_NAMES:
                raise UserError("id_col", name, "may name the series or number the rows; name it by id_col, or drop it")
    elif memory.form is not None and not memory.form.columns.ids:
        raise UserError("id_col", columns.ids[0], "earlier rows had no names of series; drop the column, or begin anew")
