"""Which series decide the WQL of a set: the ten with the largest shares of its quantile loss.

    python -m benchmarks.forecasting.deciding RUN.parquet --model nanotst

`RUN.parquet` holds the scores of series, as `zeroshot.py` writes them. `loss_share` and `size_share` are shares of the
sums that WQL is the ratio of. `scaled_loss` says how well the series is forecast in its own unit.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

COUNT = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--model", default="nanotst")
    options = parser.parse_args()
    series = pd.read_parquet(options.run)
    series = series[series["model"] == options.model]
    if series.empty:
        raise SystemExit(f"{options.run} has no scores of {options.model}")
    for (name, horizon), part in series.groupby(["set", "horizon"], sort=False):
        table = largest(part)
        made = f"{len(table)} of {len(part)} series make {table['together'].iloc[-1]:.0%} of the quantile loss"
        print(f"\n{name}, horizon {horizon}: {made}")
        print(table.to_string(index=False, float_format="%.3f", na_rep=""))


def shares(scores: pd.DataFrame) -> pd.DataFrame:
    """Of the series of one set, the largest share of the loss first: series, loss_share, size_share, scaled_loss."""
    found = scores[["series", "scaled_loss"]].copy()
    found.insert(1, "loss_share", scores["loss"] / scores["loss"].sum())
    found.insert(2, "size_share", scores["size"] / scores["size"].sum())
    return found.sort_values("loss_share", ascending=False, kind="stable")


def largest(scores: pd.DataFrame, count: int = COUNT) -> pd.DataFrame:
    """The first rows of `shares`, with their running sum as `together`."""
    found = shares(scores).head(count)
    found.insert(2, "together", np.cumsum(found["loss_share"]))
    return found


if __name__ == "__main__":
    main()
