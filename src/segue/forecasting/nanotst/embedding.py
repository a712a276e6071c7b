"""From patches to vectors: the classic's linear map, and a residual network that sees more than the values."""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Float64
from torch import Tensor, nn

from segue.forecasting.nanotst.scaling import Scales


class ValueEmbedding(nn.Linear):
    """The classic's embedding: one linear map of the values; a missing value counts as the mean, zero."""

    def __init__(self, patch: int, width: int) -> None:
        super().__init__(patch, width)

    def forward(  # type: ignore[override]
        self, patches: Float[Tensor, "lanes tokens patch"], observed: Bool[Tensor, "lanes tokens patch"], scales: Scales
    ) -> Float[Tensor, "lanes tokens width"]:
        """Embeds each patch."""
        return super().forward((scales.overall.normalise(patches) * observed).to(self.weight.dtype))


class PatchEmbedding(nn.Module):
    """A residual network over the values in both scales, what is observed, how the scales relate, and what is told."""

    def __init__(self, patch: int, width: int, told: int) -> None:
        super().__init__()
        inputs = 3 * patch + 4 + told
        self.inner, self.outer, self.skip = nn.Linear(inputs, width), nn.Linear(width, width), nn.Linear(inputs, width)

    def forward(
        self, patches: Float[Tensor, "lanes tokens patch"], observed: Bool[Tensor, "lanes tokens patch"], scales: Scales
    ) -> Float[Tensor, "lanes tokens width"]:
        """Embeds each patch."""
        precision = self.skip.weight.dtype
        overall, local = (s.normalise(patches) * observed for s in (scales.overall, scales.local))
        squashed = (squash(part.to(precision)) for part in (overall, local, scales.told))
        inputs = torch.cat([*squashed, observed.to(precision), relations(scales).to(precision)], dim=-1)
        embedded: Tensor = self.skip(inputs) + self.outer(F.gelu(self.inner(inputs)))
        return embedded


def squash(values: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """The inverse hyperbolic sine: values as they are where they are small, their logarithm where they are large.

    `Tensor.asinh` goes value by value on the CPU, which took a fifth of a small model's forecast; this takes a fifth of
    that. What is larger than 1e18 is squashed as 1e18, whose square single precision can still hold.
    """
    size = values.abs().clamp(max=1e18)
    square = size * size
    return (size + square / (1 + (square + 1).sqrt())).log1p().copysign(values)


def relations(scales: Scales) -> Float64[Tensor, "lanes tokens 4"]:
    """How the overall scale moved since the patch before, and how the local scale stands to it.

    The moves of mean and deviation, the place of the last value and the size of a step, all in deviations: unit-free,
    squashed or bounded, so that one jump can't drown the rest, and zero while all values are equal. Without the moves,
    a model under a running scale could not tell a trend from a lane that stands still.
    """
    overall, local = scales.overall, scales.local
    known = overall.spread > 0
    spread, step = torch.where(known, overall.spread, 1.0), torch.where(known, local.spread, 1.0)
    both = known[:, 1:] & known[:, :-1]
    moved = [
        (overall.location.diff(dim=1) / spread[:, 1:]).asinh() * both,
        (spread[:, 1:] / spread[:, :-1]).log().clamp(-5, 5) * both,
    ]
    related = [
        ((local.location - overall.location) / spread).asinh() * known,
        (step / spread).log().clamp(-8, 8) * known,
    ]
    return torch.stack([*(F.pad(move, (1, 0)) for move in moved), *related], dim=-1)
