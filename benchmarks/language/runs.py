"""A training that may be stopped at any moment and gone on with, beside the processor time that it has taken so far."""

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from torch import nn

from segue.state import State
from segue.training.log import read_log
from segue.training.loop import train
from segue.training.optimizer import BuildOptimizer
from segue.training.runs import read_run
from segue.training.schedule import TrainingConfig
from segue.training.trainer import CarryingLoss, Loss, Progress

LAST = 100  # steps whose mean is called the training loss, as in the original experiment


class Course(NamedTuple):
    """How a training went."""

    steps: int
    loss: float  # mean of the last steps
    seconds: float  # of the processor


def steps_of(run: Path) -> int | None:
    """How many steps a run that was started is to take."""
    return read_run(TrainingConfig, run).steps if (run / "config.toml").exists() else None


def trained(
    model: nn.Module,
    loss: Loss | CarryingLoss,
    config: TrainingConfig,
    run: Path,
    state: State | None,
    optimizer: BuildOptimizer,
) -> Course:
    """Trains `model` in place, from where the folder `run` says that an earlier process was stopped."""
    config = replace(config, log_every=1, checkpoint_every=200)
    resume = (run / "config.toml").exists()
    if resume and (before := read_run(TrainingConfig, run)) != config:
        raise RuntimeError(f"{run} was begun with other settings: delete it ({before}, not {config})")
    earlier, start = spent(run), time.process_time()

    def note(step: Progress | None = None) -> None:
        """Beside each checkpoint, since nothing else outlives a `kill -9`."""
        if step is None or step.step % config.checkpoint_every == 0:
            (run / "seconds.json").write_text(json.dumps(earlier + time.process_time() - start))

    try:
        train(model, loss, config, run, state=state, resume=resume, progress=note, optimizer=optimizer)
    finally:
        if run.is_dir():
            note()
    losses = [line["loss"] for line in read_log(run)[-LAST:]]
    return Course(config.steps, sum(losses) / len(losses), spent(run))


def spent(run: Path) -> float:
    path = run / "seconds.json"
    return float(json.loads(path.read_text())) if path.exists() else 0.0
