"""The held-out loss during training: its curve in the log, the best model, and an early end.

The log holds all earlier measurements, and resuming cuts it back to the checkpoint. So a resumed run measures, keeps
and ends exactly where the uninterrupted one does, and checkpoints need not hold the measurements.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from torch import nn

from segue.errors import UserError

KEY = "held_out_loss"
"""Its name in the log."""


@dataclass(frozen=True)
class Validation:
    """What to measure, how often, and what to do with the best model."""

    loss: Callable[[nn.Module], float]
    """The held-out loss of a model in evaluation mode."""
    every: int
    """Steps between two measurements; there is one after the last step, and none before the first."""
    keep: Callable[[nn.Module], None]
    """Called with each model that is better than all before it; after a crash, perhaps twice with the same one."""
    patience: int | None = None
    """The run ends after so many measurements in a row without a better one; `None` for never."""


class Validator:
    """The held-out curve of one run, and the decisions that depend on it.

    Args:
        validation: What to measure.
        log: The run's log so far.
    """

    def __init__(self, validation: Validation, log: Iterable[Mapping[str, int | float]]) -> None:
        self._validation = validation
        self._curve = [(int(line["step"]), float(line[KEY])) for line in log if KEY in line]

    def is_due(self, step: int, asked: bool = False) -> bool:
        """Whether the model after `step` is still to be measured: after every few steps, and where it is asked for."""
        measured = bool(self._curve) and self._curve[-1][0] >= step
        return not measured and step > 0 and (asked or step % self._validation.every == 0)

    def measure(self, model: nn.Module, step: int) -> dict[str, int | float]:
        """Measures the model, keeps it if it is the best so far, and returns the line for the log.

        Raises:
            UserError: The loss is not finite; no model is kept, and the log gets no line.
        """
        loss = self._validation.loss(model)
        if not math.isfinite(loss):
            remedy = "start again in a new folder with a lower learning_rate"
            raise UserError("held-out loss", f"{loss} at step {step}", remedy)
        if not any(before <= loss for _, before in self._curve):
            self._validation.keep(model)
        self._curve.append((step, loss))
        return {"step": step, KEY: loss}

    @property
    def is_over(self) -> bool:
        """Whether the run is to end early."""
        losses = [loss for _, loss in self._curve]
        patience = self._validation.patience
        return patience is not None and len(losses) - 1 - losses.index(min(losses)) >= patience if losses else False
