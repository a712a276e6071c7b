"""Coverage of series of whole numbers apart from that of all others, by frequency.

A band of whole numbers often ends on a value that occurs. Its share inside, bounds included, is then above the level,
and its share strictly inside below it. A calibrated 80 % band has 80 % between the two.
"""

import pandas as pd

from benchmarks.forecasting.rows import POINT
from benchmarks.forecasting.scores import clustered

SERIES = 150  # with fewer, the standard error is above the 4 points that coverage may be off
SHARES = {"coverage80": "inside80", "strictly80": "strictly80", "coverage95": "inside95"}


def by_kind(rows: pd.DataFrame, series: pd.DataFrame, least: int = SERIES) -> pd.DataFrame:
    """One row a frequency, kind of series and model.

    Args:
        rows: Of sets: set, horizon, frequency.
        series: Scores of series, with columns set, horizon and model.
        least: Series that a frequency must have of a kind.

    Returns:
        `set`, such as "monthly, whole numbers" or "monthly, other numbers", `series`, `model`; `coverage80`,
        `strictly80`, `coverage95` and their standard errors, clustered by series.
    """
    frequencies = rows[["set", "horizon", "frequency"]].drop_duplicates()
    known = series[series["model"] != POINT].merge(frequencies)
    found = []
    for (frequency, whole, model), part in known.groupby(["frequency", "whole", "model"], sort=False):
        # a series at two horizons is one cluster
        sums = part.groupby(["set", "series"], sort=False)[[*SHARES.values(), "values"]].sum(min_count=1)
        if len(sums) < least:
            continue
        kind = f"{frequency}, {'whole' if whole else 'other'} numbers"
        scores = {"set": kind, "series": len(sums), "model": model}
        for name, hits in SHARES.items():
            share, error = clustered(sums[hits].to_numpy(), sums["values"].to_numpy())
            scores |= {name: share, f"{name}_se": error}
        found.append(scores)
    return pd.DataFrame(found)


def show_kinds(kinds: pd.DataFrame) -> None:
    """Prints the table of `by_kind`."""
    if len(kinds):
        table = kinds.to_string(index=False, float_format="%.3f", na_rep="")
        print(f"\n80 % bands, bounds included and strictly inside, and 95 % bands, by kind of numbers\n{table}")
