"""From columns of cells to a frame: text, or whole numbers where that loses nothing."""

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from segue.forecasting.table.files.names import UNNAMED

_MOST_DIGITS = 10**18  # whole numbers of at most 18 digits; longer ones stay text, because they may be codes
_YEARS = range(1500, 2200)


def frame_of_text(names: Sequence[str], columns: Sequence[pa.ChunkedArray], keep: Collection[str] = ()) -> pd.DataFrame:
    """Makes a frame of columns of cells.

    An empty cell is None. Blanks around cells are dropped, unless two texts of a column differ only in blanks. A column
    becomes int64 if all its cells are whole numbers without a sign `+` or leading zeros. A column without a name is
    dropped if it is empty, or if it is the first one and numbers the rows.

    Args:
        names: The names of the columns.
        columns: Their cells.
        keep: Columns that are not dropped.
    """
    arrays = {name: _typed(column) for name, column in zip(names, columns, strict=True)}
    dropped = [
        name for name, column in arrays.items() if name not in keep and name.startswith(UNNAMED) and _idle(column)
    ]
    if names and names[0].startswith(UNNAMED) and names[0] not in keep and _numbers_rows(arrays[names[0]]):
        dropped.append(names[0])
    kept = {
        name: pd.Series(column, dtype=column.dtype, copy=False)
        for name, column in arrays.items()
        if name not in dropped
    }
    return pd.DataFrame(kept, copy=False)


def _typed(column: pa.ChunkedArray) -> NDArray[np.int64] | NDArray[np.object_]:
    text = _without_blanks(column)
    numbers = _whole_numbers(text)
    return _objects(text) if numbers is None else numbers


def _whole_numbers(text: pa.ChunkedArray) -> NDArray[np.int64] | None:
    """The numbers of a column; None if there is a cell that is not written as `str(number)`, or is empty."""
    if not len(text) or text.null_count or not text[0].as_py().lstrip("-").isdigit():
        return None  # the first cell decides most columns, and costs less than an exception
    try:
        numbers = text.cast(pa.int64())
    except pa.ArrowInvalid:
        return None
    values: NDArray[np.int64] = numbers.to_numpy()
    small = values.min() > -_MOST_DIGITS and values.max() < _MOST_DIGITS
    return values if small and numbers.cast(pa.string()).equals(text) else None


def _objects(text: pa.ChunkedArray) -> NDArray[np.object_]:
    """The texts of a column as objects of Python; equal ones are one object, because ids and times of panels repeat."""
    if not len(text):
        return np.empty(0, object)
    coded = text.dictionary_encode()
    distinct: NDArray[np.object_] = np.append(coded.chunk(0).dictionary.to_numpy(zero_copy_only=False), [None])
    codes = [pc.fill_null(chunk.indices, len(distinct) - 1).to_numpy() for chunk in coded.chunks]
    cells: NDArray[np.object_] = distinct[np.concatenate(codes)]
    return cells


def _without_blanks(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Drops the blanks around cells, unless this would merge two texts; empty cells become null."""
    stripped = pc.utf8_trim_whitespace(column)
    empty = pc.equal(stripped, "")
    if not stripped.equals(column):
        given = column.filter(pc.invert(empty))
        if pc.count_distinct(given).as_py() != pc.count_distinct(stripped.filter(pc.invert(empty))).as_py():
            stripped = column
    return pc.if_else(empty, pa.scalar(None, pa.string()), stripped)


def _idle(column: NDArray[np.int64] | NDArray[np.object_]) -> bool:
    return column.dtype == object and all(cell is None for cell in column)


def _numbers_rows(column: NDArray[np.int64] | NDArray[np.object_]) -> bool:
    """Whether a column counts the rows; the count may restart in each part, and years are no count."""
    if column.dtype == object or not len(column) or int(column[0]) in _YEARS:
        return False
    return bool(((np.diff(column) == 1) | (column[1:] == column[0])).all())
