"""The names of series: the distinct names of rows, and several columns that name a series together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
from jaxtyping import Int64
from numpy.typing import NDArray

from segue.errors import UserError
from segue.forecasting.table.columns.native import as_pandas
from segue.forecasting.table.columns.roles import Columns


@dataclass(frozen=True, eq=False)
class Keys:
    """Several columns that name series together, such as `store` and `product`.

    Attributes:
        names: The joined name of each series, such as `north/tea`.
        columns: The cells of each of these columns, one for each series.
    """

    names: pd.Index
    columns: tuple[nw.Series[Any], ...]

    def of(self, ids: nw.Series[Any], codes: Sequence[int] | NDArray[np.int64]) -> dict[str, nw.Series[Any]]:
        """Returns the columns of rows, from the joined names of series and the index of each row's series."""
        rows = self.names.get_indexer(pd.Index(ids.to_list(), dtype=object))[np.asarray(codes, dtype=np.int64)].tolist()
        return {column.name: column[rows] for column in self.columns}


def read_names(
    table: nw.DataFrame[Any], columns: Columns
) -> tuple[nw.Series[Any], Int64[np.ndarray, " rows"], Keys | None]:
    """Reads the names of series.

    Args:
        table: Rows whose cells of names are filled.
        columns: The roles of the columns.

    Returns:
        The distinct names; the index of each row's name, one target after another; and the columns of the names, if
        there are several. Names are in the ascending order of their cells, and targets in the order of `columns`.

    Raises:
        UserError: Cells of a column cannot be names, or two series would have one name.
    """
    targets, backend = columns.targets, table.implementation
    if not columns.ids:
        codes = np.repeat(np.arange(len(targets), dtype=np.int64), len(table))
        return nw.new_series("unique_id", list(targets), nw.String, backend=backend), codes, None
    parts = [_factorized(table[name]) for name in columns.ids]
    codes, firsts, names = parts[0]
    if len(parts) > 1:
        for other, _, distinct in parts[1:]:
            codes = np.unique(codes * len(distinct) + other, return_inverse=True)[1].ravel()
        firsts = np.unique(codes, return_index=True)[1]
        names = ["/".join(str(distinct[own[row]]) for own, _, distinct in parts) for row in firsts]
    if len(targets) == 1 and len(parts) == 1:  # names keep their type
        return table[columns.ids[0]][firsts.tolist()], codes, None
    joined = [f"{name}/{target}" for name in names for target in targets] if len(targets) > 1 else list(map(str, names))
    codes = np.concatenate([codes * len(targets) + index for index in range(len(targets))])
    label = "/".join(columns.ids) if len(parts) > 1 else columns.ids[0]
    ids, index = nw.new_series(label, joined, nw.String, backend=backend), pd.Index(joined, dtype=object)
    if not index.is_unique:
        twice = index[index.duplicated()][0]
        raise UserError("id_col", label, f"would give two series the name {twice}; rename one of them")
    return ids, codes, None if len(parts) == 1 else Keys(index, _key_columns(table, columns, firsts))


def _key_columns(table: nw.DataFrame[Any], columns: Columns, firsts: NDArray[np.int64]) -> tuple[nw.Series[Any], ...]:
    """The columns of names, one row for each series; several targets have a column of their own."""
    rows = np.repeat(firsts, len(columns.targets)).tolist()
    keys = [table[name][rows] for name in columns.ids]
    if len(columns.targets) > 1:
        if "target" in (*columns.ids, *columns.times):
            raise UserError("id_col", "target", "the output has another column of this name; rename yours")
        names = list(columns.targets) * len(firsts)
        keys.append(nw.new_series("target", names, nw.String, backend=table.implementation))
    return tuple(keys)


def _factorized(column: nw.Series[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64], Any]:
    """The index of each row's name, the first row of each name, and the names, ascending."""
    try:
        codes, distinct = pd.factorize(as_pandas(column), sort=True)
    except (TypeError, NotImplementedError) as error:
        raise UserError("id_col", column.name, "holds lists or other cells that are not names; give text") from error
    codes = codes.astype(np.int64, copy=False)
    if (codes < 0).any():  # NaN is no null of polars
        row = int((codes < 0).argmax()) + 1
        raise UserError("id_col", column.name, f"is empty in row {row}; fill it or drop the row")
    first = np.empty(len(distinct), dtype=np.int64)
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    return codes, first, distinct


def blank_note(ids: nw.Series[Any]) -> tuple[str, ...]:
    """Notes two series whose names differ only in outer blanks, because readers take them for one."""
    seen: dict[str, str] = {}
    for name in ids.to_list() if isinstance(ids.dtype, nw.String | nw.Object) else ():
        if isinstance(name, str) and seen.setdefault(name.strip(), name) != name:
            return (f"series {seen[name.strip()]!r} and {name!r} differ in blanks alone; remove these if they are one",)
    return ()
