"""Multi-rate training: each level of a model is updated at its own period, by the mean gradient since its last update.

The clocks are those of nested learning (Behrouz, Razaviyayn, Zhong and Mirrokni, "Nested Learning", NeurIPS 2025,
continuum memory system): a level changes only when a multiple of its period has passed. The paper sums the gradients
of a period; this module averages them, so that a level's clip and learning rate mean the same at any period. Nothing
here learns at inference; that is `segue.training.online`.

A clock is a pure function of the step's number, so a checkpoint only adds the unfinished sums of gradients.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from torch import Tensor, nn

from segue.errors import UserError
from segue.training.optimizer import SingleRate
from segue.training.schedule import TrainingConfig

Level = Mapping[str, nn.Parameter]
_SUM = "gradient_sum"


@dataclass(frozen=True)
class LevelConfig:
    """How one level is updated."""

    period: int = 1
    """Units of time from one update to the next."""
    unit: Literal["step", "token"] = "step"
    """What the clock counts: steps of the run, or tokens that they read; an update happens at the end of a step."""
    learning_rate: float | None = None
    """The highest learning rate, under the run's schedule; `None` for the run's."""
    clip: float | None = None
    """The greatest norm of this level's mean gradient; `None` for the run's."""

    def __post_init__(self) -> None:
        if self.period < 1:
            raise UserError("period", self.period, "give a whole number of at least 1")
        for name in ("learning_rate", "clip"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise UserError(name, value, "give a number above 0")

    def training(self, config: TrainingConfig) -> TrainingConfig:
        """The run's settings, with those of this level in place of the run's."""
        return replace(
            config,
            learning_rate=config.learning_rate if self.learning_rate is None else self.learning_rate,
            clip=config.clip if self.clip is None else self.clip,
        )


NESTED = (LevelConfig(1), LevelConfig(16), LevelConfig(256))
"""The three clocks of the nested backbone."""


@dataclass(frozen=True)
class Clock:
    """Decides at the end of which steps a level is updated: those in which a multiple of `period` passes."""

    period: int
    """In steps or tokens."""
    advance: int = 1
    """Units that pass in a step: 1 for a clock of steps, the tokens of a batch for a clock of tokens."""

    def due(self, step: int) -> bool:
        """Whether the level is updated at the end of this step, counted from 1."""
        return step * self.advance // self.period > (step - 1) * self.advance // self.period

    def waited(self, step: int) -> int:
        """Number of steps since the last update before this step, this step included."""
        updates = (step - 1) * self.advance // self.period
        last = -(-updates * self.period // self.advance)  # the first step at whose end that many were due
        return step - last


class MultiRate:
    """An `Optimizer` with an AdamW for each level, which has its own clock, rate and clip.

    The gradients of an unfinished period at the end of a run are dropped. Weight decay and AdamW's moments count the
    updates of their level: a slow level decays less in a run.

    Args:
        model: The model; the levels hold all of its trainable parameters.
        config: The settings of the run.
        levels: The parameters of each level, see `split_levels`.
        settings: How each level is updated.
        tokens: Tokens in a batch, the same in all; needed where a clock counts tokens.

    Raises:
        UserError: The numbers of settings and levels differ; a clock counts tokens and `tokens` is not given; a
            trainable parameter is in no level, or in two.
    """

    def __init__(
        self,
        model: nn.Module,
        config: TrainingConfig,
        levels: Sequence[Level],
        settings: Sequence[LevelConfig] = NESTED,
        tokens: int | None = None,
    ) -> None:
        if len(settings) != len(levels):
            raise UserError("levels", len(settings), f"give settings for each of the model's {len(levels)} levels")
        require_partition(model, levels)
        names = {parameter: name for name, parameter in model.named_parameters()}
        self._levels = [{names[p]: p for p in level.values() if p.requires_grad} for level in levels]
        self._clocks = [_clock(setting, tokens) for setting in settings]
        self._optimizers = [
            SingleRate(level, setting.training(config)) for level, setting in zip(self._levels, settings, strict=True)
        ]
        self._fastest = settings[0].training(config)
        self._sums: dict[str, Tensor] = {}

    def zero_grad(self) -> None:
        """See `Optimizer`; the sums stay."""
        for optimizer in self._optimizers:
            optimizer.zero_grad()

    def gradient_norm(self) -> Tensor:
        """The norm of this step's gradients, of all levels."""
        norms = [optimizer.gradient_norm() for optimizer in self._optimizers]
        return nn.utils.get_total_norm(norms)

    def step(self, step: int, schedule: float) -> float:
        """Adds this step's gradients to the sums and updates the levels that are due; returns the rate of level 1."""
        for level, clock, optimizer in zip(self._levels, self._clocks, self._optimizers, strict=True):
            self._collect(level)
            if clock.due(step):
                self._put_means(level, clock.waited(step))
                optimizer.step(step, schedule)
        return self._fastest.learning_rate * schedule

    def tensors(self) -> dict[str, Tensor]:
        """The moments of all levels, and `weight.gradient_sum` where a period is unfinished."""
        moments = {name: tensor for optimizer in self._optimizers for name, tensor in optimizer.tensors().items()}
        return moments | {f"{name}.{_SUM}": tensor for name, tensor in self._sums.items()}

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """See `Optimizer`."""
        moments: list[dict[str, Tensor]] = [{} for _ in self._levels]
        sums = {}
        for key, tensor in tensors.items():
            name, _, kind = key.rpartition(".")
            home = next((index for index, level in enumerate(self._levels) if name in level), None)
            if home is None:
                raise KeyError(key)
            if kind == _SUM:
                sums[name] = tensor.to(self._levels[home][name].device, copy=True)
            else:
                moments[home][key] = tensor
        for optimizer, own in zip(self._optimizers, moments, strict=True):
            optimizer.restore(own)
        self._sums = sums

    def _collect(self, level: Level) -> None:
        """Moves the gradients into the sums. The first of a period is kept, not copied: `zero_grad` only drops it."""
        for name, parameter in level.items():
            if parameter.grad is not None:
                self._sums[name] = self._sums[name].add_(parameter.grad) if name in self._sums else parameter.grad

    def _put_means(self, level: Level, steps: int) -> None:
        """Moves the sums, divided by their number of steps, back to the gradients that an optimiser reads."""
        for name, parameter in level.items():
            total = self._sums.pop(name, None)  # none where no step of the period touched the parameter
            parameter.grad = None if total is None else total.div_(steps)


def split_levels(model: nn.Module, *slower: str) -> tuple[dict[str, nn.Parameter], ...]:
    """The levels of a model: each slower level is a module, level 1 is the rest, embedding and head included.

    Args:
        model: The model.
        slower: Dotted names of the modules of level 2, level 3 and so on: `"backbone.level2", "backbone.level3"`.

    Raises:
        UserError: The model has no such module.
    """
    named = dict(model.named_parameters())
    levels = tuple({name: p for name, p in named.items() if name.startswith(f"{module}.")} for module in slower)
    for module, level in zip(slower, levels, strict=True):
        if not level:
            raise UserError("levels", module, "name a module of the model that has parameters")
    assigned = {name for level in levels for name in level}
    return ({name: p for name, p in named.items() if name not in assigned}, *levels)


def require_partition(model: nn.Module, levels: Sequence[Level]) -> None:
    """Refuses levels unless each trainable parameter of `model` is in exactly one of them.

    A parameter in no level would never be trained, without any error; one in two levels would be trained twice.

    Raises:
        UserError: A parameter is in no level or in several (the first few are named), or is one of another model.
    """
    homes = Counter(parameter for level in levels for parameter in level.values())
    trainable = {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
    for fault, names in (
        ("none", [name for name, parameter in trainable.items() if homes[parameter] == 0]),
        ("several", [name for name, parameter in trainable.items() if homes[parameter] > 1]),
    ):
        if names:
            first = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
            raise UserError("levels", first, f"put each trainable parameter into exactly one level (now in {fault})")
    if set(homes) - set(model.parameters()):
        raise UserError("levels", type(model).__name__, "give levels of this very model (they hold other parameters)")


def _clock(setting: LevelConfig, tokens: int | None) -> Clock:
    if setting.unit == "step":
        return Clock(setting.period)
    if tokens is None:
        raise UserError("unit", setting.unit, "give the number of tokens of a batch, or count steps")
    return Clock(setting.period, tokens)
