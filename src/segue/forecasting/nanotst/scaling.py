"""Location and scale of a lane, in double precision: what makes a forecast follow the unit of its series.

Squares are summed within patches and between their means (Chan, Golub & LeVeque 1983): sums of positive terms only, so
nothing large is subtracted from something large. A lane of equal values has a scale of exactly zero, and its forecast
is that value: forecast(a * y + b) = a * forecast(y) + b leaves no other.

Scales forget: a patch counts half as much 256 steps later, because what a lane did lately says more about how far it
will move (docs/lab-notebook.md).
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
        location: What is subtracted, less the lane's first value: a mean, or the last value.
        unit: What is divided by, in the unit of the series; zero where all values so far are equal.
    """

    location: Float64[Tensor, "lanes tokens"]
    unit: Float64[Tensor, "lanes tokens"]

    @property
    def divisor(self) -> Float64[Tensor, "lanes tokens"]:
        """The unit, and one where that is zero."""
        return torch.where(self.unit > 0, self.unit, 1.0)

    def normalise(self, patches: Float64[Tensor, "lanes tokens patch"]) -> Float64[Tensor, "lanes tokens patch"]:
        """(values - location) / unit, for values less the lane's first; the difference alone where the unit is zero."""
        return (patches - self.location[..., None]) / self.divisor[..., None]


def step_scale(past: Past) -> Scale:
    """The last observed value, and the mean absolute difference of successive observed values, lately.

    The latter is the in-sample error of the naive forecast, the denominator of MASE (Hyndman & Koehler 2006).
    """
    moved = past.by_patch(differences(past).abs()).sum(-1)
    counted = past.by_patch(compared(past)).sum(-1)
    moved, counted = faded_sum(moved, past.patch), faded_sum(counted, past.patch)
    return Scale(past.last, torch.where(counted > 0, moved / torch.where(counted > 0, counted, 1.0), 0.0))


def differences(past: Past) -> Float64[Tensor, "lanes time"]:
    """Each observed value less the one observed before it; zero where one of the two is missing."""
    return F.pad(past.held[:, 1:] - past.held[:, :-1], (1, 0)) * compared(past)


def compared(past: Past) -> Float64[Tensor, "lanes time"]:
    """1 where there is a value, and one before it to compare it with; else 0."""
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


def mean_error(past: Past, mean: Float64[Tensor, "lanes tokens"]) -> Float64[Tensor, "lanes tokens"]:
    """The mean distance of a value from the mean of the others: how good the mean is as a naive forecast.

    It forgets as scales do. Each value is measured from the mean at the end of its own patch, so that nothing has to be
    gone over again; of n values, a mean of the others is n / (n - 1) times as far. Infinite below two values.
    """
    seen, held = past.by_patch(past.weight), past.by_patch(past.held)
    others = (faded_sum(seen.sum(-1), past.patch) - 1).clamp(min=0)
    distance = ((held - mean[..., None]).abs() * seen).sum(-1)
    distance = faded_sum(distance, past.patch)
    return torch.where(others > 0, distance / torch.where(others > 0, others, 1.0), torch.inf)


def faded_sum(sums: Float64[Tensor, "lanes tokens"], patch: int) -> Float64[Tensor, "lanes tokens"]:
    """At each patch the sum over it and all before it, which counts the less the longer ago they were.

    Args:
        sums: What is summed, of each patch.
        patch: Steps of a patch.
    """
    return sums @ fading(sums.shape[1], patch, sums.device)


def fading(tokens: int, patch: int, device: torch.device) -> Float64[Tensor, "tokens upto"]:
    """The weight of each patch at the end of each: half as much after `HALF_LIFE`, and zero for those still to come."""
    index = torch.arange(tokens, device=device)
    age = (index - index[:, None]) * patch
    weight = torch.exp2(-age.clamp(min=0).double() / HALF_LIFE)
    return torch.where(age >= 0, weight, 0.0)


def relations(overall: Scale, local: Scale) -> Float[Tensor, "lanes tokens 4"]:
    """How the overall scale moved since the patch before, and how the local scale compares with it.

    The moves of mean and deviation, the distance of the last value and the size of a step, all in deviations: they have
    no unit, are squashed or bounded, so that one jump cannot drown the rest, and are zero while all values are equal.
    Without the moves a model under a running scale could not distinguish a trend from a lane that stands still.
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
    """The inverse hyperbolic sine: values as they are where they are small, their logarithm where they are large.

    `Tensor.asinh` goes value by value on the CPU, which took a fifth of a small model's forecast; this takes a fifth of
    that. Next to zero it is exact to the last digit of 1, not of the value. What is larger than 1e18 is squashed as
    1e18, whose square single precision can still hold.
    """
    size = values.abs().clamp(max=1e18)
    return (size + (size * size + 1).sqrt()).log() * values.sign()
