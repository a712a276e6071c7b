"""Accuracy by the length of the history: the last 8, 16, ... 2,048 values of the same windows.

    python -m benchmarks.forecasting.histories --data DIR --model nanotst

Validation view. Within a set every length is scored on the same windows, those whose history is as long as the longest
length that at least half of its windows have; MASE keeps the scale of the whole history. Ratios are to seasonal naive
with the same last values, which is poor below a season, and (`_whole`) with all of them. A CSV and a picture.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.charts import COLOURS, IMAGES, INK, canvas, save, title
from benchmarks.forecasting.scores import forecast, series_scores, set_scores
from benchmarks.forecasting.sets import SETS, DataSet, Task, load_task
from benchmarks.machine import default_output, machine
from segue.forecasting.baselines.seasonal_naive import SeasonalNaive
from segue.forecasting.predictor import LEVELS, predict_lanes
from segue.forecasting.registry import load_predictor

LENGTHS = (8, 16, 32, 64, 128, 256, 512, 1024, 2048)
ASKED = (
    ("m4_hourly", 48), ("pjm_hourly", 24), ("etth", 24), ("pedestrian_melb", 24),
    ("tourism_monthly", 24), ("m4_monthly_sample", 18), ("fred_md", 12), ("aus_retail", 24), ("aus_livestock", 24),
)  # fmt: skip
CHARTS = {"wql_ratio": "WQL to seasonal naive of the same values", "wql_ratio_whole": "of the whole history"}


def main() -> None:
    options = read_options()
    chosen = [d for d in SETS if (d.name, d.horizon) in ASKED and (not options.sets or d.name in options.sets)]
    rows: list[dict[str, Any]] = []
    for dataset in chosen:
        windows = min(dataset.windows, options.windows)
        rows += score(load_task(options.data, replace(dataset, windows=windows), "validation"), options)
    result = pd.DataFrame(rows).assign(**machine(options.threads))
    output = options.output or default_output("histories")
    output.parent.mkdir(parents=True, exist_ok=True)
    result.to_csv(output, index=False, float_format="%.6g")
    print(output)
    draw(result, options.picture)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of <set>.parquet")
    parser.add_argument("--model", default="nanotst", help="a name such as nanotst or ar, or a model folder")
    parser.add_argument("--sets", nargs="+", metavar="SET", help="some of them only")
    parser.add_argument("--lanes", type=int, default=150, help="windows a set at most")
    parser.add_argument("--windows", type=int, default=2, help="rolling windows a series at most")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", type=Path, help="CSV; by default named by machine and date")
    parser.add_argument("--picture", type=Path, default=IMAGES / "histories.png")
    return parser.parse_args()


def score(task: Task, options: argparse.Namespace) -> list[dict[str, Any]]:
    """One row a length."""
    task, lengths = comparable(task, options.lanes)
    model, rows = load_predictor(options.model, threads=options.threads), []
    whole = naive_scores(task, max(map(len, task.histories)))
    predict_lanes(model, *task.lanes(np.array([0]), model.context), task.dataset.horizon)  # warms up
    for length in lengths:
        start = time.perf_counter()
        own = scores_of(task, forecast(model, recent(task, length)))
        cost = 1000 * (time.perf_counter() - start) / len(task)
        naive = naive_scores(task, length)
        made = asked(task.dataset) | {"model": Path(options.model).name, "history": length, "windows": len(task)} | own
        for name in ("mase", "wql"):
            made |= {f"{name}_ratio": own[name] / naive[name], f"{name}_ratio_whole": own[name] / whole[name]}
        rows.append(made | {"ms_per_window": cost, "fingerprint": model.fingerprint})
        print(f"{task.dataset.name} {length}: {made['mase_ratio']:.3f} {made['wql_ratio']:.3f}", flush=True)
    return rows


def comparable(task: Task, most: int) -> tuple[Task, list[int]]:
    """The windows that every length is scored on, spread evenly over the set, and the lengths."""
    available = np.array([len(history) for history in task.histories])
    lengths = [length for length in LENGTHS if np.mean(available >= length) >= 0.5]
    kept = np.flatnonzero(available >= lengths[-1])
    kept = kept[np.unique(np.linspace(0, len(kept) - 1, most).round().astype(int))] if len(kept) > most else kept
    series, histories = ([part[lane] for lane in kept] for part in (task.series, task.histories))
    return replace(task, series=series, histories=histories, actual=task.actual[kept]), lengths


def recent(task: Task, length: int) -> Task:
    """The same windows with no more than the last `length` values of each history."""
    return replace(task, histories=[history[-length:] for history in task.histories])


def naive_scores(task: Task, length: int) -> dict[str, float]:
    """Of the point forecast of seasonal naive, as in the published tables."""
    bands = forecast(SeasonalNaive(task.dataset.season), recent(task, length))
    return scores_of(task, np.repeat(bands[..., [LEVELS.index(0.5)]], len(LEVELS), axis=-1))


def scores_of(task: Task, quantiles: np.ndarray) -> dict[str, float]:
    found = set_scores(series_scores(task, quantiles))
    return {name: found[name] for name in ("mase", "wql", "coverage50", "coverage80", "coverage95")}


def asked(dataset: DataSet) -> dict[str, Any]:
    return {name: getattr(dataset, name) for name in ("frequency", "horizon", "season")} | {"set": dataset.name}


def draw(result: pd.DataFrame, path: Path) -> None:
    """A row of charts a ratio, a column a frequency, a line a set."""
    frequencies = list(dict.fromkeys(result["frequency"]))
    figure, grid = canvas(len(CHARTS), len(frequencies), (4.8 * len(frequencies), 6.4), sharex=True, sharey="row")
    for axes, (name, label) in zip(grid, CHARTS.items(), strict=True):
        for ax, frequency in zip(axes, frequencies, strict=True):
            part = result[result["frequency"] == frequency]
            for colour, (dataset, mine) in zip(COLOURS, part.groupby("set", sort=False), strict=False):
                ax.plot(
                    mine["history"], mine[name], color=colour, linewidth=1.4, marker="o", markersize=3.5, label=dataset
                )
            ax.axhline(1, color=INK, linewidth=0.8, linestyle=":")
            ax.set_xscale("log", base=2)
            ax.set_xticks(LENGTHS, [str(length) for length in LENGTHS])
            title(ax, f"{label}, {frequency}")
    for ax in grid[0]:
        ax.legend(frameon=False, fontsize=8, loc="upper right")
    for ax in grid[-1]:
        ax.set_xlabel("values of history")
    save(figure, path)


if __name__ == "__main__":
    main()
