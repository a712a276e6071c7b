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


def coded(name: str, past: nw.Series[Any], ahead: nw.Series[Any] | None, decimal: str | None = None) -> Coded:
    """Reads a covariate of a history and of its future together, so that both have one decimal sign and one unit.

    Args:
        name: The name of the covariate.
        past: Its cells in the history.
        ahead: Those of the future frame; None without one.
        decimal: The decimal sign of numbers that are text; None to infer it.

    Raises:
        UserError: Cells are neither numbers nor one of a few levels, they are numbers or booleans in one table only,
            or the future has a level that the history lacks.
    """
    before = as_pandas(past)
    after = before.iloc[:0] if ahead is None else as_pandas(ahead)
    if before.dtype == bool or past.dtype == nw.Boolean:
        return Coded(name, (name,), _flags(before), _flags_ahead(name, after))
    if may_hold_numbers({name: past}, name):
        if ahead is not None and len(after) and not may_hold_numbers({name: ahead}, name):
            raise UserError("future", name, "holds numbers in the history and text in the future; write both alike")
        return Coded(name, (name,), *_numbers(name, before, after, decimal))
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


def _flags_ahead(name: str, cells: pd.Series) -> NDArray[np.float64]:
    """Booleans of the future, or numbers in their place; text is refused."""
    try:
        return _flags(cells)
    except (TypeError, ValueError) as error:
        remedy = "holds true and false in the history and text in the future; write both alike"
        raise UserError("future", name, remedy) from error


def _numbers(
    name: str, past: pd.Series, ahead: pd.Series, decimal: str | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The numbers of both tables, from one reading of all cells."""
    typed = all(pd.api.types.is_numeric_dtype(cells.dtype) for cells in (past, ahead))
    whole = pd.concat([past, ahead]) if typed else pd.Series([*past.tolist(), *ahead.tolist()], dtype=object)
    read, time = read_numbers(name, whole, decimal, iter(()), True), len(past)
    if len(read.bad):
        row = int(read.bad[0])
        argument, place = ("frame", row) if row < time else ("future", row - time)
        fault, _ = read.fault(whole.iloc[row])
        raise UserError(argument, name, f"{fault} in row {place + 1}; write a number")
    values = np.where(np.isinf(read.values), np.nan, read.values)[:, None]
    return values[:time], values[time:]


def _levels(cells: pd.Series, levels: list[str]) -> NDArray[np.float64]:
    text = cells.map(lambda cell: None if pd.isna(cell) else str(cell)).to_numpy(dtype=object)
    found = (
        np.stack([(text == level).astype(np.float64) for level in levels], axis=1)
        if levels
        else np.zeros((len(text), 1))
    )
    return np.where(pd.isna(cells).to_numpy()[:, None], np.nan, found)
