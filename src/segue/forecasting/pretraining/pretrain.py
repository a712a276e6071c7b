"""Pretraining: every patch predicts the next one, over windows of synthetic series only."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from segue.device import Device
from segue.errors import UserError
from segue.forecasting.nanotst.config import NanoTSTConfig
from segue.forecasting.nanotst.export import export_model, exports
from segue.forecasting.nanotst.model import NanoTST
from segue.forecasting.pretraining.ahead import made_ahead
from segue.forecasting.pretraining.examples import Examples, examples_of
from segue.forecasting.pretraining.losses import mixed_loss
from segue.forecasting.pretraining.windows import DataConfig, Windows
from segue.threads import usable_processors
from segue.training.run import Work, begin_run
from segue.training.schedule import TrainingConfig
from segue.training.trainer import Progress

_LONG = 200  # steps: in a shorter run a process for the series costs more time to start than it saves


@dataclass(frozen=True)
class PretrainConfig:
    """All settings on which a pretraining run depends."""

    model: NanoTSTConfig
    """The sizes and parts of the model."""
    training: TrainingConfig
    """Steps, rates, seed."""
    data: DataConfig = field(default_factory=DataConfig)
    """The synthetic windows that the model reads."""
    unsquashed: float = 0.0
    """The share of the loss that counts errors as scores do: not squashed; see `mixed_loss`."""
    initial: str | None = None
    """A model folder, or the name of a bundled model, whose weights the run begins with; `None` for fresh ones."""
    device: str = "auto"
    """The device of the run. A run decides on `auto` once, at its start, and writes the decision into its config."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """The number format of matrix products; `auto` is decided in the same way."""

    def __post_init__(self) -> None:
        if max(self.data.contexts) > self.model.context:
            raise UserError(
                "contexts", self.data.contexts, f"give none above the model's context, {self.model.context}"
            )
        if not 0 <= self.unsquashed <= 1:
            raise UserError("unsquashed", self.unsquashed, "give a share from 0 to 1")


def pretrain(
    config: PretrainConfig | None,
    run: str | Path,
    *,
    resume: bool = False,
    minutes: float | None = None,
    watch: Callable[[], float] | None = None,
    started: Callable[[PretrainConfig, Device], None] | None = None,
    progress: Callable[[Progress], None] | None = None,
    exporting: Callable[[], None] | None = None,
) -> NanoTST:
    """Trains a NanoTST, and writes the run with its model folder `model` to disk.

    Args:
        config: The config of the run; `None` to resume, which needs the run only.
        run: The run folder: new or empty, or with `resume` the folder of an earlier run.
        resume: Continue the run in the folder. A run that counts steps ends as if uninterrupted, bit for bit if the
            number of threads is the same.
        minutes: Train for so many minutes by the clock, measuring included, instead of the steps of the config; the
            learning rate follows the clock. A run that is resumed keeps the minutes that it has.
        watch: The seconds that the caller has worked on the run, which count; `None` to count from the call.
        started: Called once with the final config and the device.
        progress: Called after each step.
        exporting: Called before the model is exported, where its backbone has an exported form.

    Returns:
        The trained model: the averaged weights where the config asks for an average.

    Raises:
        UserError: The folder is in use or has nothing to resume, `minutes` is not above 0, the initial model does not
            fit, or the loss is not finite.
        Interrupted: Ctrl-C stopped the run; it is saved, and the model folder holds the model of that step.
    """
    resume = resume or config is None
    begun = begin_run(PretrainConfig, config, run, resume=resume, minutes=minutes, watch=watch)
    config, device = begun.config, begun.device
    model = (_initial(config) if begun.begins and config.initial is not None else _fresh(config)).to(device.device)
    with _examples(config) as examples:
        loss = pretraining_loss(model, config, device, examples)
        work = Work(model, loss, save=_saver(begun.folder / "model", exporting))
        if started is not None:
            started(config, device)
        trained = begun.train(config, work, progress)
    assert isinstance(trained, NanoTST)
    return trained


@contextmanager
def _examples(config: PretrainConfig) -> Iterator[Callable[[int], Examples]]:
    """What makes batch n: a process beside the training, where there is a processor for it and enough to do."""
    windows, minutes = windows_of(config), config.training.minutes
    long = config.training.steps >= _LONG if minutes is None else minutes >= 1
    if not (long and usable_processors() > 1):
        yield lambda number: examples_of(windows.batch(number))
        return
    with made_ahead(windows) as ahead:
        yield ahead.examples


def windows_of(config: PretrainConfig) -> Windows:
    """The training windows of a run."""
    return Windows(config.data, patch=config.model.patch, span=config.model.span, seed=config.training.seed)


def _saver(folder: Path, exporting: Callable[[], None] | None) -> Callable[[nn.Module], None]:
    def save(model: nn.Module) -> None:
        assert isinstance(model, NanoTST)
        model.save_pretrained(folder, half=True)
        if exports(model.config):
            if exporting is not None:
                exporting()
            export_model(folder)

    return save


def _fresh(config: PretrainConfig) -> NanoTST:
    with torch.random.fork_rng():
        torch.manual_seed(config.training.seed)
        return NanoTST(config.model)


def _initial(config: PretrainConfig) -> NanoTST:
    assert config.initial is not None
    model = NanoTST.from_pretrained(config.initial)
    if model.config != config.model:
        raise UserError("initial", config.initial, "name a model with the sizes and parts of this config's [model]")
    return model


def pretraining_loss(
    model: NanoTST, config: PretrainConfig, device: Device, examples: Callable[[int], Examples] | None = None
) -> Callable[[int], Tensor]:
    """Makes the function that gives the loss of batch n, as `segue.training.loop.train` takes it.

    Args:
        model: The model.
        config: The settings of the run.
        device: The device of the run.
        examples: What makes batch n; by default the windows of the config do so when they are asked.
    """
    windows = windows_of(config)

    def loss(step: int) -> Tensor:
        batch = examples_of(windows.batch(step)) if examples is None else examples(step)
        return loss_of(model, batch.to(device.device), config.unsquashed, device.autocast)

    return loss


def loss_of(
    model: NanoTST,
    examples: Examples,
    unsquashed: float = 0.0,
    autocast: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> Tensor:
    """The mean loss of predicting each next patch, in units of the reference so far.

    Args:
        model: The model.
        examples: The batch to learn from.
        unsquashed: The share of the loss that is not squashed; see `mixed_loss`.
        autocast: The number format of the network; losses are computed in single precision or better.
    """
    with autocast():
        distribution = model.read(examples.inputs)
    target, weight = examples.target, examples.weight
    losses = mixed_loss(distribution, target, unsquashed) if unsquashed else distribution.loss(target)
    mean: Tensor = losses.where(weight, 0.0).sum() / weight.sum().clamp(min=1)
    return mean
