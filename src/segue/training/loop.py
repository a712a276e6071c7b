"""The training loop of every task.

A run that counts steps, killed at any moment and resumed, equals an unbroken run, bit for bit. A run by the clock
repeats its recorded steps with the same bits; then it follows the clock again (`pace.py`).
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import nn

from segue.errors import UserError, give_notice
from segue.state import State
from segue.training.checkpoints import latest, load_checkpoint, save_checkpoint
from segue.training.interrupt import Interrupted, uninterrupted
from segue.training.log import LOG, RunLog, read_log
from segue.training.optimizer import BuildOptimizer, single_rate
from segue.training.pace import ClockPace, StepPace, pace_of
from segue.training.runs import exclusive_run, remove_leftovers, require_config, start_run
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
    watch: Callable[[], float] | None = None,
) -> nn.Module:
    """Trains `model` in place and leaves the run on disk: config, log, checkpoints, and the pace of a run by the clock.

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
        watch: The seconds that this process has worked on the run, for a run by the clock; `None` to count from now.

    Returns:
        The last model, in evaluation mode: the averaged one where `config.average_decay` is above 0, else `model`.

    Raises:
        UserError: The folder is in use, by another process as well, or holds nothing to resume; a checkpoint cannot be
            read or belongs to another model; the loss or its gradient is not finite.
        Interrupted: Ctrl-C; the state is saved.
    """
    with exclusive_run(run, resume=resume):
        trainer = Trainer(model, loss_of_batch, config, state, optimizer)
        _begin(trainer, run, None if resume else config if record is None else record)
        steps = _Steps(trainer, validation, run, progress, watch)
        stop = _stop_of(steps.take_all)
        kept = trainer.kept.eval()
        if save is not None:
            stop = _stop_of(lambda: save(kept)) or stop
    if stop is not None:
        raise Interrupted(run, trainer.step) from stop
    return kept


def _begin(trainer: Trainer, run: Path, record: Any) -> None:
    """Starts the run with the config `record`, or resumes it where that is `None`."""
    remove_leftovers(run)
    if record is None:
        _restore(trainer, run)
    else:
        start_run(run, record)
    save_checkpoint(run, trainer.checkpoint())  # an existing one is left as it is


def _restore(trainer: Trainer, run: Path) -> None:
    """Takes the state of the newest checkpoint; a run that was killed before it wrote one begins anew.

    Raises:
        UserError: The folder holds no run, or a run whose checkpoints are gone.
    """
    require_config(run)
    folder = latest(run)
    if folder is None:
        if read_log(run):
            raise UserError("resume", run, "its checkpoints are gone: delete it and start anew")
        return
    trainer.restore(load_checkpoint(folder))
    expected = trainer.step - trainer.step % trainer.config.log_every
    if expected and not any(line["step"] >= expected for line in read_log(run)):
        lost = "its lines, and what was measured on held-out data, are lost; the run goes on"
        give_notice([f"{run / LOG} does not reach up to step {trainer.step} of the checkpoint: {lost}"])


def _stop_of(work: Callable[[], None]) -> KeyboardInterrupt | None:
    """Does the work, and returns the Ctrl-C that stopped it."""
    try:
        work()
        return None
    except KeyboardInterrupt as stop:
        return stop


class _Steps:
    """Takes the steps of a run, and writes their lines and checkpoints.

    Args:
        trainer: The state from which the run goes on.
        validation: As for `train`.
        run: The run folder.
        progress: As for `train`.
        watch: As for `train`.
    """

    def __init__(
        self,
        trainer: Trainer,
        validation: Validation | None,
        run: Path,
        progress: Callable[[Progress], None] | None,
        watch: Callable[[], float] | None,
    ) -> None:
        self._trainer, self._run, self._progress = trainer, run, progress
        self._pace: StepPace | ClockPace = pace_of(trainer.config, run, trainer.step, watch)
        self._log = RunLog(run, trainer.step)
        self._validator = None if validation is None else Validator(validation, read_log(run))
        self._done: Progress | None = None
        self._saved = trainer.step

    def take_all(self) -> None:
        """Takes all steps that are left; the last one taken has its checkpoint, also where Ctrl-C stops the run."""
        try:
            self._take()
            self._checkpoint()  # a no-op but where the run ends early
        except KeyboardInterrupt:
            with uninterrupted():
                self._checkpoint()
            raise
        finally:
            self._log.close()
            if isinstance(self._pace, ClockPace):
                self._pace.close()

    def _take(self) -> None:
        """Takes all steps up to the end of the run, or up to its early end."""
        trainer = self._trainer
        while True:
            self._measure(self._validator is not None and self._pace.wants_measure(trainer.step))
            if self._validator is not None and self._validator.is_over:
                return
            turn = self._pace.turn(trainer.step + 1)
            if turn is None:
                break
            loss = trainer.compute()
            with uninterrupted():
                self._done = trainer.apply(loss, turn)
                self._record(self._done)
            if self._progress is not None:
                self._progress(self._done)
        if self._done is not None and trainer.has_unlogged_loss:
            self._write_loss(self._done)
        self._checkpoint()  # the last measurement may take long
        self._measure(True)

    def _measure(self, asked: bool) -> None:
        """Measures the held-out loss where that is due."""
        if self._validator is None or not self._validator.is_due(self._trainer.step, asked):
            return
        training = self._trainer.kept.training
        with self._pace.measuring():
            self._log.write(self._validator.measure(self._trainer.kept.eval(), self._trainer.step))
        self._trainer.kept.train(training)

    def _record(self, done: Progress) -> None:
        """Writes the log line and the checkpoint that are due after a step, the line first."""
        config = self._trainer.config
        last = config.minutes is None and done.step == config.steps
        if done.step % config.log_every == 0 or last:
            self._write_loss(done)
        if self._pace.wants_checkpoint(done.step):
            self._checkpoint()

    def _write_loss(self, done: Progress) -> None:
        self._log.write(
            {
                "step": done.step,
                "loss": self._trainer.take_mean_loss(),
                "learning_rate": done.learning_rate,
                "gradient_norm": done.gradient_norm,
            }
        )

    def _checkpoint(self) -> None:
        """Saves the state, after the lines that belong to it."""
        if self._saved == self._trainer.step:
            return
        with self._pace.saving():
            self._log.sync()
            save_checkpoint(self._run, self._trainer.checkpoint())
        self._saved = self._trainer.step
