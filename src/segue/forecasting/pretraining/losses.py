"""The quantile loss in squashed and in plain units at once, with its gradient in closed form.

Autograd reads and writes arrays of all quantiles some sixty times for the two losses, this form some twenty times. Both
need the same signs of errors, and sinh and cosh the same exponential.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from segue.heads.quantiles import Quantiles

_BOUND = 8.0  # squashed units: as far as targets reach; quantiles beyond count as this far in plain units
_NARROWEST = 0.05  # units of the reference: added to widths, so that certain patches do not dominate the loss


def mixed_loss(
    distribution: Quantiles, target: Float[Tensor, "lanes tokens patch"], unsquashed: float
) -> Float[Tensor, "lanes tokens patch"]:
    """The quantile loss of squashed values, mixed with that of the values themselves.

    In squashed units a tail that is ten times too far out costs little more than one that is twice too far out, but
    scores count it tenfold. So a share of the loss is in the unit of the reference, divided by the width of the patch.
    This width is the mean predicted distance of all quantiles of a patch from their medians. It gives calm and wild
    lanes similar losses. It has no gradient; otherwise wide quantiles would lower the loss.

    Args:
        distribution: The quantiles, squashed: inverse hyperbolic sines of the compared values.
        target: The true values, squashed.
        unsquashed: The share of the loss in the unit of the reference, from 0 to 1.
    """
    levels = distribution.values.new_tensor(distribution.levels)
    losses: Tensor = _MixedLoss.apply(distribution.values, target, levels, unsquashed)  # type: ignore[no-untyped-call]
    return losses


class _MixedLoss(torch.autograd.Function):
    """Twice the mean pinball loss: (step - level) * (quantile - target), where step is 1 for quantiles above."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, target: Tensor, levels: Tensor, share: float) -> Tensor:
        truth = target[..., None]
        error = values - truth
        slope = (error > 0).to(values.dtype).sub_(levels).mul_(2 / len(levels))
        squashed = error.mul_(slope).sum(-1)
        plain, steepness = _sinh_and_cosh(values.clamp(-_BOUND, _BOUND))
        width = _width(plain, levels)
        unsquashed = plain.sub_(truth.sinh()).mul_(slope).sum(-1) / width
        steepness *= (share / width)[..., None]
        if values.abs().max() > _BOUND:
            steepness.masked_fill_(values.abs() > _BOUND, 0.0)
        ctx.save_for_backward(slope.mul_(steepness.add_(1 - share)))
        return squashed.lerp_(unsquashed, share)

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator, unused-ignore]
    def backward(ctx: Any, above: Tensor) -> tuple[Tensor, None, None, None]:
        (slope,) = ctx.saved_tensors
        return slope * above[..., None], None, None, None


def _sinh_and_cosh(values: Tensor) -> tuple[Tensor, Tensor]:
    """Both, by one exponential; exact to the last digit of 1, not of the value."""
    rising = values.exp()
    falling = rising.reciprocal()
    sinh = (rising - falling).mul_(0.5)
    return sinh, rising.add_(falling).mul_(0.5)


def _width(plain: Tensor, levels: Tensor) -> Float[Tensor, "lanes tokens 1"]:
    """The mean distance of a patch's quantiles from their medians, as a sum with a sign: quantiles do not descend."""
    median = Quantiles(plain, tuple(levels.tolist())).quantiles((0.5,))[..., 0]
    sign = (levels - 0.5).sign()
    return (plain @ sign - median * sign.sum()).mean(-1, keepdim=True) / len(levels) + _NARROWEST
