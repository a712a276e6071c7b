"""Location and spread of a lane, in double precision: what makes a forecast follow the unit of its series.

Squares are summed within patches and between their means (Chan, Golub & LeVeque 1983): sums of positive terms only, so
nothing large is subtracted from something large. A lane of equal values has a spread of exactly zero, and its forecast
is that value: forecast(a * y + b) = a * forecast(y) + b leaves no other.

Running scales forget: a patch counts half as much 256 steps later, since what a lane did lately says more about how far
it will move.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Float64, Int
from torch import Tensor

from segue.forecasting.nanotst.reference import Reference

HALF_LIFE = 256  # steps


@dataclass(frozen=True, eq=False)
class Scale:
    """One way of normalising the values of each patch.

    Attributes:
        location: What is subtracted, in the unit of the series: a mean, or the last value.
        spread: What is divided by, in the unit of the series; zero where all values so far are equal.
        count: How many observed values stand behind both.
    """

    location: Float64[Tensor, "lanes tokens"]
    spread: Float64[Tensor, "lanes tokens"]
    count: Float64[Tensor, "lanes tokens"]

    def normalise(self, patches: Float[Tensor, "lanes tokens patch"]) -> Float64[Tensor, "lanes tokens patch"]:
        """(values - location) / spread; where the spread is zero the difference alone."""
        divisor = torch.where(self.spread > 0, self.spread, 1.0)
        return (patches.double() - self.location[..., None]) / divisor[..., None]

    def restore(self, values: Float[Tensor, "lanes tokens *rest"]) -> Float64[Tensor, "lanes tokens *rest"]:
        """Values * spread + location, the way back to the unit of the series."""
        shape = (*self.spread.shape, *[1] * (values.dim() - 2))
        return values.double() * self.spread.view(shape) + self.location.view(shape)

    def since(self, token: int) -> "Scale":
        """The scale from one patch on."""
        return Scale(self.location[:, token:], self.spread[:, token:], self.count[:, token:])

    def select(self, lanes: Int[Tensor, "picked"]) -> "Scale":
        """The scale of some lanes, which may be named more than once."""
        return Scale(self.location[lanes], self.spread[lanes], self.count[lanes])


@dataclass(frozen=True, eq=False)
class Scales:
    """The views of a lane at each patch.

    Attributes:
        overall: Mean and standard deviation: where the values lie within all that was seen.
        local: Last value and mean step: what moved lately.
        reference: What predictions are expressed in. Under a running scale it is a naive forecast in units of its own
            mean error, so an error counts as in MASE, however far the lane has wandered.
        told: What else each patch is told of its lane (see `segue.forecasting.nanotst.features`); mostly nothing.
    """

    overall: Scale
    local: Scale
    reference: Reference
    told: Float64[Tensor, "lanes tokens told"]

    def since(self, token: int) -> "Scales":
        """The scales from one patch on."""
        parts = (self.overall.since(token), self.local.since(token), self.reference.since(token))
        return Scales(*parts, self.told[:, token:])


def running_scales(
    patches: Float[Tensor, "lanes tokens patch"], observed: Bool[Tensor, "lanes tokens patch"]
) -> Scales:
    """Views of all observed values up to and including each patch: nothing of the future leaks into them."""
    return level_scales(running_scale(patches, observed), step_scale(patches, observed), patches.shape[2])


def window_scales(patches: Float[Tensor, "lanes tokens patch"], observed: Bool[Tensor, "lanes tokens patch"]) -> Scales:
    """The classic's only view, the mean and standard deviation of the whole window, in all places."""
    scale = window_scale(patches, observed)
    return level_scales(scale, scale, patches.shape[2])


def level_scales(overall: Scale, local: Scale, patch: int) -> Scales:
    """With the local location as the reference, however far ahead, and nothing else told."""
    path = local.location[..., None].expand(-1, -1, patch)
    return Scales(overall, local, Reference(path, local.spread), path[..., :0])


def step_scale(patches: Float[Tensor, "lanes tokens patch"], observed: Bool[Tensor, "lanes tokens patch"]) -> Scale:
    """The last observed value, and the mean absolute difference of successive observed values, lately.

    The latter is the in-sample error of the naive forecast, the denominator of MASE (Hyndman & Koehler 2006).
    """
    values, seen = patches.flatten(1).double(), observed.flatten(1)
    place = torch.where(seen, torch.arange(seen.shape[1], device=seen.device), -1).cummax(1).values
    held = torch.where(place >= 0, values.gather(1, place.clamp(min=0)), 0.0)  # the last value at each step
    known = F.pad(seen[:, 1:] & (place[:, :-1] >= 0), (1, 0))  # a value, and one to compare it with
    steps = F.pad(held.diff(dim=1), (1, 0)).abs() * known
    size = patches.shape[2]
    own = fading(patches.shape[1], size, patches.device)
    moved, moves = (part.double().unflatten(1, (-1, size)).sum(-1) @ own.T for part in (steps, known))
    ends = slice(size - 1, None, size)  # the last step of each patch
    return Scale(held[:, ends], torch.where(moves > 0, moved / moves, 0.0), seen.cumsum(1)[:, ends].double())


def fading(tokens: int, patch: int, device: torch.device) -> Float64[Tensor, "upto tokens"]:
    """What each patch counts for at the end of each: less the longer ago it was, and nothing before it has come."""
    age = torch.arange(tokens, device=device)[:, None] - torch.arange(tokens, device=device)
    return torch.exp2(-age.clamp(min=0).double() * patch / HALF_LIFE).tril()


def deviation_scale(values: Float[Tensor, "lanes time"], observed: Bool[Tensor, "lanes time"]) -> Scale:
    """The running mean, and the mean absolute deviation from it, at every single value: linear in time.

    Each value counts with its distance to the mean of its own time, so that nothing has to be gone over again.
    """
    origin = _first_observed(values[:, None], observed[:, None])[:, None]
    moved = torch.where(observed, values.double() - origin, 0.0)
    count = observed.cumsum(1).double()
    mean = moved.cumsum(1) / count.clamp(min=1)
    deviation = torch.where(observed, (moved - mean).abs(), 0.0).cumsum(1) / count.clamp(min=1)
    return Scale(mean + origin, deviation, count)


def running_scale(patches: Float[Tensor, "lanes tokens patch"], observed: Bool[Tensor, "lanes tokens patch"]) -> Scale:
    """The scale of the observed values up to and including each patch: nothing of the future leaks into it."""
    origin = _first_observed(patches, observed)
    values = torch.where(observed, patches.double() - origin[:, None, None], 0.0)
    count = observed.sum(-1).double()  # of each patch
    mean = values.sum(-1) / count.clamp(min=1)
    within = torch.where(observed, values - mean[..., None], 0.0).square().sum(-1)

    own = fading(patches.shape[1], patches.shape[2], patches.device)
    weight = count @ own.T
    total = torch.where(weight > 0, weight, 1.0)
    location = (mean * count) @ own.T / total
    # spread of the patch means around each running mean, then of the values around the means of their patches
    between = (mean[:, None, :] - location[:, :, None]).square() * count[:, None, :]  # (lanes, upto, tokens)
    squares = within @ own.T + (between * own).sum(-1)
    return Scale(location + origin[:, None], (squares / total).sqrt(), count.cumsum(1))


def window_scale(patches: Float[Tensor, "lanes tokens patch"], observed: Bool[Tensor, "lanes tokens patch"]) -> Scale:
    """One scale for all patches, from every observed value (instance normalisation, Kim et al. 2022).

    It is not causal: the last patch moves the input of the first. A model trained with it has seen the future's scale.
    """
    whole = running_scale(patches.flatten(1)[:, None], observed.flatten(1)[:, None])
    shape = patches.shape[:2]
    return Scale(whole.location.expand(shape), whole.spread.expand(shape), whole.count.expand(shape))


def _first_observed(patches: Tensor, observed: Tensor) -> Float64[Tensor, "lanes"]:
    """A value of the lane itself to measure from, so that equal values differ by exactly zero."""
    flat, seen = patches.flatten(1).double(), observed.flatten(1)
    first = seen.to(torch.uint8).argmax(1, keepdim=True)
    return torch.where(seen.any(1), flat.gather(1, first)[:, 0], 0.0)
