"""Surprise as an auxiliary objective of training.

The objective pulls the output y of a level towards a target that depends on dL/dy, the *local surprise signal* of
nested learning (Behrouz, Razaviyayn, Zhong and Mirrokni, NeurIPS 2025). It has two forms, and a training loss must add
it:

- `Target.PRINTED`, ||y - dL/dy||^2, as in the experiment that this package started from. L is a mean over all tokens,
  so dL/dy is some 5e5 times smaller than y (at 32 x 256 tokens). The rest is a penalty on the size of y (activation
  regularisation, arXiv:1708.01009). By its sign, a larger signal would pull y uphill.
- `Target.DESCENT`, ||y - (y - u)||^2 / 2 a token, where u is the gradient of the *sum* of the losses. So each token's
  signal has its own size, and y - u is one step downhill. Its gradient with respect to y is u: `weight` times ordinary
  backpropagation once more in this level and those below. Adam, which normalises gradients, hardly notices it.

dL/dy contains the loss of later positions only if later *layers* connect positions. A recurrent level passes its state
on inside the level, and dL/dy does not contain that.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

WEIGHTS = (0.05, 0.01)
"""The weights of levels 1 and 2 in the experiment."""
_LARGEST = 10.0  # the experiment clipped each element of the signal to this size


class Target(Enum):
    """The target to which the objective draws the output of a level; see the head of this file."""

    PRINTED = "printed"
    DESCENT = "descent"


def surprise_objective(
    losses: Float[Tensor, "*tokens"],
    outputs: Sequence[Tensor],
    weights: Sequence[float] = WEIGHTS,
    target: Target = Target.PRINTED,
) -> Float[Tensor, ""]:
    """The sum over levels of weight times the distance between output and target, to be added to the mean loss.

    The targets are detached from the tape: only the outputs learn. The cost is a backward pass down to the lowest
    output, without second derivatives.

    Args:
        losses: The loss of each token, on the tape.
        outputs: The output y of each level, from which `losses` was computed; see `recorded`.
        weights: One for each output.
        target: The target of each output.

    Raises:
        ValueError: The numbers of weights and outputs differ.
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
    """Collects the outputs of these modules, in the order of their calls; of a pair such as (h, state), the first.

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
