"""What stands behind the same NanoTST: four backbones, and bins instead of quantiles, all trained at equal compute.

    python -m benchmarks.forecasting.backbones --data DIR --minutes 1.5 --seeds 3

Every arm has the same processor time on one thread, from the same stream of synthetic windows; a probe says once per
arm how many steps that is. Backbones have about 0.8 million parameters each. Scores are those of the validation view on
the same series for all arms. Rows are appended to the output one by one, and a row that is there is not made again: run
the command anew to go on. The arm "transformer, no recall" ran up to commit 0fa954a, whose NanoTST had a switch for it.

Run with OMP_NUM_THREADS=1: the probe counts the time of this process, not that of the clock on the wall.
"""

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmarks.forecasting.arms import ARMS
from benchmarks.forecasting.rows import baselines, row
from benchmarks.forecasting.scores import forecast, series_scores
from benchmarks.forecasting.sets import SETS, Task, load_task
from benchmarks.machine import default_output, machine
from segue.threads import usable_threads

if TYPE_CHECKING:  # torch is imported to train only
    from benchmarks.forecasting.equal_compute import Model

SEVEN = SETS[:7]  # m1, tourism and M4, as in published tables


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of <set>.parquet")
    parser.add_argument("--minutes", type=float, default=1.5, help="processor time of each training")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--series", type=int, default=60, help="series of each set that are forecast")
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=list(ARMS))
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    if usable_threads() != 1:
        parser.error("set OMP_NUM_THREADS=1: equal compute is counted on one thread")
    output = options.output or default_output("backbones")
    output.parent.mkdir(parents=True, exist_ok=True)
    tasks = [sampled(load_task(options.data, dataset, "validation"), options.series) for dataset in SEVEN]
    for seed in range(options.seeds):
        for name in options.arms:
            rows = pd.read_csv(output) if output.exists() else pd.DataFrame({"arm": [], "seed": [], "steps": []})
            same_arm = rows[rows["arm"] == name]
            if seed in set(same_arm["seed"]):
                continue
            steps = int(same_arm["steps"].iloc[0]) if len(same_arm) else None  # one probe for all seeds
            made = run(name, seed, options.minutes, steps, tasks)
            print(made, flush=True)
            rows = pd.concat([rows, pd.DataFrame([made])], ignore_index=True)
            rows.to_csv(output, index=False, float_format="%.6g")
    show(pd.read_csv(output))
    print(output)


def run(name: str, seed: int, minutes: float, steps: int | None, tasks: list[Task]) -> dict[str, object]:
    """Trains and scores one arm."""
    from benchmarks.forecasting.equal_compute import Model, seconds_of_a_step, trained
    from benchmarks.steps import steps_for_minutes

    arm = ARMS[name]
    if steps is None:
        steps = steps_for_minutes(minutes, seconds_of_a_step(arm, seed))
    start = time.process_time()
    trainer = trained(arm, steps, seed)
    seconds = time.process_time() - start
    assert isinstance(trainer.average, Model)
    start = time.process_time()
    scores = evaluate(trainer.average.eval(), tasks)
    return {
        "arm": name,
        "seed": seed,
        "minutes": minutes,
        "steps": steps,
        "parameters": sum(parameter.numel() for parameter in trainer.model.parameters()),
        "of_backbone": sum(parameter.numel() for parameter in trainer.model.backbone.parameters()),
        "learning_rate": arm.learning_rate,
        "loss": trainer.take_mean_loss(),
        **scores,
        "train_seconds": seconds,
        "forecast_seconds": time.process_time() - start,
        "series": sum(map(len, tasks)),
        **machine(1),
    }


def sampled(task: Task, count: int) -> Task:
    """The task on `count` of its series, evenly spaced by their length."""
    order = np.argsort([len(history) for history in task.histories], kind="stable")
    picked = np.sort(order[np.linspace(0, len(order) - 1, min(count, len(order))).round().astype(int)])
    series, histories = ([part[lane] for lane in picked] for part in (task.series, task.histories))
    return Task(task.dataset, series, histories, task.actual[picked])


def evaluate(model: "Model", tasks: list[Task]) -> dict[str, float]:
    """Ratios to seasonal naive's point forecast, set by set and as geometric means, and the coverage of 80 %."""
    from benchmarks.forecasting.equal_compute import fitting

    found: dict[str, float] = {}
    for task in tasks:
        needed = max(map(len, task.histories)) + task.dataset.horizon
        scores = row(task, "", series_scores(task, forecast(fitting(model, needed), task)), baselines(task))
        name = task.dataset.name
        found[f"mase_{name}"], found[f"wql_{name}"] = scores["mase_ratio"], scores["wql_ratio"]
        found[f"coverage80_{name}"] = scores["coverage80"]

    def over_sets(name: str) -> list[float]:
        return [found[f"{name}_{task.dataset.name}"] for task in tasks]

    return {
        "mase_ratio": float(np.exp(np.log(over_sets("mase")).mean())),
        "wql_ratio": float(np.exp(np.log(over_sets("wql")).mean())),
        "coverage80": float(np.mean(over_sets("coverage80"))),
        **found,
    }


def show(rows: pd.DataFrame) -> None:
    """Means over seeds, with half their range."""
    figures = rows.groupby("arm", sort=False)[["mase_ratio", "wql_ratio", "coverage80"]]
    half = (figures.max() - figures.min()) / 2
    table = figures.mean().round(3).astype(str) + " ± " + half.round(3).astype(str)
    others = rows.groupby("arm", sort=False)[["steps", "of_backbone", "train_seconds", "forecast_seconds"]].mean()
    print(table.join(others.round(0).astype(int)).to_string())


if __name__ == "__main__":
    main()
