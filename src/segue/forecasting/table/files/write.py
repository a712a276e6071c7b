"""Tables of forecasts on disk, as CSV or Parquet."""

from pathlib import Path

import pandas as pd


def write_table(table: pd.DataFrame, path: Path, form: str) -> None:
    """Writes a table as `.csv` or `.parquet`."""
    if form == ".csv":
        table.to_csv(path, index=False, lineterminator="\n")
    else:
        table.to_parquet(path, index=False)
