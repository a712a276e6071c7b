"""One run of any task, fresh or resumed, on a device that is decided once, for a number of steps or of minutes.

A task begins a run, builds its model and its data from the run's config, and hands both over as `Work`:

    run = begin_run(TaskConfig, config, folder, resume=resume, minutes=minutes)
    work = Work(model.to(run.device.device), loss)
    model = run.train(run.config, work)
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar, runtime_checkable

from torch import nn

from segue.device import Device, decide_device
from segue.errors import give_notice
from segue.state import State
from segue.training.checkpoints import latest
from segue.training.loop import train
from segue.training.optimizer import BuildOptimizer, single_rate
from segue.training.pace import Stopwatch
from segue.training.runs import begun_before, put_strays_aside, read_run, require_unused
from segue.training.schedule import TrainingConfig
from segue.training.trainer import CarryingLoss, Loss, Progress
from segue.training.validation import Validation


@runtime_checkable
class RunConfig(Protocol):
    """The settings that the configs of all tasks share; each config is a frozen dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def training(self) -> TrainingConfig:
        """The steps, rates and seed."""
        ...

    @property
    def device(self) -> str:
        """The device; `auto` until a run decides on it."""
        ...

    @property
    def precision(self) -> Literal["auto", "float32", "bfloat16"]:
        """The number format of matrix products; `auto` until a run decides on it."""
        ...


C = TypeVar("C", bound=RunConfig)


@dataclass(frozen=True, eq=False)
class Work:
    """The model of one task and all that its training needs; see `segue.training.loop.train`."""

    model: nn.Module
    """The model, on the device of the run."""
    loss: Loss | CarryingLoss
    """The mean loss of batch n."""
    state: State | None = None
    """The state before batch 1; `None` where batches carry no state."""
    optimizer: BuildOptimizer = single_rate
    """A function that builds the optimiser."""
    validation: Validation | None = None
    """The held-out loss, with the function that keeps the best model."""
    save: Callable[[nn.Module], None] | None = None
    """A function that is called with the last model when the run ends or Ctrl-C stops it."""


@dataclass(frozen=True, eq=False)
class Run(Generic[C]):
    """A run that is ready to begin or to continue."""

    folder: Path
    """The run folder."""
    config: C
    """The config, with a decided device and precision."""
    device: Device
    """The device on which the run trains."""
    resume: bool
    """Whether the folder holds a run to continue."""
    watch: Callable[[], float]
    """The seconds that this process has worked on the run."""

    @property
    def begins(self) -> bool:
        """Whether the run begins with step 1: it is new, or was killed before it wrote a checkpoint."""
        return not self.resume or latest(self.folder) is None

    def train(self, config: C, work: Work, progress: Callable[[Progress], None] | None = None) -> nn.Module:
        """Takes the steps that are left; a new run records `config` in the folder. See `segue.training.loop.train`.

        Args:
            config: The final config.
            work: The work to train.
            progress: A function that is called after each step.

        Returns:
            The last model, in evaluation mode: the averaged one where the config asks for an average.
        """
        validation, save = work.validation, work.save
        if validation is not None:
            validation = replace(validation, keep=self._beside_strays(validation.keep))
        return train(
            work.model,
            work.loss,
            config.training,
            self.folder,
            state=work.state,
            validation=validation,
            resume=self.resume,
            record=config,
            progress=progress,
            optimizer=work.optimizer,
            save=None if save is None else self._beside_strays(save),
            watch=self.watch,
        )

    def _beside_strays(self, keep: Callable[[nn.Module], None]) -> Callable[[nn.Module], None]:
        """A function that keeps a model, whatever else lies in its folder."""

        def kept(model: nn.Module) -> None:
            put_strays_aside(self.folder)
            keep(model)

        return kept


def begin_run(
    cls: type[Any],
    config: C | None,
    folder: str | Path,
    *,
    resume: bool,
    minutes: float | None,
    watch: Callable[[], float] | None = None,
) -> Run[C]:
    """Prepares a run; it writes nothing yet.

    Args:
        cls: The class of the task's config, a frozen dataclass.
        config: The config of the run; `None` for the defaults of `cls`, or to resume.
        folder: The run folder: new or empty, or with `resume` the folder of an earlier run.
        resume: Whether to continue the run in the folder. Where none was started, the run begins with `config`.
        minutes: The length of the run by the clock; `None` for the config's. A run that is resumed keeps its settings,
            and a note says that others were given.
        watch: The seconds that the caller has worked on the run, which count; `None` to count from now.

    Raises:
        UserError: The folder is in use, or holds nothing to resume and `config` is not given; `minutes` is not above 0;
            or the device of the config is not available.
    """
    folder, watch = Path(folder), watch or Stopwatch()
    if resume and not begun_before(folder) and config is not None:
        give_notice([f"nothing was started in {folder}: the run begins"])
        resume = False
    if resume:
        config = _resumed(cls, config, folder, minutes)
    else:
        require_unused(folder)
        config = cls() if config is None else config
        if minutes is not None:
            config = replace(config, training=replace(config.training, minutes=minutes))
    device = decide_device(config.device, precision=config.precision)
    precision = "float32" if device.autocast_dtype is None else "bfloat16"
    return Run(folder, replace(config, device=str(device.device), precision=precision), device, resume, watch)


def _resumed(cls: type[Any], config: C | None, folder: Path, minutes: float | None) -> C:
    """The config of the run in the folder; it is settled, so what else is given is not read, which a note says."""
    recorded: C = read_run(cls, folder)
    if config is not None or minutes is not None:
        given = " and ".join(["`config`"] * (config is not None) + ["`minutes`"] * (minutes is not None))
        give_notice([f"{folder} is resumed with its own settings; {given} count for a new run only"])
    return recorded
