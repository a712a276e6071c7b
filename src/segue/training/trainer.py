"""One step of a training loop, and the state that it carries from step to step."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from segue.errors import UserError
from segue.state import State
from segue.training.average import average_of, update_average
from segue.training.checkpoints import Checkpoint, require_like
from segue.training.optimizer import BuildOptimizer, single_rate
from segue.training.pace import Turn
from segue.training.schedule import TrainingConfig, schedule

Loss = Callable[[int], Tensor]
"""The mean loss of the model on batch n = 1, 2, ... A function of the seed and n alone: so a resumed run is exact."""
CarryingLoss = Callable[[int, State], tuple[Tensor, State]]
"""The same for contiguous lanes: takes the state after batch n - 1 too, and also returns the state after batch n.

Checkpoints hold that state."""


@dataclass(frozen=True)
class Progress:
    """The progress of a run, after a step."""

    step: int
    """Steps taken."""
    steps: int
    """Steps of the whole run; an estimate in a run by the clock."""
    loss: float
    """Loss of this step's batch, before its update."""
    learning_rate: float
    """Learning rate of this step, of the fastest level where there are levels."""
    gradient_norm: float
    """Norm of this step's gradients, before clipping."""


class Trainer:
    """The state of a run between steps: weights, average, moments, lanes, losses not yet logged.

    A step has two halves. `compute` takes long and changes gradients only; `apply` is short and changes the state. So a
    run that is stopped in the first half is whole, at the step before.

    Args:
        model: The model, trained in place.
        loss_of_batch: As for `segue.training.loop.train`.
        config: The settings of the run.
        state: As for `train`.
        optimizer: As for `train`.
    """

    def __init__(
        self,
        model: nn.Module,
        loss_of_batch: Loss | CarryingLoss,
        config: TrainingConfig,
        state: State | None = None,
        optimizer: BuildOptimizer = single_rate,
    ) -> None:
        self.model = model.train()
        self.average = average_of(model) if config.average_decay > 0 else None
        self.step = 0
        self._loss_sum, self._loss_count = 0.0, 0
        self.config = config
        self.state = self._after = state
        self._loss_of_batch: Callable[..., Any] = loss_of_batch  # `state` decides which of the two
        self._optimizer = optimizer(model, config)

    @property
    def kept(self) -> nn.Module:
        """The model to keep: the average where there is one."""
        return self.model if self.average is None else self.average

    def compute(self) -> float:
        """Computes the loss of the next batch, its gradients, and the state after it, for `apply` to use.

        Raises:
            UserError: The loss is not finite.
        """
        self._optimizer.zero_grad()
        with _own_randomness(self.config.seed, self.step + 1):
            if self.state is None:
                loss = self._loss_of_batch(self.step + 1)
            else:
                loss, after = self._loss_of_batch(self.step + 1, self.state)
                self._after = after.detach()
            value = float(loss.item())
            self._require_finite("loss", value)
            loss.backward()
        return value

    def apply(self, loss: float, turn: Turn | None = None) -> Progress:
        """Updates the weights by the gradients that `compute` left, and moves the state on.

        Args:
            loss: The loss that `compute` returned.
            turn: The learning rate of the step; `None` for that of a run that counts steps.

        Raises:
            UserError: The gradient is not finite; the weights are unchanged.
        """
        step, norm = self.step + 1, float(self._optimizer.gradient_norm().item())
        self._require_finite("gradient norm", norm)
        turn = Turn(schedule(step, self.config), self.config.steps) if turn is None else turn
        rate = self._optimizer.step(step, turn.rate)
        if self.average is not None:
            update_average(self.average, self.model, step, self.config.average_decay)
        self.step, self.state = step, self._after
        self._loss_sum, self._loss_count = self._loss_sum + loss, self._loss_count + 1
        return Progress(step, turn.steps, loss, rate, norm)

    @property
    def has_unlogged_loss(self) -> bool:
        """Whether steps were taken since `take_mean_loss` was last called."""
        return self._loss_count > 0

    def take_mean_loss(self) -> float:
        """The mean loss of all steps since this was last called."""
        mean = self._loss_sum / self._loss_count
        self._loss_sum, self._loss_count = 0.0, 0
        return mean

    def checkpoint(self) -> Checkpoint:
        """The whole state, as a value; its tensors are those of the model, not copies."""
        return Checkpoint(
            step=self.step,
            model=self.model.state_dict(),
            optimizer=self._optimizer.tensors(),
            average=None if self.average is None else self.average.state_dict(),
            loss_sum=self._loss_sum,
            loss_count=self._loss_count,
            state=self.state,
        )

    def restore(self, checkpoint: Checkpoint) -> None:
        """Takes the state of a checkpoint.

        Raises:
            UserError: The checkpoint belongs to another model.
        """
        require_like(checkpoint, self.checkpoint())
        try:
            self.model.load_state_dict(checkpoint.model)
            if self.average is not None:
                self.average.load_state_dict(checkpoint.average or {})
            self._optimizer.restore(checkpoint.optimizer)
        except (RuntimeError, KeyError) as error:
            raise UserError("resume", f"step {checkpoint.step}", "resume with the model of this run") from error
        if (checkpoint.state is None) != (self.state is None):
            raise UserError("resume", f"step {checkpoint.step}", "carry a state if this run did, and none otherwise")
        if self.state is not None and checkpoint.state is not None:
            self.state = checkpoint.state.to(next(iter(self.state.values())).device)
        self.step = checkpoint.step
        self._loss_sum, self._loss_count = checkpoint.loss_sum, checkpoint.loss_count

    def _require_finite(self, name: str, value: float) -> None:
        if not math.isfinite(value):
            raise UserError(
                name, f"{value} at step {self.step + 1}", "start again in a new folder with a lower learning_rate"
            )


@contextmanager
def _own_randomness(seed: int, step: int) -> Iterator[None]:
    """Within this context, dropout and the like depend on seed and step only; the caller's generators are untouched."""
    seed = (seed * 0x9E3779B97F4A7C15 + step) % 2**63  # the multiplier separates seeds by more than any number of steps
    in_use = torch.cuda.is_initialized()
    devices = [torch.cuda.current_device()] if in_use else []
    with torch.random.fork_rng(devices=devices):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed takes 0.2 ms for devices not in use
        if devices:
            torch.cuda.manual_seed(seed)
        yield
