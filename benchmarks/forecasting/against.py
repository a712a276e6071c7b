"""The quantile loss of every series beside those of others: on how many tasks is a model better, and by how much?

    python -m benchmarks.forecasting.against RUN.parquet benchmarks/results/competitors/*.parquet --model nanotst

A task is a set at a horizon. The first file has the model, all files after it the others; scores of other windows, such
as those of the other view, are left out. The ratio of a task is the geometric mean over the series that both have
(`scaled.py`), and the overall ratio is the geometric mean over tasks. Intervals are 95 % bootstrap intervals over
series: a series is drawn with all its horizons, and tasks are not drawn. A task of one series has no interval.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.forecasting.bootstrap import DRAWS
from benchmarks.forecasting.rows import POINT
from benchmarks.forecasting.scaled import log_ratios

KEYS = ["set", "horizon", "series"]
WORSE = 1.1  # a task is named if the model has so many times the loss of the best of all
SAME = 1e-5  # relative; the cached sizes are in single precision


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="scores of series, as zeroshot.py writes them")
    parser.add_argument("others", nargs="+", type=Path, help="those of others, as competitors.py writes them")
    parser.add_argument("--model", default="nanotst")
    options = parser.parse_args()
    run = pd.read_parquet(options.run)
    ours = run[run["model"] == options.model]
    if ours.empty:
        raise SystemExit(f"{options.run} has no scores of {options.model}")
    tasks = against(ours, [pd.read_parquet(file) for file in options.others])
    if tasks.empty:
        raise SystemExit("no task that both the model and another have")
    print(f"{options.model} against others\n{overall(tasks).to_string(float_format='%.3f', na_rep='')}")
    table = tasks.pivot_table("ratio", ["set", "horizon"], "model", sort=False)
    print(f"\nratio of each task\n{table.to_string(float_format='%.3f', na_rep='')}")
    named = beaten(tasks)
    print(f"\n{len(named)} tasks with over {WORSE} times the loss of the best of all")
    if len(named):
        print(named.drop(columns="logs").to_string(index=False, float_format="%.3f", na_rep=""))


def against(ours: pd.DataFrame, files: list[pd.DataFrame], draws: int = DRAWS, seed: int = 0) -> pd.DataFrame:
    """One row a task and other model.

    Args:
        ours: Scores of the series of one model: set, horizon, series, loss, size, unit.
        files: Those of others, with a column model; of a model and task, the first file counts.
        draws: Of the bootstrap.
        seed: Of the draws; all comparisons of a set have the same.

    Returns:
        `set`, `horizon`, `model` (the other), `series`, `left_out` (no unit, or a loss of zero), `ratio`, `low`,
        `high`, and `logs`, the logarithm of the ratio in each draw, (draws,).
    """
    same = [part for part in (same_windows(ours, file) for file in files) if len(part)]
    if not same:
        return pd.DataFrame()
    others = pd.concat(same, ignore_index=True)
    others = others[~others["model"].isin([POINT, *ours["model"].unique()])]
    others = others.drop_duplicates([*KEYS, "model"], keep="first")
    found = []
    for name, part in ours.groupby("set", sort=False):
        series = part["series"].unique()
        random = np.random.default_rng(seed)
        times = pd.DataFrame(random.multinomial(len(series), np.full(len(series), 1 / len(series)), draws).T, series)
        for (horizon, model), theirs in others[others["set"] == name].groupby(["horizon", "model"], sort=False):
            asked = {"set": name, "horizon": horizon, "model": model}
            found.append(asked | compared(log_ratios(part, theirs), times))
    return pd.DataFrame(found)


def same_windows(ours: pd.DataFrame, theirs: pd.DataFrame) -> pd.DataFrame:
    """The tasks of the other that were asked about the same windows: all series of both have the same size."""
    both = theirs.merge(ours[[*KEYS, "size"]], on=KEYS, suffixes=("", "_ours"))
    agree = np.isclose(both["size"], both["size_ours"], rtol=SAME, atol=0)
    whole = both.assign(agree=agree).groupby(["set", "horizon", "model"])["agree"].transform("all")
    return both[whole].drop(columns="size_ours")


def compared(ratios: pd.DataFrame, times: pd.DataFrame) -> dict[str, object]:
    """A task: the geometric mean of ratios, as it is and with series drawn so many times, (series, draws)."""
    known = ratios.dropna(subset="log_ratio")
    logs, drawn = known["log_ratio"].to_numpy(), times.loc[known["series"]].to_numpy()
    with np.errstate(invalid="ignore"):  # a draw may have none of these series
        means = logs @ drawn / drawn.sum(axis=0)
    exact = logs.mean() if len(logs) else np.nan
    low, high = np.exp(np.nanquantile(means, [0.025, 0.975])) if len(logs) > 1 else (np.nan, np.nan)
    counts = {"series": len(logs), "left_out": len(ratios) - len(logs)}
    return counts | {"ratio": np.exp(exact), "low": low, "high": high, "logs": np.where(np.isnan(means), exact, means)}


def overall(tasks: pd.DataFrame) -> pd.DataFrame:
    """One row a model: tasks, how many the model is better on, the geometric mean of their ratios, its interval."""
    found = {}
    for model, part in tasks.dropna(subset="ratio").groupby("model", sort=False):
        means = np.stack(part["logs"].to_list()).mean(axis=0)
        low, high = np.exp(np.quantile(means, [0.025, 0.975]))
        counts = {"tasks": len(part), "better": int((part["ratio"] < 1).sum())}
        found[model] = counts | {"ratio": np.exp(np.log(part["ratio"]).mean()), "low": low, "high": high}
    return pd.DataFrame.from_dict(found, orient="index").sort_values("ratio", ascending=False)


def beaten(tasks: pd.DataFrame, worse: float = WORSE) -> pd.DataFrame:
    """The tasks where the model is worse than the best of all others by more than a factor, the worst first.

    The best of a task is the one that the ratio of the model to it is largest of.
    """
    best = tasks.sort_values("ratio", ascending=False, kind="stable").drop_duplicates(["set", "horizon"])
    return best[best["ratio"] > worse].rename(columns={"model": "best"})


if __name__ == "__main__":
    main()
