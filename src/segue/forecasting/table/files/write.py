"""Tables of forecasts on disk, as CSV or Parquet."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd


def write_table(table: pd.DataFrame, path: Path, form: str) -> None:
    """Writes a table as `.csv` or `.parquet`."""
    if form == ".csv":
        table.to_csv(path, index=False, lineterminator="\n")
    else:
        table.to_parquet(path, index=False)


@contextmanager
def table_writer(path: Path, form: str) -> Iterator[Callable[[pd.DataFrame], None]]:
    """Yields a function that writes the next rows of a table."""
    frames: list[pd.DataFrame] = []
    yield frames.append
    write_table(pd.concat(frames), path, form)
