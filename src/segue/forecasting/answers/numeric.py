"""A covariate as numbers: numbers as they are, and text as a column of 0 and 1 for each level."""

from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
from jaxtyping import Float64
from numpy.typing import NDArray

from segue.errors import UserError
from segue.forecasting.table.columns.looks import may_hold_numbers
from segue.forecasting.table.columns.native import as_pandas
from segue.forecasting.table.numbers.read import read_numbers

_MOST_LEVELS = 50  # more levels are names or free text, which do not help to forecast


@dataclass(frozen=True, eq=False)
class Coded:
    """A covariate.

    Attributes:
        name: Its name.
        names: The names of its columns: its own, or one for each level.
        past: The numbers in the history; NaN where missing.
        ahead: Those of the future frame; no rows without one.
    """

    name: str
    names: tuple[str, ...]
    past: Float64[np.ndarray, "rows columns"]
    ahead: Float64[np.ndarray, "rows_ahead columns"]


def coded(name: str, past: nw.Series[Any], ahead: nw.Series[Any] | None) -> Coded:
    """Reads a covariate of a history and of its future alike.

    Raises:
        UserError: Cells are neither numbers nor one of a few levels, they are numbers in one table only, or the future
            has a level that the history lacks.
    """
    before = as_pandas(past)
    after = before.iloc[:0] if ahead is None else as_pandas(ahead)
    if before.dtype == bool or past.dtype == nw.Boolean:
        return Coded(name, (name,), _flags(before), _flags(after))
    if may_hold_numbers({name: past}, name):
        if ahead is not None and len(after) and not may_hold_numbers({name: ahead}, name):
            raise UserError("future", name, "holds numbers in the history and text in the future; write both alike")
        return Coded(name, (name,), _numbers(name, before, "frame"), _numbers(name, after, "future"))
    cells = [str(cell) for cell in before.dropna().tolist()]
    levels = sorted(set(cells))
    if len(levels) > _MOST_LEVELS:
        raise UserError("covariates", name, f"has {len(levels):,} levels; at most {_MOST_LEVELS} are used, or numbers")
    _refuse_unseen(name, after, levels)
    # of two levels, only the rarer one gets a column
    kept = [min(levels, key=cells.count)] if len(levels) == 2 else levels
    return Coded(name, tuple(f"{name}={level}" for level in kept), _levels(before, kept), _levels(after, kept))


def _refuse_unseen(name: str, cells: pd.Series, levels: list[str]) -> None:
    for row, cell in enumerate(cells.tolist(), start=1):
        if not pd.isna(cell) and str(cell) not in levels:
            seen = ", ".join(levels[:5])
            remedy = f"{str(cell)!r} in row {row} is not a level of the history ({seen}); write one, or leave it out"
            raise UserError("future", name, remedy)


def _flags(cells: pd.Series) -> NDArray[np.float64]:
    return np.asarray(cells.astype("float64"), dtype=np.float64)[:, None]


def _numbers(name: str, cells: pd.Series, argument: str) -> NDArray[np.float64]:
    read = read_numbers(name, cells, None, iter(()), True)
    if len(read.bad):
        fault, _ = read.fault(cells.iloc[int(read.bad[0])])
        raise UserError(argument, name, f"{fault} in row {int(read.bad[0]) + 1}; write a number")
    values = np.asarray(read.values, dtype=np.float64)
    return np.where(np.isinf(values), np.nan, values)[:, None]


def _levels(cells: pd.Series, levels: list[str]) -> NDArray[np.float64]:
    text = cells.map(lambda cell: None if pd.isna(cell) else str(cell)).to_numpy(dtype=object)
    found = (
        np.stack([(text == level).astype(np.float64) for level in levels], axis=1)
        if levels
        else np.zeros((len(text), 1))
    )
    return np.where(pd.isna(cells).to_numpy()[:, None], np.nan, found)
