"""What stands behind the same NanoTST: four backbones, and bins instead of quantiles, all trained at equal compute.

    python -m benchmarks.forecasting.backbones --data DIR --minutes 1.5 --seeds 3

Every arm has the same processor time on one thread, from the same stream of synthetic windows; how many steps that is,
is found by a probe, once per arm. Backbones have about 0.8 million parameters each. Scores are those of the validation
view on the same series for all arms. Rows are appended to the output one by one, and a row that is there is not made
again: run the command anew to go on.

Run with OMP_NUM_THREADS=1: the probe counts the time of this process, not that of the clock on the wall.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from benchmarks.forecasting.rows import baselines, row
from benchmarks.forecasting.scores import forecast, series_scores
from benchmarks.forecasting.sets import SETS, Task, load_task
from benchmarks.machine import default_output, machine
from segue.forecasting.nanotst.codebook import CodebookConfig, CodebookTST, next_value_loss
from segue.forecasting.nanotst.model import NanoTST, NanoTSTConfig
from segue.forecasting.pretraining.pretrain import loss_of
from segue.forecasting.pretraining.windows import Batch, DataConfig, Windows
from segue.training.trainer import Trainer
from segue.training.probe import steps_for_minutes
from segue.training.schedule import TrainingConfig

SEVEN = SETS[:7]  # m1, tourism and M4, as in published tables
PATCH, SPAN = 24, 2  # one pass reaches 48 steps, the longest horizon
DATA = replace(
    DataConfig(),
    tokens=1536,
    contexts=(72, 144, 264, 504),
    shares=(0.2, 0.25, 0.25, 0.3),
    unrest=(0.6, 0.6, 0.5, 0.25),
    growing=(0.5, 0.5, 0.4, 0.2),
)
TRAINING = TrainingConfig(
    steps=1,
    learning_rate=2e-3,
    weight_decay=0.05,
    warmup_steps=50,
    decay_share=0.4,
    betas=(0.9, 0.98),
    average_decay=0.98,
    log_every=1,
)
PROBE = 24  # steps; their lengths vary with the context that is drawn

Model = NanoTST | CodebookTST


@dataclass(frozen=True)
class Arm:
    """One model, and how it is trained."""

    config: NanoTSTConfig | CodebookConfig
    tokens: int = DATA.tokens  # patches in a batch
    learning_rate: float = TRAINING.learning_rate


PROXY = NanoTSTConfig(
    context=504,
    patch=PATCH,
    span=SPAN,
    width=128,
    layers=4,
    positions="rotary",
    scale="running",
    recall=True,
    head="quantiles",
)
ARMS = {
    "transformer": Arm(PROXY),
    "lstm": Arm(replace(PROXY, backbone="lstm", width=224, layers=2)),
    "rnn": Arm(replace(PROXY, backbone="rnn", width=448, layers=2)),
    "nested": Arm(replace(PROXY, backbone="nested", width=184, layers=1)),
    "transformer, no recall": Arm(replace(PROXY, recall=False)),
    "transformer, bins of a patch": Arm(replace(PROXY, head="bins")),
    "transformer, values as tokens": Arm(CodebookConfig(), tokens=128),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of <set>.parquet")
    parser.add_argument("--minutes", type=float, default=1.5, help="processor time of each training")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--series", type=int, default=60, help="series of each set that are forecast")
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=list(ARMS))
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    if torch.get_num_threads() != 1:
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


def new_trainer(arm: Arm, steps: int, seed: int) -> Trainer:
    torch.manual_seed(seed)
    windows = Windows(replace(DATA, tokens=arm.tokens), patch=PATCH, span=SPAN, seed=seed)
    model: Model = NanoTST(arm.config) if isinstance(arm.config, NanoTSTConfig) else CodebookTST(arm.config)
    loss: Callable[[Batch], Tensor] = (
        (lambda batch: loss_of(model, batch)) if isinstance(model, NanoTST) else (lambda batch: of_values(model, batch))
    )
    training = replace(TRAINING, steps=steps, learning_rate=arm.learning_rate, seed=seed)
    return Trainer(model, lambda step: loss(windows.batch(step)), training)


def of_values(model: CodebookTST, batch: Batch) -> Tensor:
    """The same windows one value at a time: nothing is hidden, since every value is predicted from those before it."""
    return next_value_loss(model, batch.patches.flatten(1), batch.present.flatten(1))


def trained(arm: Arm, steps: int, seed: int) -> Trainer:
    """A trainer after all its steps; the mean loss it then tells is that of the last tenth."""
    trainer = new_trainer(arm, steps, seed)
    for step in range(steps):
        trainer.apply(trainer.compute())
        if step == steps - 1 - max(1, steps // 10):
            trainer.take_mean_loss()
    return trainer


def seconds_of_a_step(arm: Arm, seed: int) -> float:
    """Processor time of a step, without that of making the series, which is one for all arms."""
    trainer = new_trainer(arm, 1 + PROBE, seed)
    trainer.apply(trainer.compute())
    start = time.process_time()
    for _ in range(PROBE):
        trainer.apply(trainer.compute())
    return (time.process_time() - start) / PROBE


def sampled(task: Task, count: int) -> Task:
    """The task on `count` of its series, evenly spaced by their length."""
    order = np.argsort([len(history) for history in task.histories], kind="stable")
    picked = np.sort(order[np.linspace(0, len(order) - 1, min(count, len(order))).round().astype(int)])
    series, histories = ([part[lane] for lane in picked] for part in (task.series, task.histories))
    return Task(task.dataset, series, histories, task.actual[picked])


def evaluate(model: Model, tasks: list[Task]) -> dict[str, float]:
    """Ratios to seasonal naive's point forecast, set by set and as geometric means, and the coverage of 80 %."""
    found: dict[str, float] = {}
    for task in tasks:
        scores = row(task, "", series_scores(task, forecast(fitting(model, task), task)), baselines(task))
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


def fitting(model: Model, task: Task) -> Model:
    """The same model with no longer a window than the task fills, where that changes nothing but the time it takes."""
    needed = max(map(len, task.histories)) + task.dataset.horizon
    if isinstance(model, NanoTST) or needed >= model.context:
        return model
    shorter = CodebookTST(replace(model.config, context=needed))
    shorter.load_state_dict(model.state_dict())
    return shorter.eval()


def show(rows: pd.DataFrame) -> None:
    """Means over seeds, and half the range as their spread."""
    figures = rows.groupby("arm", sort=False)[["mase_ratio", "wql_ratio", "coverage80"]]
    spread = (figures.max() - figures.min()) / 2
    table = figures.mean().round(3).astype(str) + " ± " + spread.round(3).astype(str)
    others = rows.groupby("arm", sort=False)[["steps", "of_backbone", "train_seconds", "forecast_seconds"]].mean()
    print(table.join(others.round(0).astype(int)).to_string())


if __name__ == "__main__":
    main()
