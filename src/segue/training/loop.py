"""The training loop of every task. A run killed at any moment and resumed equals an unbroken run, bit for bit."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import nn

from segue.errors import UserError
from segue.state import State
from segue.training.checkpoints import Checkpoint, latest, load_checkpoint, save_checkpoint
from segue.training.interrupt import Interrupted, uninterrupted
from segue.training.log import RunLog, read_log
from segue.training.optimizer import BuildOptimizer, single_rate
from segue.training.runs import require_config, start_run
from segue.training.schedule import TrainingConfig
from segue.training.trainer import CarryingLoss, Loss, Progress, Trainer
from segue.training.validation import Validation, Validator


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
        model: The model; its first weights are kept as checkpoint 0. To resume, it takes those of the newest one.
        loss_of_batch: A `Loss`, or with a `state` a `CarryingLoss`.
        config: The settings of the run.
        run: The run folder: new or empty, or with `resume` one that a run has left.
        state: The state before batch 1; `None` where batches do not depend on each other.
        validation: What measures the held-out loss, keeps the best model and ends the run early.
        resume: Whether to continue the run in the folder.
        record: The config, a dataclass, that `config.toml` holds; `None` for `config`.
        progress: Called after each step.
        optimizer: Builds the optimiser of the model; `segue.training.clocks.MultiRate` suits a model of levels.
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
    stop = _stop_of(lambda: _train_and_log(trainer, validation, run, progress))
    kept = trainer.kept.eval()
    if save is not None:
        stop = _stop_of(lambda: save(kept)) or stop
    if stop is not None:
        raise Interrupted(run, trainer.step) from stop
    return kept


def _stop_of(work: Callable[[], None]) -> KeyboardInterrupt | None:
    """Does the work, and returns the Ctrl-C that stopped it."""
    try:
        work()
        return None
    except KeyboardInterrupt as stop:
        return stop


def _train_and_log(
    trainer: Trainer, validation: Validation | None, run: Path, progress: Callable[[Progress], None] | None
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
    trainer: Trainer, validator: Validator | None, log: RunLog, run: Path, progress: Callable[[Progress], None] | None
) -> None:
    """Takes all steps up to the end of the run, or up to its early end."""
    while not _is_over(trainer, validator, log):
        loss = trainer.compute()
        with uninterrupted():
            done = trainer.apply(loss)
            _record(trainer, done, log, run)
        if progress is not None:
            progress(done)


def _is_over(trainer: Trainer, validator: Validator | None, log: RunLog) -> bool:
    """Whether the run ends before another step; measures the held-out loss first, where that is due."""
    if validator is not None and validator.is_due(trainer.step, trainer.config.steps):
        training = trainer.kept.training
        log.write(validator.measure(trainer.kept.eval(), trainer.step))
        trainer.kept.train(training)
    return trainer.step >= trainer.config.steps or (validator is not None and validator.is_over)


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
