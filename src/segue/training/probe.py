"""Turns minutes into steps, once, before a run. Then the config counts steps only, and no schedule reads a clock."""

import copy
import math
import time
from dataclasses import replace

from torch import nn

from segue.errors import UserError
from segue.state import State
from segue.training.optimizer import BuildOptimizer, single_rate
from segue.training.schedule import TrainingConfig
from segue.training.trainer import CarryingLoss, Loss, Trainer

_WARM_UP = 2  # the first steps also pay for memory and kernels


def seconds_per_step(
    model: nn.Module,
    loss_of_batch: Loss | CarryingLoss,
    config: TrainingConfig,
    steps: int = 8,
    state: State | None = None,
    optimizer: BuildOptimizer = single_rate,
) -> float:
    """Times whole training steps, after some untimed ones. The model's weights do not change.

    Args:
        model: The model that `loss_of_batch` uses.
        loss_of_batch: As for `train`; it is called with the first steps, and called so again in the run.
        config: The settings of the run; its number of steps may be any.
        steps: How many steps to time.
        state: As for `train`.
        optimizer: As for `train`.
    """
    before = copy.deepcopy(model.state_dict())
    training = model.training
    trainer = Trainer(model, loss_of_batch, replace(config, steps=_WARM_UP + steps), state, optimizer)
    try:
        for _ in range(_WARM_UP):
            trainer.apply(trainer.compute())
        begin = time.perf_counter()
        for _ in range(steps):
            trainer.apply(trainer.compute())
        return (time.perf_counter() - begin) / steps
    finally:
        model.load_state_dict(before)
        model.zero_grad()
        model.train(training)


def steps_for_minutes(minutes: int | float, seconds_per_step: float) -> int:
    """How many steps take about `minutes`, at least 1.

    Raises:
        UserError: `minutes` is not above 0.
    """
    steps = 60 * minutes / seconds_per_step
    if not 0 < steps < math.inf:
        raise UserError("minutes", minutes, "give a number above 0")
    return max(1, int(steps))
