"""Zero-shot accuracy on public sets, by the definitions of the published Chronos tables. It needs no torch.

    python -m benchmarks.forecasting.zeroshot --data DIR --model nanotst --view validation

MASE of the median, WQL over nine deciles, the quantile loss scaled by series, coverage and interval scores; by set, by
group of sets, and by bucket of frequency and horizon. Sets have bootstrap intervals over series. Beside them is what
others reach on the same windows: cached runs of `competitors.py` and, on the official view, published rows. Choices are
made on the validation view; the official view is for releases.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.forecasting.bootstrap import intervals
from benchmarks.forecasting.competitors import RESULTS
from benchmarks.forecasting.groups import RATIOS, miscovered, summaries
from benchmarks.forecasting.published import published
from benchmarks.forecasting.rows import BANDS, POINT, baselines, row
from benchmarks.forecasting.scores import COVERED, SCORED, forecast, series_scores
from benchmarks.forecasting.sets import SETS, Task, load_task
from benchmarks.forecasting.whole import by_kind, show_kinds
from benchmarks.machine import default_output, machine, peak_megabytes, reset_peak
from segue.forecasting.predictor import Predictor, predict_lanes
from segue.forecasting.registry import load_predictor
from segue.threads import usable_threads

BOUNDED = ("mase", "wql", "wql_nd")  # get a bootstrap interval over series
COLUMNS = [
    "set", "horizon", "frequency", "season", "comparable", "sets", "series", "windows", "model",
    "mase", "wql", "nd", "wql_nd", "scaled_loss",
    *RATIOS, *(f"{score}_{end}" for score in BOUNDED for end in ("low", "high")),
    *(f"coverage{level}{what}" for level in COVERED for what in ("", "_se")), *(f"winkler{level}" for level in SCORED),
    "strictly80", "strictly80_se", "ms_per_series", "peak_mb", "fingerprint",
]  # fmt: skip


def main() -> None:
    options = read_options()
    rows, series = run(options)
    beside = others(rows, options.view)
    everyone = pd.concat([rows, beside], ignore_index=True).reindex(columns=COLUMNS)
    means = summaries(everyone, series)
    kinds = by_kind(rows, series)
    result = pd.concat([rows, means, kinds], ignore_index=True).reindex(columns=COLUMNS)
    show(everyone, means)
    show_kinds(kinds)
    output = options.output or default_output(f"zeroshot-{options.view}")
    output.parent.mkdir(parents=True, exist_ok=True)
    result = result.assign(view=options.view, **machine(options.threads))
    result.to_csv(output, index=False, float_format="%.6g")
    series.to_parquet(output.with_suffix(".parquet"), index=False, compression="zstd")  # for bootstrap.py
    print(output)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = list(dict.fromkeys(dataset.name for dataset in SETS))
    parser.add_argument("--data", type=Path, required=True, help="folder of <set>.parquet")
    parser.add_argument(
        "--model", action="append", help="a name such as nanotst, ar or ets, or a model folder; repeatable"
    )
    parser.add_argument("--view", choices=["official", "validation"], default="validation")
    parser.add_argument("--sets", nargs="+", choices=names, default=names, metavar="SET")
    parser.add_argument(
        "--threads", type=int, default=usable_threads(), help="by default as many as the machine allows"
    )
    parser.add_argument("--output", type=Path, help="CSV; by default named by view, machine and date")
    options = parser.parse_args()
    options.model = options.model or ["nanotst"]
    return options


def run(options: argparse.Namespace) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of all sets, seasonal naive first, and the scores of their series."""
    rows, series = [], []
    for dataset in SETS:
        task = load_task(options.data, dataset, options.view) if dataset.name in options.sets else None
        if not task:  # not asked for, or no window in this view
            continue
        found: dict[str, pd.DataFrame] = {}
        costs: dict[str, dict[str, float | str]] = {}
        baseline = baselines(task)
        for name in options.model:
            predictor = load_predictor(name, threads=options.threads)
            quantiles, cost = measured_forecast(predictor, task)
            found[name], costs[name] = series_scores(task, quantiles), {"fingerprint": predictor.fingerprint, **cost}
        for name, scores in ({name: baseline[name] for name in (POINT, BANDS)} | found).items():
            rows.append(row(task, name, scores, baseline) | intervals(scores) | costs.get(name, {}))
            series.append(scores.assign(set=dataset.name, horizon=dataset.horizon, model=name))
        print(f"{dataset.name} {dataset.horizon}", flush=True)
    return pd.DataFrame(rows), pd.concat(series, ignore_index=True)


def measured_forecast(predictor: Predictor, task: Task) -> tuple[np.ndarray, dict[str, float]]:
    """The quantiles, milliseconds a window after one to warm up, and the peak of the process meanwhile."""
    predict_lanes(predictor, *task.lanes(np.array([0]), predictor.context), task.dataset.horizon)
    reset_peak()
    start = time.perf_counter()
    quantiles = forecast(predictor, task)
    seconds = time.perf_counter() - start
    return quantiles, {"ms_per_series": 1000 * seconds / len(task), "peak_mb": peak_megabytes()}


def others(rows: pd.DataFrame, view: str) -> pd.DataFrame:
    """What is known of others on the sets of these rows. Their speed is left out: it was not measured side by side."""
    table = RESULTS / f"{view}.csv"
    known = [pd.read_csv(table)] if table.exists() else []
    known += [published()] if view == "official" else []
    keys = rows[["set", "horizon"]].drop_duplicates()
    mine = rows["model"].unique()
    found = [part.merge(keys)[lambda part: ~part["model"].isin(mine)] for part in known]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame()


def show(everyone: pd.DataFrame, means: pd.DataFrame) -> None:
    """Ratios of all models by set and group, then coverage of the models that were run now."""
    sets = everyone.assign(set=everyone["set"] + " " + everyone["horizon"].astype(str))
    both = pd.concat([sets, means], ignore_index=True)
    point = "to the point forecast of seasonal naive"
    titles = {
        "mase_ratio": point,
        "wql_ratio": point,
        "scaled_ratio": "of quantile losses of series, to seasonal naive with bands",
        "wql_nd": "WQL over ND; a group has the geometric mean",
    }
    for ratio, title in titles.items():
        table = both[both["model"] != POINT].pivot_table(ratio, "set", "model", sort=False)
        print(f"\n{ratio}, {title}\n{table.to_string(float_format='%.3f', na_rep='')}")
    columns = ["set", "series", "model", *(c for level in COVERED for c in (f"coverage{level}", f"coverage{level}_se"))]
    run_now = means[means["coverage80"].notna() & (means["model"] != POINT)]
    costs = ["wql_bands_ratio", "winkler80_ratio", "winkler95_ratio", "ms_per_series", "peak_mb"]
    print(f"\n{run_now[columns + costs].to_string(index=False, float_format='%.3f', na_rep='')}")
    off = miscovered(run_now)[["set", "series", "model", "coverage80", "coverage95"]]
    if len(off):
        print(f"\ncoverage off by over 5 points and two standard errors\n{off.to_string(index=False)}")


if __name__ == "__main__":
    main()
