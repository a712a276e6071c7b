"""The choices made before pretraining, each an arm trained at the same small budget and scored on the validation view.

    python -m benchmarks.forecasting.choices --data DIR --steps 600

Every arm sees the same number of values, in batches of the same series; arms differ in the end that the patch grid is
aligned to, in the scale, in the unit of predictions, or in the patch. One seed is one draw: repeat with --seed.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.forecasting.groups import SEVEN
from benchmarks.forecasting.rows import baselines, row
from benchmarks.forecasting.scores import forecast, series_scores
from benchmarks.forecasting.sets import SETS, load_task
from benchmarks.machine import default_output, machine
from segue.forecasting.nanotst.model import NanoTST, NanoTSTConfig
from segue.forecasting.nanotst.scaling import Scale, Scales, level_scales, step_scale, window_scale
from segue.forecasting.predictor import LEVELS, Forecast
from segue.forecasting.pretraining.pretrain import loss_of
from segue.forecasting.pretraining.windows import Batch, DataConfig, Windows
from segue.training.schedule import TrainingConfig
from segue.training.trainer import Trainer

VALUES = 36_864  # values in a batch, whatever the patch
EIGHT = (*SEVEN, "tourism_yearly")


class Deviation(NanoTST):
    """Predictions in running standard deviations around the running mean, instead of steps from the last value."""

    def scales(self, patches: Tensor, observed: Tensor) -> Scales:
        overall = super().scales(patches, observed).overall
        return level_scales(overall, overall, self.patch)


class ContextScale(NanoTST):
    """One scale of everything observed in the window, instead of a running one."""

    def scales(self, patches: Tensor, observed: Tensor) -> Scales:
        steps, tokens = step_scale(patches, observed), patches.shape[1]
        held = Scale(*(part[:, -1:].expand(-1, tokens) for part in (steps.location, steps.spread, steps.count)))
        return level_scales(window_scale(patches, observed), held, self.patch)


def tail_loss(model: NanoTST, batch: Batch) -> Tensor:
    """The loss of the hidden tails alone: before them, a scale of the whole window tells of the future."""
    tokens = torch.arange(batch.observed.shape[1])
    last = (batch.observed.any(-1) * tokens).amax(1)
    present = batch.present & (tokens > last[:, None])[..., None]
    return loss_of(model, Batch(batch.patches, present, batch.observed))


class FirstAligned(NanoTST):
    """Patches that begin with the lane's first value: the newest patch is unfinished and stays so."""

    def predict(self, values: Tensor, observed: Tensor, horizon: int) -> Forecast:
        lanes = [self._lane(v, o, horizon) for v, o in zip(values, observed, strict=True)]
        return Forecast(torch.cat(lanes))

    def _lane(self, values: Tensor, observed: Tensor, horizon: int) -> Tensor:
        values, observed = (part[int(observed.byte().argmax()) :][-self.context :] for part in (values, observed))
        length = len(values)
        total = -(-(length + horizon) // self.patch) * self.patch
        patches, seen = (
            F.pad(part, (0, total - length)).unflatten(0, (-1, self.patch))[None] for part in (values, observed)
        )
        with torch.inference_mode():
            distribution, scales = self(patches, seen)
            steps = self.restore(distribution.quantiles(LEVELS), scales).flatten(1, 2)
        begin = max(length - self.patch, 0)  # nothing predicts the first patch: it borrows from the second
        return steps[:, begin : begin + horizon]


class FirstAlignedWindows(Windows):
    """The same windows, each lane moved to begin on the grid; a hidden tail then begins within a patch."""

    def batch(self, number: int) -> Batch:
        batch = super().batch(number)
        patches, present, observed = (part.flatten(1) for part in (batch.patches, batch.present, batch.observed))
        time = torch.arange(patches.shape[1])
        moved = time + (present.byte().argmax(1) % self.patch)[:, None]
        inside, moved = moved < len(time), moved.clamp(max=len(time) - 1)
        parts = patches.gather(1, moved), present.gather(1, moved) & inside, observed.gather(1, moved) & inside
        return Batch(*(part.unflatten(1, (-1, self.patch)) for part in parts))


@dataclass(frozen=True)
class Arm:
    """One way to do it; the defaults are what was chosen."""

    patch: int = 24
    model: type[NanoTST] = NanoTST
    windows: type[Windows] = Windows
    loss: Callable[[NanoTST, Batch], Tensor] = loss_of


ARMS = {
    "chosen": Arm(),
    "patch 16": Arm(patch=16),
    "patch 32": Arm(patch=32),
    "aligned to the first value": Arm(model=FirstAligned, windows=FirstAlignedWindows),
    "context scale": Arm(model=ContextScale, loss=tail_loss),
    "in deviations": Arm(model=Deviation),
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
        rows.append({**row, "seconds": round(seconds), **machine(torch.get_num_threads())})
        print(row, flush=True)
    output = options.output or default_output("choices")
    pd.DataFrame(rows).to_csv(output, index=False, float_format="%.6g")
    print(output)


def train(arm: Arm, steps: int, seed: int) -> NanoTST:
    config = NanoTSTConfig(
        context=1024 // arm.patch * arm.patch,
        patch=arm.patch,
        span=168 // arm.patch,
        positions="rotary",
        scale="running",
        head="quantiles",
    )
    data = replace(DataConfig(), tokens=VALUES // arm.patch, tail=1.0 if arm.model is ContextScale else DataConfig.tail)
    contexts = tuple(context // arm.patch * arm.patch for context in data.contexts)
    windows = arm.windows(replace(data, contexts=contexts), patch=arm.patch, span=config.span, seed=seed)
    torch.manual_seed(seed)
    model = arm.model(config)
    training = TrainingConfig(
        steps=steps, learning_rate=2e-3, weight_decay=0.05, decay_share=0.4, betas=(0.9, 0.98), average_decay=0.98
    )
    trainer = Trainer(model, lambda step: arm.loss(model, windows.batch(step)), training)
    for _ in range(steps):
        trainer.apply(trainer.compute())
    assert isinstance(trainer.average, NanoTST)
    return trainer.average.eval()


def evaluate(model: NanoTST, folder: Path) -> dict[str, float]:
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
