"""The Gaussian head: a mean and a standard deviation per value."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

SMALLEST_STD = 1e-3
"""Added to every standard deviation, in scaled units: bounds the density of a perfect prediction."""


@dataclass(frozen=True, eq=False)
class Gaussian:
    """Independent normal distributions; a `segue.heads.protocol.Distribution`.

    Attributes:
        mean: The expectation of each value.
        std: The standard deviation of each value, positive.
    """

    mean: Float[Tensor, "*tokens patch"]
    std: Float[Tensor, "*tokens patch"]

    def loss(self, target: Float[Tensor, "*tokens patch"]) -> Float[Tensor, "*tokens patch"]:
        """The negative log-likelihood of each value, in nats."""
        return -self.log_density(target)

    def quantiles(self, levels: tuple[float, ...]) -> Float[Tensor, "*tokens patch picked"]:
        """The quantiles of the given levels.

        Raises:
            ValueError: A level lies outside (0, 1).
        """
        if not all(0 < level < 1 for level in levels):
            raise ValueError(f"levels {levels} must lie in (0, 1)")
        # in float64 first: in float32 the levels alone would cost four digits in the tails
        standard = torch.special.ndtri(torch.tensor(levels, dtype=torch.float64)).to(self.mean)
        return torch.addcmul(self.mean[..., None], self.std[..., None], standard)

    def sample(self, count: int, generator: torch.Generator | None = None) -> Float[Tensor, "count *tokens patch"]:
        """Independent draws."""
        shape = (count, *self.mean.shape)
        noise = torch.randn(shape, generator=generator, device=self.mean.device, dtype=self.mean.dtype)
        return torch.addcmul(self.mean, self.std, noise)

    def log_density(self, target: Float[Tensor, "*tokens patch"]) -> Float[Tensor, "*tokens patch"]:
        """The logarithm of the normal density at `target`, in nats."""
        standard = (target - self.mean) / self.std
        return -0.5 * standard.square() - self.std.log() - 0.5 * math.log(2 * math.pi)


class GaussianHead(nn.Module):
    """One linear map to the means and the standard deviations of a patch.

    The first `patch` outputs are the means. The standard deviations are the softplus of the others, plus
    `SMALLEST_STD`.

    Args:
        width: Size of the hidden vectors.
        patch: Number of values per hidden vector.
    """

    def __init__(self, width: int, patch: int) -> None:
        super().__init__()
        self.project = nn.Linear(width, 2 * patch)

    def forward(self, hidden: Float[Tensor, "*tokens width"]) -> Gaussian:
        """The distribution of the patch that belongs to each hidden vector."""
        mean, raw = self.project(hidden).chunk(2, dim=-1)
        return Gaussian(mean, functional.softplus(raw) + SMALLEST_STD)
