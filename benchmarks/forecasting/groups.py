"""Means over sets: the groups that are spoken of, and buckets of frequency and horizon."""

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from benchmarks.forecasting.scores import COVERED, clustered

SEVEN = (
    "m1_yearly", "m1_quarterly", "m1_monthly", "tourism_quarterly", "tourism_monthly", "m4_hourly", "m4_weekly",
)  # fmt: skip
"""The headline: competition sets that agree with the published tables."""
RATIOS = ["mase_ratio", "wql_ratio", "wql_bands_ratio", "winkler80_ratio", "winkler95_ratio", "scaled_ratio"]
MEANS = [*RATIOS, "wql_nd", "scaled_loss"]

GROUPS: dict[str, Callable[[pd.DataFrame], pd.Series]] = {
    "seven sets": lambda rows: rows["set"].isin(SEVEN),
    # 8 series with one window: chance decides much of it
    "seven sets, exchange_rate": lambda rows: rows["set"].isin((*SEVEN, "exchange_rate")) & rows["comparable"],
    # Chronos-Bolt was trained on M4
    "seven sets, no M4": lambda rows: rows["set"].isin([name for name in SEVEN if not name.startswith("m4")]),
    "development sets": lambda rows: ~rows["comparable"],
}
SIZES = {"seven sets": 7, "seven sets, exchange_rate": 8, "seven sets, no M4": 5}


def summaries(rows: pd.DataFrame, series: pd.DataFrame) -> pd.DataFrame:
    """One row a group and model that has a score on all sets of the group.

    Args:
        rows: Of sets, by `rows.row`; of models without a run, too: what they lack is NaN.
        series: Scores of series, with columns set, horizon and model; for coverage, pooled over values, and its
            standard error clustered by series.
    """
    found = []
    for label, chosen in groups(rows):
        members = rows[chosen]
        keys = members[["set", "horizon"]].drop_duplicates()
        for model, part in members.groupby("model", sort=False):
            if len(part) == len(keys):
                own = series[series["model"] == model].merge(keys)
                found.append({"set": label, "sets": len(keys), "model": model} | pooled(part) | covered(own))
    return pd.DataFrame(found)


def groups(rows: pd.DataFrame) -> Iterator[tuple[str, pd.Series]]:
    for label, rule in GROUPS.items():
        chosen = rule(rows)
        count = len(rows[chosen][["set", "horizon"]].drop_duplicates())
        if count > 1 and count == SIZES.get(label, count):
            yield label, chosen
    for (frequency, horizon), _ in rows.groupby(["frequency", "horizon"], sort=False):
        yield f"{frequency}, horizon {horizon}", (rows["frequency"] == frequency) & (rows["horizon"] == horizon)


def pooled(rows: pd.DataFrame) -> dict[str, float]:
    """Geometric means of `MEANS`, NaN where a row lacks one; time over all windows; the largest memory."""
    logs = np.log(rows.reindex(columns=MEANS).astype(float))
    means = {name: float(np.exp(logs[name].mean(skipna=False))) for name in MEANS}
    sums = {name: rows[name].sum() for name in ("series", "windows")}
    time = (rows["ms_per_series"] * rows["windows"]).sum(skipna=False) / rows["windows"].sum()
    return means | sums | {"ms_per_series": time, "peak_mb": rows["peak_mb"].max()}


def covered(series: pd.DataFrame) -> dict[str, float]:
    found = {}
    for level in COVERED if len(series) else ():
        # a series at two horizons is one cluster
        sums = series.groupby(["set", "series"], sort=False)[[f"inside{level}", "values"]].sum(min_count=1)
        share, error = clustered(sums[f"inside{level}"].to_numpy(), sums["values"].to_numpy())
        found |= {f"coverage{level}": share, f"coverage{level}_se": error}
    return found


def miscovered(means: pd.DataFrame, levels: tuple[int, ...] = (80, 95), series: int = 150) -> pd.DataFrame:
    """Rows of `summaries` with so many series of which an interval covers too few or too many.

    By more than 5 points and by more than two standard errors.
    """
    off = [
        (means[f"coverage{level}"] - level / 100).abs() > np.maximum(0.05, 2 * means[f"coverage{level}_se"])
        for level in levels
    ]
    return means[np.logical_or.reduce(off) & (means["series"] >= series)]
