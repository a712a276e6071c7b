"""Held-out loss while training: a curve in the log, the best model kept, and an early end.

What is known of it is in the log, which resuming cuts back to the checkpoint; so a resumed run looks, keeps and ends
where the unbroken one does, and a checkpoint need not know.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from torch import nn

from segue.errors import UserError

KEY = "held_out_loss"
"""What the log calls it."""


@dataclass(frozen=True)
class Validation:
    """What to look at, how often, and what to do about it."""

    loss: Callable[[nn.Module], float]
    """The held-out loss of the model to keep, in evaluation mode."""
    every: int
    """Steps between two looks; there is one after the last step, and none before the first."""
    keep: Callable[[nn.Module], None]
    """Called with each model that is better than all before. It may be called twice for one, after a crash."""
    patience: int | None = None
    """The run ends after so many looks in a row that found nothing better; `None` for never."""


class Watch:
    """The curve of one run, and what follows from it.

    Args:
        validation: What to look at.
        log: The run's log so far.
    """

    def __init__(self, validation: Validation, log: Iterable[Mapping[str, int | float]]) -> None:
        self._validation = validation
        self._curve = [(int(line["step"]), float(line[KEY])) for line in log if KEY in line]

    def is_due(self, step: int, steps: int) -> bool:
        """Whether the model after `step` of `steps` is still to be looked at."""
        looked = bool(self._curve) and self._curve[-1][0] >= step
        return not looked and step > 0 and (step % self._validation.every == 0 or step == steps)

    def look(self, model: nn.Module, step: int) -> dict[str, int | float]:
        """Measures the model, keeps it if it is the best so far, and returns the line for the log.

        Raises:
            UserError: The loss is not finite; no model is kept, and the log has no such line.
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
        """Whether patience is at its end."""
        losses = [loss for _, loss in self._curve]
        patience = self._validation.patience
        return patience is not None and len(losses) - 1 - losses.index(min(losses)) >= patience if losses else False
