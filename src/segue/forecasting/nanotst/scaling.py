"""Location and scale of a lane, in double precision, by which a forecast follows the unit of its series.

Squares are summed within patches and between their means (Chan, Golub & LeVeque 1983). These sums have positive terms
only, so no large sum is subtracted from another. A lane of equal values has a scale of exactly zero, and its forecast
is that value. The rule forecast(a * y + b) = a * forecast(y) + b permits no other forecast.

Scales forget: a patch counts half as much 256 steps later, because the recent past of a lane shows better how far it
will move (docs/notebook/forecasting.md).
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float, Float64
from torch import Tensor

from segue.forecasting.nanotst.past import Past, shifted

HALF_LIFE = 256.0  # steps


@dataclass(frozen=True, eq=False)
class Scale:
    """One way of normalising the values of each patch.

    Attributes:
        location: The value to subtract, a mean or the last value, less the lane's first value.
        unit: The divisor, in the unit of the series; zero where all values so far are equal.
    """

    location: Float64[Tensor, "lanes tokens"]
    unit: Float64[Tensor, "lanes tokens"]

    @property
    def divisor(self) -> Float64[Tensor, "lanes tokens"]:
        """The unit, or one where the unit is zero."""
        return torch.where(self.unit > 0, self.unit, 1.0)

    def normalise(self, patches: Float64[Tensor, "lanes tokens patch"]) -> Float64[Tensor, "lanes tokens patch"]:
        """Returns (values - location) / unit, for values less the lane's first; the difference where unit is zero."""
        return (patches - self.location[..., None]) / self.divisor[..., None]


def step_scale(past: Past) -> Scale:
    """The last observed value, and the running mean absolute difference of successive observed values.

    The mean difference is the in-sample error of the naive forecast, the denominator of MASE (Hyndman & Koehler 2006),
    with older patches faded.
    """
    moved = past.by_patch(differences(past).abs()).sum(-1)
    counted = past.by_patch(compared(past)).sum(-1)
    moved, counted = faded_sum(moved, past.patch), faded_sum(counted, past.patch)
    return Scale(past.last, torch.where(counted > 0, moved / torch.where(counted > 0, counted, 1.0), 0.0))


def differences(past: Past) -> Float64[Tensor, "lanes time"]:
    """Each observed value less the last observed one before it; zero where there is none, or the value is missing."""
    return F.pad(past.held[:, 1:] - past.held[:, :-1], (1, 0)) * compared(past)


def compared(past: Past) -> Float64[Tensor, "lanes time"]:
    """1 where a value is observed, and another one before it; else 0."""
    return past.weight * (shifted(past.newest, 1, -1) >= 0)


def mean_scale(past: Past) -> Scale:
    """The running mean and standard deviation of the values up to and including each patch.

    A patch's values are summed around their own mean, and the means around each running mean.
    """
    seen, held = past.by_patch(past.weight), past.by_patch(past.held)
    count = seen.sum(-1)
    mean = (held * seen).sum(-1) / count.clamp(min=1)
    within = ((held - mean[..., None]) * seen).square().sum(-1)

    own = fading(mean.shape[1], past.patch, mean.device)
    weight = count @ own
    total = torch.where(weight > 0, weight, 1.0)
    location = (mean * count) @ own / total
    between = (mean[:, :, None] - location[:, None]).square() * (count[:, :, None] * own)  # (lanes, tokens, upto)
    squares = within @ own + between.sum(1)
    return Scale(location, (squares / total).sqrt())


def faded_sum(sums: Float64[Tensor, "lanes tokens"], patch: int) -> Float64[Tensor, "lanes tokens"]:
    """The sum over each patch and all patches before it, where older patches count less.

    Args:
        sums: The terms of each patch.
        patch: Steps of a patch.
    """
    return sums @ fading(sums.shape[1], patch, sums.device)


def fading(tokens: int, patch: int, device: torch.device) -> Float64[Tensor, "tokens upto"]:
    """The weight of each patch at the end of each patch `upto`: half after `HALF_LIFE` steps, zero if it is later."""
    index = torch.arange(tokens, device=device)
    age = (index - index[:, None]) * patch
    weight = torch.exp2(-age.clamp(min=0).double() / HALF_LIFE)
    return torch.where(age >= 0, weight, 0.0)


def relations(overall: Scale, local: Scale) -> Float[Tensor, "lanes tokens 4"]:
    """The changes of the overall scale since the patch before, and the local scale relative to the overall scale.

    The four numbers are the change of the mean, the change of the deviation, the distance of the last value from the
    mean, and the size of a step, all in deviations. They have no unit. They are squashed or bounded, so that one jump
    cannot hide the rest. They are zero while all values are equal. Without the changes, a model under a running scale
    could not distinguish a trend from a constant level.
    """
    known = overall.unit > 0
    unit, step = overall.divisor, torch.where(known, local.unit, 1.0)
    both = known[:, 1:] & known[:, :-1]
    moved = (overall.location[:, 1:] - overall.location[:, :-1]) / unit[:, 1:]
    grown = (unit[:, 1:] / unit[:, :-1]).log().clamp(-5, 5)
    related = [
        F.pad(squash(moved) * both, (1, 0)),
        F.pad(grown * both, (1, 0)),
        squash((local.location - overall.location) / unit) * known,
        (step / unit).log().clamp(-8, 8) * known,
    ]
    return torch.stack(related, dim=-1)


def squash(values: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """The inverse hyperbolic sine, which keeps small values as they are and takes the logarithm of large ones.

    `Tensor.asinh` computes value by value on the CPU, which took a fifth of the time of a small model's forecast. This
    function takes a fifth of the time of `Tensor.asinh`. Near zero it is exact to the last digit of 1, not of the
    value. A value above 1e18 counts as 1e18, whose square single precision can still hold.
    """
    size = values.abs().clamp(max=1e18)
    return (size + (size * size + 1).sqrt()).log() * values.sign()
