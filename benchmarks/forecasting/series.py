"""The synthetic series that speed is measured on: hourly, drawn from the grammar, written once for all who read them.

    python -m benchmarks.forecasting.series FOLDER --series 1000

Drawing them needs torch, so it has a process of its own: what is measured shall not hold torch if it needs none.
"""

import argparse
import subprocess
import sys
from pathlib import Path

LENGTH, HORIZON, SEASON = 512, 24, 24
ARRAY, TABLE, TEXT = "series.npy", "series.parquet", "series.csv"
"""The same series in each of the written files: an array (series, LENGTH), and long tables."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--series", type=int, default=1000)
    options = parser.parse_args()
    write(options.folder, options.series)


def write_elsewhere(folder: Path, count: int) -> None:
    """Writes the files of `count` series into a folder, in a process that leaves no threads and no memory behind."""
    command = [sys.executable, "-m", "benchmarks.forecasting.series", str(folder), f"--series={count}"]
    subprocess.run(command, check=True)


def write(folder: Path, count: int) -> None:
    import numpy as np
    import pandas as pd
    import torch

    from segue.forecasting.pretraining.grammar import Grammar

    values = Grammar().sample(torch.Generator().manual_seed(0), count, LENGTH)[0].double().numpy()
    times = pd.date_range("2024-01-01", periods=LENGTH, freq="h")
    names = [f"series-{i:04d}" for i in range(count)]
    columns = {"unique_id": np.repeat(names, LENGTH), "ds": np.tile(times, count), "y": values.ravel()}
    table = pd.DataFrame(columns)
    np.save(folder / ARRAY, values)
    table.to_parquet(folder / TABLE, index=False)
    table.to_csv(folder / TEXT, index=False)


if __name__ == "__main__":
    main()
