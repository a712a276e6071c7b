"""Checks the covariates of a table and their future, and places them on the grid of its panel."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import narwhals as nw
import numpy as np
from jaxtyping import Float64, Int64
from numpy.typing import NDArray

from segue.errors import UserError
from segue.forecasting.answers.holidays import HOLIDAYS, holiday_columns
from segue.forecasting.answers.numeric import Coded, coded
from segue.forecasting.answers.placing import place
from segue.forecasting.table.grid.known import KnownColumns
from segue.forecasting.table.grid.panel import Panel
from segue.forecasting.table.layout import Layout
from segue.forecasting.table.reading import Reading
from segue.forecasting.table.rows import table_of

Names = str | Sequence[str]
"""A name, several, or several in one text: `temp,promo`."""


@dataclass(frozen=True, eq=False)
class Given:
    """What a user gives beside the values of a table.

    Attributes:
        frame: The table with its other columns.
        future: A frame of the steps ahead; None where the past of the table is forecast.
        covariates: The columns to use; by default all those of `future`.
        holidays: Countries whose holidays are to be used, such as `US`, `US-CA` or several.
    """

    frame: Any
    future: Any = None
    covariates: Names | None = None
    holidays: Names | None = None

    @property
    def nothing(self) -> bool:
        """Whether the user gives neither covariates nor holidays."""
        return self.future is None and self.covariates is None and self.holidays is None


def with_known(reading: Reading, given: Given, layout: Layout, horizon: int) -> Reading:
    """Returns a reading whose panel knows the columns that the user gives.

    Args:
        reading: That of `given.frame`.
        given: The columns.
        layout: The options that the table was read with.
        horizon: The steps ahead that must be known; 0 for a backtest.

    Raises:
        UserError: A column is missing, constant or has no future; the future is short or has gaps.
    """
    panel = reading.panel
    starts = np.concatenate([[0], np.cumsum(panel.lengths + horizon)]).astype(np.int64)
    names, sources, values = list[str](), list[str](), list[NDArray[np.float64]]()
    if given.future is not None or given.covariates is not None:
        columns, own = _covariates(reading, given, layout, starts, horizon)
        names += [name for column in columns for name in column.names]
        sources += [column.name for column in columns for _ in column.names]
        values.append(own)
    if given.holidays is not None:
        days, own = holiday_columns(panel, split_names(given.holidays), starts)
        names += days
        sources += [HOLIDAYS] * len(days)
        values.append(own)
    known = KnownColumns(tuple(names), tuple(sources), starts, np.concatenate(values, axis=1), np.ones(len(panel)))
    return replace(reading, panel=replace(panel, known=known))


def split_names(given: Names) -> tuple[str, ...]:
    """Several names as a tuple."""
    return tuple(name.strip() for name in given.split(",")) if isinstance(given, str) else tuple(given)


def _covariates(
    reading: Reading, given: Given, layout: Layout, starts: Int64[np.ndarray, " series_and_1"], horizon: int
) -> tuple[list[Coded], Float64[np.ndarray, "rows columns"]]:
    """All covariates, and their numbers on the grid."""
    if len(reading.columns.targets) > 1:
        raise UserError("target_col", ",".join(reading.columns.targets), "covariates go with one column; name one")
    if reading.panel.frequency.alias == "rows":
        raise UserError("freq", "rows", "covariates need times on a grid; give a frequency")
    past = table_of(given.frame, layout)
    ahead = None if given.future is None else table_of(given.future, layout)
    names = _chosen(reading, past, ahead, given.covariates, horizon)
    columns = [coded(name, past[name], None if ahead is None else ahead[name], layout.decimal) for name in names]
    values = np.full((int(starts[-1]), sum(len(column.names) for column in columns)), np.nan)
    place(values, starts, reading, past, [column.past for column in columns], layout, "frame")
    if ahead is not None:
        place(values, starts, reading, ahead, [column.ahead for column in columns], layout, "future")
    _check(values, starts, reading.panel, columns, horizon)
    return columns, values


def _chosen(
    reading: Reading, past: nw.DataFrame[Any], ahead: nw.DataFrame[Any] | None, asked: Names | None, horizon: int
) -> tuple[str, ...]:
    """The names of the covariates."""
    roles = {*reading.columns.ids, *reading.columns.times, *reading.columns.targets}
    if ahead is not None:
        for name in reading.columns.times:
            if name not in ahead.columns:
                raise UserError("future", name, "is the column of times, and missing there; add it")
    names = split_names(asked) if asked is not None else tuple(n for n in (ahead or past).columns if n not in roles)
    free = ", ".join(name for name in past.columns if name not in roles) or "none"
    for name in names:
        if name not in past.columns:
            raise UserError("covariates", name, f"the history has no such column; it has {free}")
        if name in roles:
            raise UserError("covariates", name, "names series or times, or is forecast; name another column")
        if horizon and (ahead is None or name not in ahead.columns):
            raise UserError("covariates", name, "its future is not given; add the column to `future`, or leave it out")
    if not names:
        raise UserError("future", "(no column)", f"holds nothing beside series and times; add some of {free}")
    return names


def _check(
    values: NDArray[np.float64], starts: NDArray[np.int64], panel: Panel, columns: Sequence[Coded], horizon: int
) -> None:
    """Refuses constant columns, and a future that does not cover the horizon."""
    future = np.zeros(len(values), dtype=bool)
    for end in starts[1:] if horizon else ():
        future[end - horizon : end] = True
    first = 0
    for column in columns:
        own = values[:, first : first + len(column.names)]
        first += len(column.names)
        past = own[~future & np.isfinite(own).all(1)]
        if not len(past) or bool((past == past[0]).all()):
            what = "is constant in the history" if len(past) else "has no number in the history"
            raise UserError("covariates", column.name, f"{what}, so it shows nothing; leave it out")
        missing = np.flatnonzero(future & ~np.isfinite(own).all(1))
        if len(missing):
            lane = int(np.searchsorted(starts, missing[0], side="right")) - 1
            step = int(missing[0] - (starts[lane + 1] - horizon))
            time = panel.part(lane, lane + 1).future(horizon)[0][step]
            where = f"at {time} of series {panel.ids[lane]}, step {step + 1} of {horizon}"
            raise UserError("future", column.name, f"has no value {where}; fill it or give fewer steps")
