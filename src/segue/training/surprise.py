"""Surprise, two of its three uses: the score of what came, and the auxiliary objective. `online` holds the third.

The score is -log p, and costs nothing. The auxiliary objective asks the output y of a level to be near a target made
of dL/dy, the *local surprise signal* of nested learning (Behrouz, Razaviyayn, Zhong and Mirrokni, NeurIPS 2025). It
comes in two forms, both off unless a training loss adds them:

- `Target.PRINTED`, ||y - dL/dy||^2, as the experiment had it that this package started from. With L a mean over all
  tokens, dL/dy is some 5e5 times smaller than y (at 32 x 256 tokens): what remains is a penalty on the size of y
  (activation regularisation, arXiv:1708.01009). Were the signal larger, its sign would pull y uphill.
- `Target.DESCENT`, ||y - (y - u)||^2 / 2 a token, where u is the gradient of the *sum* of the losses, so that each
  token's signal has its own size, and y - u lies one step downhill. Its gradient with respect to y is u: ordinary
  backpropagation, `weight` times once more in this level and those below. What the objective says beyond that is the
  penalty; and Adam, which knows no scale, hardly sees the rest.

A level's output shows the loss of its own position and of later ones only as far as later *layers* look across
positions: what a recurrent level passes to itself is inside it, and is not in dL/dy.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn

WEIGHTS = (0.05, 0.01)
"""Of levels 1 and 2 in the experiment."""
_LARGEST = 10.0  # the experiment clipped each element of the signal to this


@runtime_checkable
class Law(Protocol):
    """What every head gives, as far as the score goes."""

    def log_density(self, target: Tensor) -> Tensor:
        """The logarithm of the probability, or of its density, at each target."""
        ...


class Target(Enum):
    """Where the auxiliary objective pulls the output of a level to; see the head of this file."""

    PRINTED = "printed"
    DESCENT = "descent"


def surprise(law: Law, came: Tensor) -> Tensor:
    """How unexpected each thing that came was: -log p, in nats. For a density it can be negative.

    Args:
        law: What was predicted.
        came: What came, as `log_density` wants it.
    """
    return -law.log_density(came)


def surprise_objective(
    losses: Float[Tensor, "*tokens"],
    outputs: Sequence[Tensor],
    weights: Sequence[float] = WEIGHTS,
    target: Target = Target.PRINTED,
) -> Float[Tensor, ""]:
    """The sum over levels of weight times the distance of the output from its target; to be added to the mean loss.

    The targets are cut off from the tape: only the outputs learn. That costs a backward pass down to the lowest of
    them, and no second derivative.

    Args:
        losses: The loss of each token, on the tape.
        outputs: The output y of each level, on the way to `losses`; see `recorded`.
        weights: One for each output.
        target: What y is to be near to.

    Raises:
        ValueError: There are more or fewer weights than outputs.
    """
    total = losses.mean() if target is Target.PRINTED else losses.sum()
    signals = torch.autograd.grad(total, list(outputs), retain_graph=True)
    objective = losses.new_zeros(())
    for weight, y, signal in zip(weights, outputs, signals, strict=True):
        exact = torch.promote_types(y.dtype, torch.float32)  # autocast may have narrowed it
        y, signal = y.to(exact), signal.to(exact).clamp(-_LARGEST, _LARGEST)
        if target is Target.PRINTED:
            distance = (y - signal).square().mean()
        else:
            distance = (y - (y - signal).detach()).square().sum(-1).mean() / 2
        objective = objective + weight * distance
    return objective


@contextmanager
def recorded(*modules: nn.Module) -> Iterator[list[Tensor]]:
    """The outputs of these modules, in the order of their calls; of a pair such as (h, state), the first.

    Example:
        >>> with recorded(model.backbone.level1, model.backbone.level2) as outputs:
        ...     losses = model(tokens).loss(following)
        >>> loss = losses.mean() + surprise_objective(losses, outputs)
    """
    outputs: list[Tensor] = []

    def keep(module: nn.Module, inputs: Any, output: Any) -> None:
        outputs.append(output if isinstance(output, Tensor) else output[0])

    handles = [module.register_forward_hook(keep) for module in modules]
    try:
        yield outputs
    finally:
        for handle in handles:
            handle.remove()
