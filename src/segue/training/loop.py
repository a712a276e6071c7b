"""The training loop of every task. A run killed at any moment and resumed equals an unbroken run, bit for bit."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from segue.errors import UserError
from segue.state import State
from segue.training.average import average_of, update_average
from segue.training.checkpoints import Checkpoint, latest, load_checkpoint, save_checkpoint
from segue.training.interrupt import Interrupted, uninterrupted
from segue.training.log import RunLog, read_log
from segue.training.optimizer import BuildOptimizer, single_rate
from segue.training.runs import require_config, start_run
from segue.training.schedule import TrainingConfig
from segue.training.validation import Validation, Validator

Loss = Callable[[int], Tensor]
"""The mean loss of the model on batch n."""
CarryingLoss = Callable[[int, State], tuple[Tensor, State]]
"""The same for contiguous lanes: takes the state after batch n - 1 too, and also returns the state after batch n."""


@dataclass(frozen=True)
class Progress:
    """Where a run is, after a step."""

    step: int
    """Steps taken."""
    steps: int
    """Steps of the whole run."""
    loss: float
    """Loss of this step's batch, before its update."""
    learning_rate: float
    """Learning rate of this step, of the fastest level where there are levels."""
    gradient_norm: float
    """Norm of this step's gradients, before clipping."""


def train(
    model: nn.Module,
    loss_of_batch: Loss | CarryingLoss,
    config: TrainingConfig,
    run: Path,
    *,
    state: State | None = None,
    validation: Validation | None = None,
    resume: bool = False,
    record: Any = None,
    progress: Callable[[Progress], None] | None = None,
    optimizer: BuildOptimizer = single_rate,
    save: Callable[[nn.Module], None] | None = None,
) -> nn.Module:
    """Trains `model` in place and leaves the run on disk: `config.toml`, `log.jsonl`, `checkpoints/step-N/`.

    Args:
        model: The model; its first weights are kept as checkpoint 0. To resume, build it from
            `read_run(cls, run)`; it then takes the weights of the newest checkpoint.
        loss_of_batch: The mean loss of `model` on batch n, for n = 1, 2, ... `config.steps`. Batch n must be a function
            of the seed and n alone: that makes a resumed run exact. With a `state`, the function takes n and the state
            before the batch, and returns the loss and the state after it, which checkpoints hold (contiguous lanes).
        config: The settings of the run.
        run: The run folder: new or empty, or with `resume` one that a run has left.
        state: The state before batch 1; `None` where batches do not depend on each other.
        validation: What measures the held-out loss, keeps the best model and ends the run early.
        resume: Whether to continue the run in the folder.
        record: The config, a dataclass, that `config.toml` shall hold; `None` for `config`.
        progress: Called after each step.
        optimizer: Builds the optimiser of the model from `config`; `segue.training.clocks.MultiRate` suits a model of
            levels.
        save: Called with the last model, as it is returned, when the run ends or Ctrl-C stops it.

    Returns:
        The last model, in evaluation mode: the averaged one where `config.average_decay` is above 0, else `model`.

    Raises:
        UserError: The folder is in use, or holds nothing to resume; a checkpoint cannot be read or belongs to another
            model; the loss or its gradient is not finite.
        Interrupted: Ctrl-C; the state is saved.
    """
    trainer = Trainer(model, loss_of_batch, config, state, optimizer)
    if resume:
        trainer.restore(_newest(run))
    else:
        start_run(run, config if record is None else record)
        save_checkpoint(run, trainer.checkpoint())
    try:
        _train_and_log(trainer, validation, run, progress)
        stopped = None
    except KeyboardInterrupt as stop:
        stopped = stop
    kept = trainer.kept.eval()
    try:
        if save is not None:
            save(kept)
    except KeyboardInterrupt as stop:
        stopped = stop
    if stopped is not None:
        raise Interrupted(run, trainer.step) from stopped
    return kept


def _train_and_log(
    trainer: "Trainer", validation: Validation | None, run: Path, progress: Callable[[Progress], None] | None
) -> None:
    """All steps that are left; the last one taken has its checkpoint, also where Ctrl-C stops the run."""
    with RunLog(run, trainer.step) as log:
        validator = None if validation is None else Validator(validation, read_log(run))
        try:
            _take_steps(trainer, validator, log, run, progress)
            if trainer.step < trainer.config.steps:  # the last step has its checkpoint, an early end has none yet
                log.sync()
                save_checkpoint(run, trainer.checkpoint())
        except KeyboardInterrupt:
            with uninterrupted():
                log.sync()
                save_checkpoint(run, trainer.checkpoint())
            raise


def _take_steps(
    trainer: "Trainer", validator: Validator | None, log: RunLog, run: Path, progress: Callable[[Progress], None] | None
) -> None:
    """Takes all steps up to the end of the run, or up to its early end."""
    while not _is_over(trainer, validator, log):
        loss = trainer.compute()
        with uninterrupted():
            done = trainer.apply(loss)
            _record(trainer, done, log, run)
        if progress is not None:
            progress(done)


def _is_over(trainer: "Trainer", validator: Validator | None, log: RunLog) -> bool:
    """Whether the run ends before another step; measures the held-out loss first, where that is due."""
    if validator is not None and validator.is_due(trainer.step, trainer.config.steps):
        training = trainer.kept.training
        log.write(validator.measure(trainer.kept.eval(), trainer.step))
        trainer.kept.train(training)
    return trainer.step >= trainer.config.steps or (validator is not None and validator.is_over)


class Trainer:
    """The state of a run between steps: weights, average, moments, lanes, losses not yet logged.

    A step has two halves. `compute` takes long and changes gradients only; `apply` is short and changes the state. So a
    run that is stopped in the first half is whole, at the step before.

    Args:
        model: The model, trained in place.
        loss_of_batch: As for `train`.
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

    def apply(self, loss: float) -> Progress:
        """Updates the weights by the gradients that `compute` left, and moves the state on.

        Raises:
            UserError: The gradient is not finite; the weights are unchanged.
        """
        step, norm = self.step + 1, float(self._optimizer.gradient_norm().item())
        self._require_finite("gradient norm", norm)
        rate = self._optimizer.step(step)
        if self.average is not None:
            update_average(self.average, self.model, step, self.config.average_decay)
        self.step, self.state = step, self._after
        self._loss_sum, self._loss_count = self._loss_sum + loss, self._loss_count + 1
        return Progress(step, self.config.steps, loss, rate, norm)

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
        try:
            self.model.load_state_dict(checkpoint.model)
            if self.average is not None:
                self.average.load_state_dict(checkpoint.average or {})
            self._optimizer.restore(checkpoint.optimizer)
        except (RuntimeError, KeyError) as error:
            raise UserError("resume", f"step {checkpoint.step}", "resume with the model of this run") from error
        if (checkpoint.state is None) != (self.state is None):
            raise UserError("resume", f"step {checkpoint.step}", "carry the state as this run did, or as it did not")
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


def _newest(run: Path) -> Checkpoint:
    require_config(run)
    folder = latest(run)
    if folder is None:
        raise UserError("resume", run, "it has no checkpoint: delete it and start anew")
    return load_checkpoint(folder)


def _record(trainer: Trainer, done: Progress, log: RunLog, run: Path) -> None:
    """Writes the log line and the checkpoint that are due after a step, the line first."""
    config, last = trainer.config, done.step == done.steps
    if done.step % config.log_every == 0 or last:
        log.write(
            {
                "step": done.step,
                "loss": trainer.take_mean_loss(),
                "learning_rate": done.learning_rate,
                "gradient_norm": done.gradient_norm,
            }
        )
    if done.step % config.checkpoint_every == 0 or last:
        log.sync()
        save_checkpoint(run, trainer.checkpoint())
