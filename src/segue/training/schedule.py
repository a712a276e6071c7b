"""The settings of a training run, and its learning rate as a function of the step, or of the time in a timed run."""

import math
from dataclasses import dataclass
from typing import Literal

from segue.errors import UserError


@dataclass(frozen=True)
class TrainingConfig:
    """The settings of one training run. Schedules count steps, or follow the clock in a run of `minutes`."""

    steps: int
    """Updates of the weights in the whole run; not used in a run of `minutes`."""
    learning_rate: float = 3e-4
    """The highest learning rate, between warm-up and decay."""
    weight_decay: float = 0.01
    """Decoupled weight decay of the matrices (AdamW), per unit of learning rate."""
    warmup_steps: int = 100
    """Steps in which the learning rate rises linearly from zero."""
    decay_share: float = 0.2
    """The last share of all steps, in which the learning rate falls."""
    decay_shape: Literal["linear", "cosine"] = "linear"
    """The shape of the decay: a line, or half a cosine."""
    decay_floor: float = 0.0
    """The learning rate after the decay, as a share of the highest."""
    clip: float = 1.0
    """The greatest norm of the gradients; larger ones are scaled down; `inf` for no limit."""
    betas: tuple[float, float] = (0.9, 0.999)
    """AdamW's decay, per step, of the running mean and mean square of the gradients."""
    average_decay: float = 0.0
    """Decay, per step, of the running average of the weights; 0 for no average."""
    checkpoint_every: int = 1000
    """Steps between checkpoints: the most work that a crash can lose."""
    log_every: int = 50
    """Steps between lines of the log; a line holds the mean loss since the line before it."""
    seed: int = 0
    """Seed of everything random; batch n is a function of the seed and n alone."""
    minutes: float | None = None
    """The length of a run by the clock, in place of `steps`; warm-up still counts steps."""

    def __post_init__(self) -> None:
        for name in ("steps", "checkpoint_every", "log_every"):
            _require(getattr(self, name) >= 1, name, getattr(self, name), "give a whole number of at least 1")
        for name in ("warmup_steps", "weight_decay", "seed"):
            _require(getattr(self, name) >= 0, name, getattr(self, name), "give 0 or more")
        for name in ("learning_rate", "clip"):
            _require(getattr(self, name) > 0, name, getattr(self, name), "give a number above 0")
        if self.minutes is not None:
            _require(0 < self.minutes < math.inf, "minutes", self.minutes, "give a number above 0")
        _require(0 <= self.decay_share <= 1, "decay_share", self.decay_share, "give a share from 0 to 1")
        _require(0 <= self.decay_floor <= 1, "decay_floor", self.decay_floor, "give a share from 0 to 1")
        _require(all(0 <= beta < 1 for beta in self.betas), "betas", self.betas, "give two numbers from 0 to below 1")
        _require(0 <= self.average_decay < 1, "average_decay", self.average_decay, "give a number from 0 to below 1")


def schedule(step: int, config: TrainingConfig) -> float:
    """Warm-up, stable, decay: linear from zero, constant, down to the floor (arXiv:2404.06395, section 4).

    The rate would be zero one step before the first, and at the floor one step after the last, so no step is wasted.

    Args:
        step: From 1 to `config.steps`.
        config: The run's settings.

    Returns:
        The learning rate, as a share of the highest.
    """
    decay_steps = round(config.decay_share * config.steps)
    return _shape(step, (config.steps + 1 - step) / (decay_steps + 1), config)


def schedule_by_clock(step: int, share: float, config: TrainingConfig) -> float:
    """The same schedule, whose decay follows the share of the time that has passed.

    Args:
        step: From 1; warm-up counts steps.
        share: The share of the run's time before the step, from 0 to 1.
        config: The run's settings.
    """
    falling = (1 - share) / config.decay_share if config.decay_share else 1.0
    return _shape(step, falling, config)


def learning_rate(step: int, config: TrainingConfig) -> float:
    """The learning rate of a step in a run that counts steps; see `schedule`."""
    return config.learning_rate * schedule(step, config)


def _shape(step: int, falling: float, config: TrainingConfig) -> float:
    """The lesser of warm-up and decay; `falling` goes down from at least 1 to 0."""
    rising = step / (config.warmup_steps + 1)
    left = min(1.0, falling)
    if config.decay_shape == "cosine":
        left = (1 - math.cos(math.pi * left)) / 2
    return min(rising, config.decay_floor + (1 - config.decay_floor) * left)


def _require(condition: bool, argument: str, value: object, remedy: str) -> None:
    if not condition:
        raise UserError(argument, value, remedy)
