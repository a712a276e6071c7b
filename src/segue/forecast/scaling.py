"""Location and spread of a lane, in double precision: what makes a forecast follow the unit of its series.

Sums are merged from patch to patch by the pairwise formula of Chan, Golub & LeVeque (1983), so nothing large is
subtracted from something large. A lane of equal values has a spread of exactly zero, and its forecast is that value:
forecast(a * y + b) = a * forecast(y) + b leaves no other.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Float64
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Scale:
    """How the values around each patch are normalised.

    Attributes:
        location: The mean, in the unit of the series.
        spread: The standard deviation, in the unit of the series; zero for equal values.
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
        """The scales from one patch on."""
        return Scale(self.location[:, token:], self.spread[:, token:], self.count[:, token:])

    def held(self, tokens: int) -> "Scale":
        """The newest scale, for so many patches."""
        return Scale(*(part[:, -1:].expand(-1, tokens) for part in (self.location, self.spread, self.count)))

    def repeat_lanes(self, times: int) -> "Scale":
        """Each lane so many times in a row."""
        return Scale(*(part.repeat_interleave(times, 0) for part in (self.location, self.spread, self.count)))


def running_scale(patches: Float[Tensor, "lanes tokens patch"], observed: Bool[Tensor, "lanes tokens patch"]) -> Scale:
    """The scale of all observed values up to and including each patch: nothing of the future leaks into it."""
    origin = _first_observed(patches, observed)
    values = torch.where(observed, patches.double() - origin[:, None, None], 0.0)
    count = observed.sum(-1).double()  # of each patch
    mean = values.sum(-1) / count.clamp(min=1)
    within = torch.where(observed, values - mean[..., None], 0.0).square().sum(-1)

    total = count.cumsum(1)
    location = (mean * count).cumsum(1) / total.clamp(min=1)
    # spread of the patch means around each running mean, then of the values around the means of their patches
    between = (mean[:, None, :] - location[:, :, None]).square() * count[:, None, :]  # (lanes, upto, tokens)
    squares = within.cumsum(1) + between.tril().sum(-1)
    return Scale(location + origin[:, None], (squares / total.clamp(min=1)).sqrt(), total)


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
