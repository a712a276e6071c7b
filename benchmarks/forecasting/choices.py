"""The choices made before pretraining, each an arm trained at the same small budget and scored on the validation view.

    python -m benchmarks.forecasting.choices --data DIR --steps 600

Every arm sees the same number of values, in batches of the same series; arms differ in the patch, or in the end that
the patch grid is aligned to. One seed is one draw: repeat with --seed. The arms "context scale" and "in deviations" ran
up to commit 0fa954a, whose NanoTST had switches for its scale and its unit.
"""

import argparse
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmarks.forecasting.groups import SEVEN
from benchmarks.forecasting.rows import baselines, row
from benchmarks.forecasting.scores import forecast, series_scores
from benchmarks.forecasting.sets import SETS, load_task
from benchmarks.machine import default_output, machine
from segue.threads import usable_threads

if TYPE_CHECKING:  # torch is imported to train only
    from segue.forecasting.nanotst.model import NanoTST

VALUES = 36_864  # values in a batch, whatever the patch
EIGHT = (*SEVEN, "tourism_yearly")


@dataclass(frozen=True)
class Arm:
    """One way to do it; the defaults are what was chosen."""

    patch: int = 24
    first_aligned: bool = False


ARMS = {
    "chosen": Arm(),
    "patch 16": Arm(patch=16),
    "patch 32": Arm(patch=32),
    "aligned to the first value": Arm(first_aligned=True),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of <set>.parquet")
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=list(ARMS))
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    rows = []
    for name in options.arms:
        start = time.perf_counter()
        model = train(ARMS[name], options.steps, options.seed)
        seconds = time.perf_counter() - start
        row = {"arm": name, "steps": options.steps, "seed": options.seed, **evaluate(model, options.data)}
        rows.append({**row, "seconds": round(seconds), **machine(usable_threads())})
        print(row, flush=True)
    output = options.output or default_output("choices")
    pd.DataFrame(rows).to_csv(output, index=False, float_format="%.6g")
    print(output)


def train(arm: Arm, steps: int, seed: int) -> "NanoTST":
    """The averaged weights after all steps."""
    import torch

    from benchmarks.forecasting.first_aligned import FirstAligned, FirstAlignedWindows
    from segue.forecasting.nanotst.config import NanoTSTConfig
    from segue.forecasting.nanotst.model import NanoTST
    from segue.forecasting.pretraining.examples import examples_of
    from segue.forecasting.pretraining.pretrain import loss_of
    from segue.forecasting.pretraining.windows import DataConfig, Windows
    from segue.training.schedule import TrainingConfig
    from segue.training.trainer import Trainer

    patch = arm.patch
    config = NanoTSTConfig(context=1024 // patch * patch, patch=patch, span=168 // patch)
    contexts = tuple(context // patch * patch for context in DataConfig().contexts)
    data = replace(DataConfig(), tokens=VALUES // patch, contexts=contexts)
    windows = (FirstAlignedWindows if arm.first_aligned else Windows)(data, patch=patch, span=config.span, seed=seed)
    torch.manual_seed(seed)
    model = (FirstAligned if arm.first_aligned else NanoTST)(config)
    training = TrainingConfig(
        steps=steps, learning_rate=2e-3, weight_decay=0.05, decay_share=0.4, betas=(0.9, 0.98), average_decay=0.98
    )
    trainer = Trainer(model, lambda step: loss_of(model, examples_of(windows.batch(step))), training)
    for _ in range(steps):
        trainer.apply(trainer.compute())
    assert isinstance(trainer.average, NanoTST)
    return trainer.average.eval()


def evaluate(model: "NanoTST", folder: Path) -> dict[str, float]:
    """Geometric means over the eight sets of the ratio to seasonal naive's point forecast."""
    ratios: dict[str, list[float]] = {"mase_ratio": [], "wql_ratio": []}
    for dataset in SETS:
        if dataset.name in EIGHT:
            task = load_task(folder, dataset, "validation")
            found = row(task, "", series_scores(task, forecast(model, task)), baselines(task))
            for name, ratio in ratios.items():
                ratio.append(found[name])
    return {name: float(np.exp(np.log(found).mean())) for name, found in ratios.items()}


if __name__ == "__main__":
    main()
