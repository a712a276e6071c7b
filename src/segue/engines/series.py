"""What a worker must be told of a table, because it sees a part only: its columns, its step and its season."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from segue.errors import UserError
from segue.forecasting.table.grid.months import Months
from segue.forecasting.table.grid.names import counted_unit, frequency_of
from segue.forecasting.table.grid.seasons import seasons_of
from segue.forecasting.table.layout import Layout

Season = float | int | Sequence[float | int]


class SeriesOptions(TypedDict, total=False):
    """Keyword arguments for the columns of a table in parts.

    Attributes:
        id_col: The column that names the series, or several; `unique_id` by default.
        time_col: The column of timestamps, dates or integers; `ds` by default.
        target_col: The column of numbers to forecast; `y` by default.
        season: The steps of a season, or several; by default the calendar suggests them. Integer times need it.
    """

    id_col: str | Sequence[str]
    time_col: str
    target_col: str
    season: Season | None


@dataclass(frozen=True)
class Series:
    """How to read every part of one table. Nothing is inferred, since two parts might show two things.

    Attributes:
        ids: The columns that name the series.
        time: The column of times.
        target: The column to forecast.
        freq: The step as `segue.Layout` takes it, but `rows`.
        season: The steps of a season, or several; None where the calendar suggests them.

    Raises:
        UserError: A column is named twice, the step is missing or may mean two things, or integer times have no season.
    """

    ids: tuple[str, ...]
    time: str
    target: str
    freq: str | int
    season: Season | None = None

    @staticmethod
    def of(freq: str | int, options: SeriesOptions) -> "Series":
        """Takes the arguments of a public function.

        Raises:
            TypeError: There is no such option.
        """
        for name in options.keys() - SeriesOptions.__annotations__.keys():
            raise TypeError(f"got an unexpected keyword argument {name!r}")
        ids = options.get("id_col", "unique_id")
        time, target = options.get("time_col", "ds"), options.get("target_col", "y")
        return Series((ids,) if isinstance(ids, str) else tuple(ids), time, target, freq, options.get("season"))

    def __post_init__(self) -> None:
        if not self.ids:
            raise UserError("id_col", "(none)", "name the column of series; parts of one series cannot be forecast")
        for argument, name in (("time_col", self.time), ("target_col", self.target)):
            if not isinstance(name, str):
                raise UserError(argument, name, "give the name of one column")
        if len(set(self.columns)) < len(self.columns):
            raise UserError("id_col", ",".join(self.columns), "a column has two roles; name different columns")
        if str(self.freq).lower() == "rows":
            raise UserError("freq", self.freq, "give the step, such as h, D or MS; a part cannot show that of a table")
        integer = str(self.freq).isdigit()
        frequency = frequency_of(self.freq, np.zeros(1, np.int64 if integer else "datetime64[us]"))
        seasons_of(self.season)
        if integer and self.season is None:
            remedy = "give the steps of a season, 1 for none; parts of a table may show different ones"
            raise UserError("season", "(not given)", remedy)
        if isinstance(frequency, Months) and not self.anchor:
            raise UserError(
                "freq", self.freq, "name the day, such as MS or ME; parts of a table may show different ones"
            )

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of all columns that are read."""
        return (*self.ids, self.time, self.target)

    @property
    def integer(self) -> bool:
        """Whether times are integers."""
        return str(self.freq).isdigit()

    @property
    def anchor(self) -> str:
        """The day that names months, quarters and years, by the name of the step; empty if it names none."""
        unit = counted_unit(str(self.freq))
        end = {"S": "start", "E": "end"}.get(unit[-1:], "") if unit[:-1] else ""
        return f"business {end}" if end and unit.startswith("B") else end

    @property
    def layout(self) -> Layout:
        """The same for the reader of tables."""
        form = "count" if self.integer else None
        return Layout(self.ids, (self.time,), (self.target,), self.freq, form, season=self.season)

    def refuse_missing(self, names: Iterable[str]) -> None:
        """Refuses a table that lacks a column, by the names of those that it has."""
        there = list(names)
        for argument, name in (
            *(("id_col", name) for name in self.ids),
            ("time_col", self.time),
            ("target_col", self.target),
        ):
            if name not in there:
                raise UserError(argument, name, f"no such column; there are {', '.join(map(str, there[:12]))}")
