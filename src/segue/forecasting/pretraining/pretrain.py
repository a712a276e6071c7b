"""Pretraining: every patch predicts the next, over windows of synthetic series only."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from segue.device import Device
from segue.errors import UserError
from segue.forecasting.nanotst.config import NanoTSTConfig
from segue.forecasting.nanotst.export import export_model, exports
from segue.forecasting.nanotst.features import features_of
from segue.forecasting.nanotst.model import NanoTST
from segue.forecasting.pretraining.windows import Batch, DataConfig, Windows
from segue.heads.quantiles import Quantiles
from segue.training.run import Work, begin_run
from segue.training.schedule import TrainingConfig
from segue.training.trainer import Progress

_NARROWEST = 0.05  # units of the reference: what is surer than this is sure enough


@dataclass(frozen=True)
class PretrainConfig:
    """Everything that a pretraining run depends on."""

    model: NanoTSTConfig
    """The sizes and parts of the model."""
    training: TrainingConfig
    """Steps, rates, seed."""
    data: DataConfig = field(default_factory=DataConfig)
    """Which synthetic windows the model is shown."""
    unsquashed: float = 0.0
    """Share of the loss that counts errors as scores do, in the unit of the series, not squashed as the network gives
    them; for quantiles under a running scale."""
    initial: str | None = None
    """A model folder, or the name of a bundled model, whose weights the run begins with; `None` for fresh ones."""
    device: str = "auto"
    """Where to train; `auto` is decided once, at the start of a run, and written into the run's config."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """The number format of matrix products; `auto` likewise."""

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
    started: Callable[[PretrainConfig, Device], None] | None = None,
    progress: Callable[[Progress], None] | None = None,
    exporting: Callable[[], None] | None = None,
) -> NanoTST:
    """Trains a NanoTST and leaves the run, and in it the model folder `model`, on disk.

    Args:
        config: What to train; `None` to resume, which needs the run only.
        run: The run folder: new or empty, or with `resume` one that a run has left.
        resume: Continue the run in the folder; the outcome is that of a run never interrupted, bit for bit where the
            number of threads is the same.
        minutes: Train as many steps as fit into so many minutes here, instead of the config's; not to resume.
        started: Called once with the final config and the device.
        progress: Called after each step.
        exporting: Called before the model is exported, where its backbone has an exported form.

    Returns:
        The trained model: the averaged weights where the config asks for an average.

    Raises:
        UserError: The folder is in use or has nothing to resume, `config` or `minutes` is given to resume, or the loss
            is not finite.
        Interrupted: Ctrl-C; what was trained is saved, and the model folder holds the model of that step.
    """
    resume = resume or config is None
    begun = begin_run(PretrainConfig, config, run, resume=resume, minutes=minutes)
    config, device = begun.config, begun.device
    model = (_fresh(config) if resume or config.initial is None else _initial(config)).to(device.device)
    work = Work(model, pretraining_loss(model, config, device), save=_saver(begun.folder / "model", exporting))
    config = begun.settle(config, work)
    if started is not None:
        started(config, device)
    trained = begun.train(config, work, progress)
    assert isinstance(trained, NanoTST)
    return trained


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


def pretraining_loss(model: NanoTST, config: PretrainConfig, device: Device) -> Callable[[int], Tensor]:
    """The loss of batch n, as `segue.training.loop.train` wants it."""
    windows = Windows(config.data, patch=config.model.patch, span=config.model.span, seed=config.training.seed)

    def loss(step: int) -> Tensor:
        batch = windows.batch(step).to(device.device)
        return loss_of(model, batch, config.unsquashed, device.autocast)

    return loss


def loss_of(
    model: NanoTST,
    batch: Batch,
    unsquashed: float = 0.0,
    autocast: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> Tensor:
    """The mean loss of predicting each next patch, in the units of the scale so far.

    Args:
        model: The model.
        batch: What it is to predict.
        unsquashed: The share of the loss in the unit of the reference, see `unsquashed_loss`.
        autocast: The number format of the network; features and losses are computed in single precision or better.

    Patches before which a lane has shown fewer than three values, or only equal ones, teach nothing: there is no
    scale yet to predict in.
    """
    features, reference = features_of(batch.patches, batch.observed, torch.float32)
    with autocast():
        distribution = model.read(features, batch.observed)
    following = batch.patches.roll(-1, dims=1)  # the last patch has none: its weight is zero
    target = model.normalise(following, reference).clamp(-8, 8).float()
    weight = batch.present.roll(-1, dims=1) & ((reference.count >= 3) & (reference.unit > 0))[..., None]
    weight[:, -1] = False
    losses: Tensor = distribution.loss(target)
    if unsquashed:
        losses = losses.lerp(unsquashed_loss(distribution, target), unsquashed)
    mean: Tensor = losses.where(weight, 0.0).sum() / weight.sum().clamp(min=1)
    return mean


def unsquashed_loss(
    distribution: Quantiles, target: Float[Tensor, "lanes tokens patch"]
) -> Float[Tensor, "lanes tokens patch"]:
    """The quantile loss in the unit of the reference, over the width of each patch.

    Both arguments are squashed: they are inverse hyperbolic sines of what is compared.

    Squashed, a tail that is ten times too far out costs little more than one that is twice too far; scores count it
    tenfold. The width is the mean distance of all quantiles of a patch from their medians, as predicted: it makes
    losses of calm and of wild lanes alike, and has no gradient, or it would pay to be vague.
    """
    plain = Quantiles(distribution.values.clamp(-8, 8).sinh(), distribution.levels)
    median = plain.quantiles((0.5,))
    width = (plain.values - median).abs().mean((-2, -1)).detach() + _NARROWEST
    return plain.loss(target.sinh()) / width[..., None]
