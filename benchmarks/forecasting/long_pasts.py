"""What is a past longer than the network reads worth, and what are the constants of its seasonal profiles worth?

    python -m benchmarks.forecasting.long_pasts --data DIR

Each arm changes one thing of `segue.forecasting.nanotst.long_past`. It runs on the validation tasks that have a history
longer than the network reads, on at most `--windows` windows of each, drawn with seed 0, and on real series with a long
cycle. It prints the mean change against the network alone, in per cent, with the standard error over tasks.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd

from benchmarks.forecasting.cycle_data import real_rows
from benchmarks.forecasting.scores import forecast, series_scores, set_scores
from benchmarks.forecasting.sets import SETS, Task, load_task
from benchmarks.machine import default_output, machine
from segue.forecasting.nanotst import long_past, profiles
from segue.forecasting.registry import load_predictor

ALONE, AS_IT_IS = "network alone", "as it is"
ARMS: dict[str, tuple[object, str, float | Callable[..., float]]] = {
    ALONE: (long_past, "PAST", 0),
    AS_IT_IS: (long_past, "PAST", long_past.PAST),
    "past 1,296": (long_past, "PAST", 1_296),
    "past 5,184": (long_past, "PAST", 5_184),
    "share of one": (long_past, "_share", lambda *_: 1.0),
    "share by length alone": (long_past, "_steadiness", lambda *_: 1.0),
    "certain by 0": (long_past, "CERTAIN", 0.0),
    "certain by 1": (long_past, "CERTAIN", 1.0),
    "certain by 3": (long_past, "CERTAIN", 3.0),
    "three cycles at least": (profiles, "_LEAST_CYCLES", 3),
}
SCORES = ["mase", "wql", "scaled_loss"]


def task_rows(task: Task, model: str, threads: int) -> list[dict[str, Any]]:
    """The scores of one task in every arm."""
    rows = []
    for arm, (where, constant, value) in ARMS.items():
        with patch.object(where, constant, value):
            found = set_scores(series_scores(task, forecast(load_predictor(model, threads=threads), task)))
        key = {"set": task.dataset.name, "horizon": task.dataset.horizon, "windows": len(task), "arm": arm}
        rows.append(key | {score: found[score] for score in (*SCORES, "coverage80")})
    return rows


def drawn(task: Task, windows: int) -> Task:
    """At most so many windows of a task, in their order."""
    picked = np.sort(np.random.default_rng(0).permutation(len(task))[:windows])
    series, histories = [task.series[lane] for lane in picked], [task.histories[lane] for lane in picked]
    return Task(task.dataset, series, histories, task.actual[picked])


def real_series(folder: Path, model: str, threads: int) -> pd.DataFrame:
    """The errors on real series with a long cycle in every arm."""
    tables = []
    for arm, (where, constant, value) in ARMS.items():
        with patch.object(where, constant, value):
            found = real_rows(folder, [model], threads)
        tables.append(found.rename(columns={"file": "set"})[["set", "horizon", "mae", "naive"]].assign(arm=arm))
    return pd.concat(tables)


def changes(table: pd.DataFrame) -> pd.DataFrame:
    """The mean change over tasks against the network alone, its standard error, and the worst, in per cent."""
    wide = table.dropna(subset="mase").pivot_table(SCORES, ["set", "horizon"], "arm")
    found: dict[tuple[str, str], pd.Series] = {}
    for score in SCORES:
        apart = 100 * np.log(wide[score].div(wide[score][ALONE], axis=0))
        found |= {(score, "change"): apart.mean(), (score, "error"): apart.sem(), (score, "worst"): apart.max()}
    return pd.DataFrame(found).reindex(list(ARMS))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of <set>.parquet; real series lie beside it")
    parser.add_argument("--model", default="nanotst")
    parser.add_argument("--windows", type=int, default=100)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", type=Path, help="CSV; by default named by machine and date")
    options = parser.parse_args()
    reads = load_predictor(options.model).pass_context  # type: ignore[attr-defined]
    tables = [real_series(options.data.parent, options.model, options.threads)]
    for dataset in SETS:
        task = load_task(options.data, dataset, "validation")
        if len(task) and max(map(len, task.histories)) > reads:
            tables.append(pd.DataFrame(task_rows(drawn(task, options.windows), options.model, options.threads)))
            print(dataset.name, dataset.horizon, flush=True)
    table = pd.concat(tables, ignore_index=True).assign(model=options.model, **machine(options.threads))
    output = options.output or default_output("long-pasts")
    table.to_csv(output, index=False, float_format="%.6g")
    print(table.pivot_table(["mase", "mae"], ["set", "horizon"], "arm").to_string(float_format="%.3f"))
    print(changes(table).to_string(float_format="%.1f"))
    print(output)


if __name__ == "__main__":
    main()
