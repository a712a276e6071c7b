"""What `backbones.py` trains: the model of an arm, its loss on synthetic windows, and what one of its steps costs."""

import time
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from benchmarks.forecasting.arms import PATCH, SPAN, TOKENS, Arm, CodebookConfig
from benchmarks.forecasting.bins import BinnedTST
from benchmarks.forecasting.codebook import CodebookTST, next_value_loss
from segue.forecasting.nanotst.model import NanoTST
from segue.forecasting.pretraining.examples import examples_of
from segue.forecasting.pretraining.pretrain import loss_of
from segue.forecasting.pretraining.windows import Batch, DataConfig, Windows
from segue.training.schedule import TrainingConfig
from segue.training.trainer import Trainer

DATA = replace(
    DataConfig(),
    tokens=TOKENS,
    contexts=(72, 144, 264, 504),
    shares=(0.2, 0.25, 0.25, 0.3),
    unrest=(0.6, 0.6, 0.5, 0.25),
    growing=(0.5, 0.5, 0.4, 0.2),
    compounding=(0.35, 0.25, 0.14, 0.07),
)
TRAINING = TrainingConfig(
    steps=1,
    weight_decay=0.05,
    warmup_steps=50,
    decay_share=0.4,
    betas=(0.9, 0.98),
    average_decay=0.98,
    log_every=1,
)
PROBE = 24  # steps; their lengths vary with the context that is drawn

Model = NanoTST | CodebookTST


def new_trainer(arm: Arm, steps: int, seed: int) -> Trainer:
    """The model of an arm with fresh weights, before its first step."""
    torch.manual_seed(seed)
    windows = Windows(replace(DATA, tokens=arm.tokens), patch=PATCH, span=SPAN, seed=seed)
    model, loss = built(arm)
    training = replace(TRAINING, steps=steps, learning_rate=arm.learning_rate, seed=seed)
    return Trainer(model, lambda step: loss(windows.batch(step)), training)


def built(arm: Arm) -> tuple[Model, Callable[[Batch], Tensor]]:
    """The model of an arm, and its mean loss on a batch."""
    if isinstance(arm.config, CodebookConfig):
        rival = CodebookTST(arm.config)
        return rival, lambda batch: of_values(rival, batch)
    model = (BinnedTST if arm.head == "bins" else NanoTST)(arm.config)
    return model, lambda batch: loss_of(model, examples_of(batch))


def of_values(model: CodebookTST, batch: Batch) -> Tensor:
    """The same windows one value at a time: nothing is hidden, as every value is predicted from those before it."""
    return next_value_loss(model, batch.patches.flatten(1), batch.present.flatten(1))


def trained(arm: Arm, steps: int, seed: int) -> Trainer:
    """A trainer after all its steps; the mean loss that it then reports is that of the last tenth."""
    trainer = new_trainer(arm, steps, seed)
    for step in range(steps):
        trainer.apply(trainer.compute())
        if step == steps - 1 - max(1, steps // 10):
            trainer.take_mean_loss()
    return trainer


def seconds_of_a_step(arm: Arm, seed: int) -> float:
    """Processor time of a step, without that of making the series, which is one for all arms."""
    trainer = new_trainer(arm, 1 + PROBE, seed)
    trainer.apply(trainer.compute())
    start = time.process_time()
    for _ in range(PROBE):
        trainer.apply(trainer.compute())
    return (time.process_time() - start) / PROBE


def fitting(model: Model, needed: int) -> Model:
    """The same model with no longer a window than `needed` values fill: that changes nothing but the time it takes."""
    if isinstance(model, NanoTST) or needed >= model.context:
        return model
    shorter = CodebookTST(replace(model.config, context=needed))
    shorter.load_state_dict(model.state_dict())
    return shorter.eval()
