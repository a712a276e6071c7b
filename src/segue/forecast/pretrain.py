"""Pretraining: every patch predicts the next, over windows of synthetic series only."""

from collections.abc import Callable
from dataclasses import dataclass, field

from torch import Tensor

from segue.forecast.nanotst import NanoTST, NanoTSTConfig
from segue.forecast.windows import Batch, DataConfig, Windows
from segue.training.loop import TrainingConfig


@dataclass(frozen=True)
class PretrainConfig:
    """Everything that a pretraining run depends on."""

    model: NanoTSTConfig
    training: TrainingConfig
    data: DataConfig = field(default_factory=DataConfig)


def loss_of(model: NanoTST, batch: Batch) -> Tensor:
    """The mean loss of predicting each next patch, in the units of the scale so far.

    Patches before which a lane has shown fewer than three values, or only equal ones, teach nothing: there is no
    scale yet to predict in.
    """
    distribution, scale = model(batch.patches, batch.observed)
    following = batch.patches.roll(-1, dims=1)  # the last patch has none: its weight is zero
    target = model.normalise(following, scale).clamp(-8, 8).float()
    weight = batch.present.roll(-1, dims=1) & ((scale.count >= 3) & (scale.spread > 0))[..., None]
    weight[:, -1] = False
    losses = distribution.loss(target)
    return losses.where(weight, 0.0).sum() / weight.sum().clamp(min=1)


def pretraining_loss(model: NanoTST, config: PretrainConfig) -> Callable[[int], Tensor]:
    """The loss of batch n, as `segue.training.loop.train` wants it."""
    windows = Windows(config.data, patch=config.model.patch, span=config.model.span, seed=config.training.seed)
    return lambda step: loss_of(model, windows.batch(step))
