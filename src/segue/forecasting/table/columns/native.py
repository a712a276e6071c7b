"""Columns of any library of frames, converted to pandas."""

from typing import Any

import narwhals as nw
import pandas as pd


def as_pandas(column: nw.Series[Any]) -> pd.Series:
    """Returns a column as a series of pandas; objects where pandas has no such type, such as numbers of 128 bits."""
    name = column.name
    try:
        return column.to_pandas() if "\0" not in name else column.alias("").to_pandas().rename(name)  # polars panics
    except Exception:  # each library raises errors of its own
        return pd.Series(column.to_list(), name=name, dtype=object)


def distinct(column: nw.Series[Any] | pd.Series) -> int | None:
    """Returns the number of distinct cells; None where they cannot be compared, such as lists."""
    try:
        return int(column.nunique() if isinstance(column, pd.Series) else column.n_unique())
    except Exception:  # each library raises errors of its own
        return None
