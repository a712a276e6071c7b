"""What each group of features is worth: NanoTST trained without it, all arms on the same batches.

    python -m benchmarks.forecasting.ablation --data DIR --steps 1800 --seeds 3

A group is taken from the inputs of the network, and its naive forecasts from those that the gate mixes. The reference
stays as it is, because predictions are distances from it. Every arm begins with the same weights and reads the same
batches, so differences between arms of one seed are paired. Scores are those of the validation view, on at most so many
series of each task. Rows are appended seed by seed, and a seed that is there is not made again.
"""

import argparse
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from benchmarks.forecasting.backbones import sampled
from benchmarks.forecasting.rows import baselines, row
from benchmarks.forecasting.scores import forecast, series_scores
from benchmarks.forecasting.sets import SETS, Task, load_task
from benchmarks.machine import default_output, machine
from segue.config import read_config
from segue.device import Device, decide_device
from segue.forecasting.nanotst.config import CANDIDATES
from segue.forecasting.nanotst.features import Inputs, features_of
from segue.forecasting.nanotst.model import NanoTST
from segue.forecasting.pretraining.ahead import made_ahead
from segue.forecasting.pretraining.pretrain import PretrainConfig, pretraining_loss, windows_of
from segue.heads.quantiles import Quantiles
from segue.training.trainer import Trainer

# the columns and the naive forecasts of each group, as `features.Features` names them
GROUPS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "nothing": ((), ()),
    "mean of four cycles": (("mean_of_four_cycles",), ("mean_of_four_cycles",)),
    "mean of eight cycles": (("mean_of_eight_cycles",), ("mean_of_eight_cycles",)),
    "other cycle": ((), ("other_cycle",)),
    "lines and drift": (("line_levels", "line_slopes", "drift"), ("lines",)),
    "judgement": (("scales", "judgement"), ()),
}
NAIVE = ("reference", "last", "mean", "last_cycle", "mean_of_four_cycles", "mean_of_eight_cycles", "other_cycle")


class Without(NanoTST):
    """A NanoTST that sees zeros in place of a group."""

    def __init__(self, config: Any, group: str) -> None:
        super().__init__(config)
        names, forecasts = GROUPS[group]
        self.read_columns = ~columns_of(config.patch, names)
        lines = torch.full((CANDIDATES - len(NAIVE),), "lines" in forecasts)
        self.mixed = ~torch.cat([torch.tensor([name in forecasts for name in NAIVE]), lines])

    def read(self, inputs: Inputs, since: int = 0) -> Quantiles:
        features, candidates = inputs.features * self.read_columns, inputs.candidates * self.mixed
        return super().read(Inputs(features, candidates, inputs.begins), since)


def columns_of(patch: int, names: tuple[str, ...]) -> Tensor:
    """True at the inputs that these features fill, found by which inputs change with them."""
    patches = torch.randn(1, 8, patch, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    features, _ = features_of(patches, torch.ones_like(patches, dtype=torch.bool), torch.zeros(1, 1).double())
    moved = replace(features, **{name: getattr(features, name) + 1 for name in names})
    return (features.stacked(torch.float64) != moved.stacked(torch.float64)).flatten(0, 1).any(0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of <set>.parquet")
    parser.add_argument("--config", type=Path, default=Path("configs/nanotst.toml"))
    parser.add_argument("--steps", type=int, default=1800)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--series", type=int, default=24, help="series of each task that are forecast")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    output = options.output or default_output("ablation")
    tasks = [load_task(options.data, dataset, "validation") for dataset in SETS]
    tasks = [sampled(task, options.series) for task in tasks if task]
    rows = pd.read_csv(output) if output.exists() else pd.DataFrame({"seed": []})
    for seed in range(options.first_seed, options.first_seed + options.seeds):
        if seed in set(rows["seed"]):
            continue
        made = pd.DataFrame(run(config_of(options, seed), tasks)).assign(**machine(torch.get_num_threads()))
        rows = pd.concat([rows, made], ignore_index=True)
        rows.to_csv(output, index=False, float_format="%.6g")
        show(rows)
    print(output)


def config_of(options: argparse.Namespace, seed: int) -> PretrainConfig:
    """The config with fewer steps, and averages over as many fewer of them."""
    config = read_config(PretrainConfig, options.config)
    decay = 1 - min(0.02, (1 - config.training.average_decay) * config.training.steps / options.steps)
    return replace(config, training=replace(config.training, steps=options.steps, average_decay=decay, seed=seed))


def run(config: PretrainConfig, tasks: list[Task]) -> list[dict[str, Any]]:
    """Trains all arms side by side, step by step, and scores them."""
    device = decide_device(config.device, None, config.precision)
    with made_ahead(windows_of(config)) as ahead:
        batch = lru_cache(maxsize=1)(ahead.examples)  # the same for all arms
        trainers = {group: trainer_of(group, config, device, batch) for group in GROUPS}
        for _ in range(config.training.steps):
            for trainer in trainers.values():
                trainer.apply(trainer.compute())
    return [
        {"seed": config.training.seed, "without": group, "steps": config.training.steps}
        | {"loss": trainer.take_mean_loss()}
        | evaluate(trainer.kept.eval(), tasks)
        for group, trainer in trainers.items()
    ]


def trainer_of(group: str, config: PretrainConfig, device: Device, batch: Callable[[int], Any]) -> Trainer:
    torch.manual_seed(config.training.seed)
    model = Without(config.model, group)
    return Trainer(model, pretraining_loss(model, config, device, batch), config.training)


def evaluate(model: Any, tasks: list[Task]) -> dict[str, float]:
    """Geometric means over tasks of the ratios to seasonal naive."""
    ratios = ("mase_ratio", "wql_ratio", "scaled_ratio")
    found = []
    for task in tasks:
        scores = row(task, "", series_scores(task, forecast(model, task)), baselines(task))
        found.append([scores[name] for name in ratios])
    means = np.exp(np.log(found).mean(0))
    return dict(zip(ratios, means.tolist(), strict=True)) | {"tasks": len(tasks)}


def show(rows: pd.DataFrame) -> None:
    """Means over seeds, and how far each arm is from the whole model, with the standard error of the pairs."""
    for name in ("loss", "mase_ratio", "scaled_ratio"):
        table = rows.pivot_table(name, "seed", "without", sort=False)
        apart = table.div(table["nothing"], axis=0) - 1
        found = pd.DataFrame({"mean": table.mean(), "change": apart.mean(), "se": apart.sem()})
        print(f"{name}\n{found.to_string(float_format='%.4f')}", flush=True)


if __name__ == "__main__":
    main()
