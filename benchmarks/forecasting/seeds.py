"""How far do two runs of one config lie apart, and what would the mean of their forecasts gain?

    python -m benchmarks.forecasting.seeds --data DIR --model nanotst --model RUN/model

It prints the change of the second model, and of the mean of both models' quantiles, against the first one on the
validation tasks: the geometric mean over tasks, its standard error, and the standard deviation from task to task.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.forecasting.scores import forecast, series_scores, set_scores
from benchmarks.forecasting.sets import SETS, load_task
from benchmarks.machine import default_output, machine
from segue.forecasting.predictor import Predictor
from segue.forecasting.registry import load_predictor

SCORES = ["mase", "wql", "scaled_loss"]


def scores_of(folder: Path, first: Predictor, second: Predictor) -> pd.DataFrame:
    """One row a task and model: `first`, `second` and `mean`."""
    rows = []
    for dataset in SETS:
        task = load_task(folder, dataset, "validation")
        if not len(task):
            continue
        one, other = forecast(first, task), forecast(second, task)
        for name, quantiles in (("first", one), ("second", other), ("mean", (one + other) / 2)):
            found = set_scores(series_scores(task, quantiles))
            rows.append(
                {"set": dataset.name, "horizon": dataset.horizon, "model": name}
                | {score: found[score] for score in (*SCORES, "coverage80")}
            )
        print(dataset.name, dataset.horizon, flush=True)
    return pd.DataFrame(rows)


def changes(table: pd.DataFrame) -> pd.DataFrame:
    """The change against `first` in per cent, its standard error, and the deviation from task to task."""
    wide = table.set_index(["set", "horizon", "model"])[SCORES].unstack("model")
    rows = []
    for model in ("second", "mean"):
        for score in SCORES:
            change = 100 * np.log(wide[score][model] / wide[score]["first"])
            rows.append((model, score, change.mean(), change.sem(), change.std()))
    return pd.DataFrame(rows, columns=["model", "score", "change", "error", "deviation"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of <set>.parquet")
    parser.add_argument("--model", action="append", required=True, help="a name or a model folder; twice")
    parser.add_argument("--output", type=Path, help="CSV; by default named by machine and date")
    options = parser.parse_args()
    first, second = (load_predictor(name, threads=1) for name in options.model)
    table = scores_of(options.data, first, second)
    print(changes(table).to_string(index=False, float_format="%.2f"))
    output = options.output or default_output("seeds")
    table.assign(**machine(1)).to_csv(output, index=False, float_format="%.6g")
    print(output)


if __name__ == "__main__":
    main()
