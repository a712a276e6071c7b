"""The loss of a language model, batch by batch, and its optimiser."""

from torch import Tensor, nn

from segue.device import Device
from segue.language.config import LanguageConfig
from segue.language.corpus import Batch, Corpus, contiguous_lanes, random_blocks
from segue.language.model import LanguageModel
from segue.state import State
from segue.training.clocks import MultiRate, split_levels
from segue.training.optimizer import BuildOptimizer, Optimizer, single_rate
from segue.training.schedule import TrainingConfig
from segue.training.surprise import Target, recorded, surprise_objective
from segue.training.trainer import CarryingLoss, Loss

_LEVELS = ("backbone.level1", "backbone.level2", "backbone.level3")


def language_loss(
    model: LanguageModel, corpus: Corpus, config: LanguageConfig, device: Device
) -> tuple[Loss | CarryingLoss, State | None]:
    """The mean cross-entropy of batch n, and the state before batch 1, for `segue.training.loop.train`.

    The surprise objective of the config is minimised as well.
    """
    text = config.text
    cut = contiguous_lanes if text.state == "carry" else random_blocks
    batches = cut(corpus, text.lanes, text.window, config.training.seed)
    target = None if config.surprise == "off" else Target(config.surprise)

    def carried(step: int, state: State) -> tuple[Tensor, State]:
        with device.autocast():
            return batch_loss(model, batches(step).to(device.device), state, target)

    def afresh(step: int) -> Tensor:
        with device.autocast():
            return batch_loss(model, batches(step).to(device.device), None, target)[0]

    return (carried, model.initial_state(text.lanes)) if text.state == "carry" else (afresh, None)


def batch_loss(
    model: LanguageModel, batch: Batch, state: State | None, target: Target | None = None
) -> tuple[Tensor, State]:
    """The loss of one batch and the state after it.

    `target` is that of the surprise objective, `None` for no such objective. The objective is minimised too, but the
    value of the loss stays the cross-entropy.
    """
    if target is None:
        distribution, state = model(batch.inputs, state, batch.reset)
        return distribution.loss(batch.targets).mean(), state
    with recorded(*(model.get_submodule(level) for level in _LEVELS[:2])) as outputs:
        distribution, state = model(batch.inputs, state, batch.reset)
    losses = distribution.loss(batch.targets)
    objective = surprise_objective(losses, outputs, target=target)
    return losses.mean() + objective - objective.detach(), state


def language_optimizer(config: LanguageConfig) -> BuildOptimizer:
    """AdamW with one rate for all weights, or with a clock for each level of the nested backbone."""
    if not config.levels:
        return single_rate
    tokens = config.text.lanes * config.text.window

    def multi_rate(model: nn.Module, training: TrainingConfig) -> Optimizer:
        return MultiRate(model, training, split_levels(model, *_LEVELS[1:]), config.levels, tokens)

    return multi_rate
