"""Zero-shot accuracy on eight public sets, by the definitions of the published Chronos tables.

    python benchmarks/zeroshot.py --data DIR --model nanotst --model ar --view validation

MASE of the median, mean over series; WQL over nine deciles; coverage of the 80 % interval, pooled over all values.
Ratios are to the point forecast of seasonal naive, as in the tables, and their means over sets are geometric.
Choices are made on the validation view; the official view is for releases.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from machine import default_output, machine
from sets import SETS, DataSet, Task, load_task

from segue.cli.forecast import load_predictor
from segue.forecast.frames import forecast_panel
from segue.forecast.metrics import DECILES, coverage, mase, weighted_quantile_loss
from segue.forecast.result import Predictor
from segue.forecast.seasonal_naive import SeasonalNaive

BASELINE = "seasonal-naive-point"
COLUMNS = [
    "set", "frequency", "series", "horizon", "season", "model", "mase", "wql", "coverage80", "mase_ratio", "wql_ratio",
    "ms_per_series", "fingerprint",
]  # fmt: skip
SEVEN = "tourism_yearly"  # the seven-set mean leaves it out


def main() -> None:
    options = read_options()
    if options.threads:
        torch.set_num_threads(options.threads)
    picked = [dataset for dataset in SETS if dataset.name in options.sets]
    tasks = (load_task(options.data, dataset, options.view) for dataset in picked)
    rows = pd.concat([score_set(task, options.model) for task in tasks], ignore_index=True)
    result = pd.concat([rows, *summaries(rows)], ignore_index=True)
    result = result[COLUMNS].assign(view=options.view, **machine(torch.get_num_threads()))
    show(result)
    output = options.output or default_output(f"zeroshot-{options.view}")
    output.parent.mkdir(parents=True, exist_ok=True)
    result.to_csv(output, index=False, float_format="%.6g")
    print(output)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [dataset.name for dataset in SETS]
    parser.add_argument("--data", type=Path, required=True, help="folder of <set>.parquet")
    parser.add_argument("--model", action="append", help="nanotst, ar, seasonal-naive or a model folder; repeatable")
    parser.add_argument("--view", choices=["official", "validation"], default="validation")
    parser.add_argument("--sets", nargs="+", choices=names, default=names, metavar="SET")
    parser.add_argument("--threads", type=int, help="threads of torch; all cores by default")
    parser.add_argument("--output", type=Path, help="CSV; by default named by view, machine and date")
    options = parser.parse_args()
    options.model = options.model or ["nanotst"]
    return options


def score_set(task: Task, models: Sequence[str]) -> pd.DataFrame:
    """One row for the point forecast of seasonal naive, then one a model."""
    dataset = task.dataset
    naive = SeasonalNaive(dataset.season)
    point = forecast_panel(naive, task.panel, dataset.horizon, (0.5,))
    baseline = score(task, np.repeat(point, len(DECILES), axis=-1))
    rows = [{**about(task), "model": BASELINE, "fingerprint": naive.fingerprint, **baseline, "coverage80": np.nan}]
    for name in models:
        predictor = load_predictor(name, dataset.season)
        quantiles, milliseconds = timed_forecast(predictor, task)
        row = {**about(task), "model": name, "fingerprint": predictor.fingerprint, **score(task, quantiles)}
        rows.append({**row, "ms_per_series": milliseconds})
    frame = pd.DataFrame(rows)
    frame["mase_ratio"] = frame["mase"] / baseline["mase"]
    frame["wql_ratio"] = frame["wql"] / baseline["wql"]
    return frame


def about(task: Task) -> dict[str, str | int]:
    dataset: DataSet = task.dataset
    return {
        "set": dataset.name,
        "frequency": dataset.frequency,
        "series": len(task.panel),
        "horizon": dataset.horizon,
        "season": dataset.season,
    }


def timed_forecast(predictor: Predictor, task: Task) -> tuple[np.ndarray, float]:
    """The deciles, and milliseconds a series after one small warm-up."""
    values, observed = task.panel.lanes([0], predictor.context)
    predictor.predict(values, observed, task.dataset.horizon)
    start = time.perf_counter()
    quantiles = forecast_panel(predictor, task.panel, task.dataset.horizon, DECILES)
    return quantiles, 1000 * (time.perf_counter() - start) / len(task.panel)


def score(task: Task, quantiles: np.ndarray) -> dict[str, float]:
    """The scores of deciles (series, horizon, 9)."""
    median, season = quantiles[..., DECILES.index(0.5)], task.dataset.season
    scaled = mase(task.actual, median, task.history, season)
    # a history of no more than one season has no seasonal differences; GluonTS then takes those of one step
    short = task.panel.lengths <= season
    if short.any():
        scaled = np.where(short, mase(task.actual, median, task.history, 1), scaled)
    pooled = coverage(task.actual.reshape(1, -1), quantiles[..., 0].reshape(1, -1), quantiles[..., -1].reshape(1, -1))
    return {
        "mase": float(np.nanmean(scaled)),  # undefined for constant histories, which the tables leave out
        "wql": weighted_quantile_loss(task.actual, quantiles),
        "coverage80": float(pooled[0]),
    }


def summaries(rows: pd.DataFrame) -> list[pd.DataFrame]:
    """Rows per frequency, over all sets, and over all but the one that other tables leave out."""
    groups = [(frequency, rows["frequency"] == frequency) for frequency in rows["frequency"].unique()]
    count = rows["set"].nunique()
    groups.append((f"all {count} sets", rows["set"] != ""))
    if SEVEN in set(rows["set"]) and count > 1:
        groups.append((f"{count - 1} sets, no {SEVEN}", rows["set"] != SEVEN))
    return [summary(label, rows[chosen]) for label, chosen in groups]


def summary(label: str, rows: pd.DataFrame) -> pd.DataFrame:
    """One row a model: geometric means of the ratios, coverage pooled over values, time over series."""
    found = []
    for model, part in rows.groupby("model", sort=False):
        series, values = part["series"], part["series"] * part["horizon"]
        found.append(
            {
                "set": label,
                "series": series.sum(),
                "model": model,
                "fingerprint": part["fingerprint"].iloc[0] if part["fingerprint"].nunique() == 1 else None,
                "coverage80": (part["coverage80"] * values).sum(skipna=False) / values.sum(),
                "mase_ratio": np.exp(np.log(part["mase_ratio"]).mean()),
                "wql_ratio": np.exp(np.log(part["wql_ratio"]).mean()),
                "ms_per_series": (part["ms_per_series"] * series).sum(skipna=False) / series.sum(),
            }
        )
    return pd.DataFrame(found)


def show(result: pd.DataFrame) -> None:
    digits = {"mase": 3, "wql": 4, "coverage80": 3, "mase_ratio": 3, "wql_ratio": 3, "ms_per_series": 2}
    table = result[["set", "series", "model", *digits]].copy()
    for name, places in digits.items():
        table[name] = table[name].map(lambda number, places=places: f"{number:.{places}f}", na_action="ignore")
    print(table.to_string(index=False, na_rep=""))


if __name__ == "__main__":
    main()
