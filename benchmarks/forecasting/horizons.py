"""Long horizons: many patches in one pass, against one patch after another, each fed back as nine futures.

    python -m benchmarks.forecasting.horizons --data DIR --model nanotst

The same weights forecast both ways, and in between: `--spans` are the patches of one pass. Rolling windows of the
validation view; MASE, WQL, coverage, interval score and milliseconds a window, in a CSV and a picture.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.charts import COLOURS, FAINT, IMAGES, SOFT, canvas, save, title
from benchmarks.forecasting.rows import baselines, row
from benchmarks.forecasting.scores import forecast, series_scores
from benchmarks.forecasting.sets import SETS, DataSet, Task, load_task
from benchmarks.machine import default_output, machine
from segue.forecasting.nanotst.graph import ExportedModel
from segue.forecasting.predictor import predict_lanes

NAMES = ("etth", "ettm1", "pjm_hourly", "exchange_rate", "vic_elec")
PANELS = {
    "mase_ratio": "MASE to seasonal naive",
    "wql_ratio": "WQL to seasonal naive",
    "coverage80": "coverage of 80 %",
    "ms_per_window": "ms a window",
}


def main() -> None:
    options = read_options()
    model = ExportedModel.from_pretrained(options.model, threads=options.threads)
    spans = sorted(set(options.spans or (1, model.config.span)))
    ways = {span: with_span(model, span) for span in spans}
    rows = []
    for dataset in picked(options):
        task = load_task(options.data, dataset, "validation")
        if task:
            rows += score(task, ways)
    result = pd.DataFrame(rows).assign(fingerprint=model.fingerprint, **machine(options.threads))
    output = options.output or default_output("horizons")
    output.parent.mkdir(parents=True, exist_ok=True)
    result.to_csv(output, index=False, float_format="%.6g")
    print(output)
    draw(result, options.picture)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of <set>.parquet")
    parser.add_argument("--model", default="nanotst", help="a bundled model or a model folder")
    parser.add_argument("--sets", nargs="+", default=NAMES, metavar="SET")
    parser.add_argument("--horizons", nargs="+", type=int, default=[96, 336])
    parser.add_argument("--spans", nargs="+", type=int, help="patches of one pass; by default 1 and the model's own")
    parser.add_argument("--windows", type=int, default=2, help="rolling windows a series at most")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", type=Path, help="CSV; by default named by machine and date")
    parser.add_argument("--picture", type=Path, default=IMAGES / "horizons.png")
    return parser.parse_args()


def picked(options: argparse.Namespace) -> list[DataSet]:
    found = [dataset for dataset in SETS if dataset.name in options.sets and dataset.horizon in options.horizons]
    return [replace(dataset, windows=min(dataset.windows, options.windows)) for dataset in found]


def with_span(model: ExportedModel, span: int) -> ExportedModel:
    """The same graph asked for `span` patches a pass; what is beyond is fed back.

    Fewer patches than the model was made for change nothing else; more would lie outside what its patches attend to.
    """
    if not 1 <= span <= model.config.span:
        raise SystemExit(f"--spans {span}: give numbers from 1 to {model.config.span}, the patches of one pass at most")
    other = ExportedModel(model.folder, model.threads)
    other.config = replace(model.config, span=span)
    return other


def score(task: Task, ways: dict[int, ExportedModel]) -> list[dict[str, Any]]:
    """One row a way."""
    naive, horizon, rows = baselines(task), task.dataset.horizon, []
    for span, model in ways.items():
        predict_lanes(model, *task.lanes(np.array([0]), model.context), horizon)  # warms up
        start = time.perf_counter()
        quantiles = forecast(model, task)
        cost = 1000 * (time.perf_counter() - start) / len(task)
        passes = -(-horizon // model.pass_steps)
        made = row(task, "one pass" if passes == 1 else f"{passes} passes", series_scores(task, quantiles), naive)
        rows.append(made | {"span": span, "passes": passes, "ms_per_window": cost})
        shown = ", ".join(f"{name} {rows[-1][name]:.3f}" for name in PANELS)
        print(f"{task.dataset.name} {horizon}, {rows[-1]['model']}: {shown}", flush=True)
    return rows


def draw(result: pd.DataFrame, path: Path) -> None:
    """A line a set and horizon, a dot a way."""
    asked = list(dict.fromkeys(zip(result["set"], result["horizon"], strict=True)))
    figure, (axes,) = canvas(1, len(PANELS), (11, 1.4 + 0.34 * len(asked)), sharey=True)
    for ax, (name, label) in zip(axes, PANELS.items(), strict=True):
        title(ax, label)
        for index, (dataset, horizon) in enumerate(asked):
            mine = result[(result["set"] == dataset) & (result["horizon"] == horizon)]
            ax.plot(mine[name], [index] * len(mine), color=FAINT, linewidth=2, zorder=1)
            for colour, (_, found) in zip(COLOURS, mine.sort_values("span", ascending=False).iterrows(), strict=False):
                ax.scatter(
                    found[name], index, color=colour, s=34, zorder=2, label=f"patches in one pass: {found['span']}"
                )
    axes[0].set_yticks(range(len(asked)), [f"{dataset}, {horizon}" for dataset, horizon in asked])
    axes[0].invert_yaxis()
    axes[2].axvline(0.8, color=SOFT, linewidth=0.8, linestyle=":")
    axes[3].set_xscale("log")
    handles, labels = axes[0].get_legend_handles_labels()
    unique = dict(zip(labels, handles, strict=True))
    figure.legend(unique.values(), unique, loc="outside lower center", ncols=len(unique), frameon=False, fontsize=8)
    save(figure, path)


if __name__ == "__main__":
    main()
