"""The quantile head: quantiles of each value at fixed levels, with no assumption on the shape of its distribution."""

from dataclasses import dataclass
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from segue.errors import UserError
from segue.heads.ascending import ascending


@dataclass(frozen=True, eq=False)
class Quantiles:
    """Distributions given by their quantiles; a `segue.heads.protocol.Distribution`.

    Mean, samples and density all belong to one continuous distribution. Between two neighbouring levels its quantile
    function is linear, so its density is constant. Beyond the outer levels, exponential tails hold the remaining
    probability and join without a jump of the density. The median is a quantile as given; the mean may differ from it.

    Attributes:
        values: The quantiles, non-decreasing along the last axis.
        levels: The level of each entry of the last axis: at least two, ascending, in (0, 1).
    """

    values: Float[Tensor, "*tokens patch levels"]
    levels: tuple[float, ...]

    @property
    def mean(self) -> Float[Tensor, "*tokens patch"]:
        """The expectation: the integral of the quantile function over (0, 1), a weighted sum of the quantiles."""
        return self.values @ self.values.new_tensor(_mean_weights(self.levels))

    def loss(self, target: Float[Tensor, "*tokens patch"]) -> Float[Tensor, "*tokens patch"]:
        """Twice the pinball loss, averaged over the levels: with ever finer levels, the CRPS.

        Pinball at level q of the error e is max(q e, (q - 1) e) (Koenker & Bassett 1978). With the factor 2 it is the
        absolute error at the median, and its average over levels is a quadrature of the CRPS (Gneiting & Ranjan 2011).
        """
        level = self.values.new_tensor(self.levels)
        error = target[..., None] - self.values
        # max(q e, (q - 1) e) = q e + max(-e, 0): the first term sums over levels as a product of matrix and vector
        return (error @ level + functional.relu(-error).sum(-1)) * (2 / len(self.levels))

    def quantiles(self, levels: tuple[float, ...]) -> Float[Tensor, "*tokens patch picked"]:
        """The quantiles of other levels: as given where the level is, else linear between its neighbours.

        For all given levels, it returns `values` itself.

        Raises:
            ValueError: A level lies beyond the outer ones: the tails are an assumption, not something learnt.
        """
        if not all(self.levels[0] <= level <= self.levels[-1] for level in levels):
            raise ValueError(f"levels {levels} must lie in [{self.levels[0]}, {self.levels[-1]}]")
        if levels == self.levels:
            return self.values
        # float64 throughout: so a given level is met exactly, and lerp returns its own quantile to the last bit
        given, wanted = (torch.tensor(numbers, dtype=torch.float64) for numbers in (self.levels, levels))
        right = torch.searchsorted(given, wanted)
        left = (right - 1).clamp(min=0)
        share = torch.where(right > left, (wanted - given[left]) / (given[right] - given[left]), 1.0)
        return torch.lerp(self.values[..., left], self.values[..., right], share.to(self.values))

    def sample(self, count: int, generator: torch.Generator | None = None) -> Float[Tensor, "count *tokens patch"]:
        """Independent draws by inverse transform: the quantile function, tails included, at uniform levels."""
        shape = (count, *self.values.shape[:-1])
        uniform = torch.rand(shape, generator=generator, device=self.values.device, dtype=self.values.dtype)
        uniform = uniform.clamp_min(torch.finfo(uniform.dtype).eps / 2)  # a level of 0 would be minus infinity
        given = self.values.new_tensor(self.levels)
        left = self._segment(torch.bucketize(uniform, given))
        low, high = self._ends(left, count)
        slope = (high - low) / (given[left + 1] - given[left])
        first, last = self.levels[0], 1 - self.levels[-1]
        inside = low + slope * (uniform.clamp(first, self.levels[-1]) - given[left])
        # an exponential tail of mass p that continues the density 1 / slope has the scale p * slope
        below = first * torch.log((uniform / first).clamp_max(1))
        above = last * torch.log(((1 - uniform) / last).clamp_max(1))
        return inside + slope * (below - above)

    def log_density(self, target: Float[Tensor, "*tokens patch"]) -> Float[Tensor, "*tokens patch"]:
        """The logarithm of the density at `target`, in nats, finite everywhere.

        Two quantiles closer than the machine's epsilon count as that far apart.
        """
        given = self.values.new_tensor(self.levels)
        left = self._segment((self.values < target[..., None]).sum(-1))
        low, high = self._ends(left)
        density = (given[left + 1] - given[left]) / (high - low).clamp_min(torch.finfo(self.values.dtype).eps)
        below = functional.relu(self.values[..., 0] - target) / self.levels[0]
        above = functional.relu(target - self.values[..., -1]) / (1 - self.levels[-1])
        return density.log() - density * (below + above)

    def _segment(self, below: Tensor) -> Tensor:
        """The index of the left level of the segment of a point above `below` levels; a tail takes its neighbour."""
        return (below - 1).clamp(0, len(self.levels) - 2)

    def _ends(self, left: Tensor, count: int | None = None) -> tuple[Tensor, Tensor]:
        """The quantiles at both ends of each segment."""
        values = self.values if count is None else self.values.expand(count, *self.values.shape)
        low, high = (values.gather(-1, index[..., None])[..., 0] for index in (left, left + 1))
        return low, high


class QuantileHead(nn.Module):
    """A residual layer and a linear map to the quantiles of a patch.

    Quantiles never cross, because the outputs are sorted: rearranging never increases the pinball loss
    (Chernozhukov, Fernández-Val & Galichon 2010, proposition 4). The output biases begin at the quantiles of the
    standard normal distribution, so each output starts near its own rank.

    Args:
        width: Size of the hidden vectors.
        patch: Number of values per hidden vector.
        levels: Quantile levels: at least two, ascending, in (0, 1).

    Raises:
        UserError: There are fewer than two levels, or they do not ascend in (0, 1).
    """

    def __init__(self, width: int, patch: int, levels: tuple[float, ...]) -> None:
        super().__init__()
        if len(levels) < 2 or not all(low < high for low, high in pairwise((0.0, *levels, 1.0))):
            raise UserError("levels", levels, "give at least two, ascending, above 0 and below 1")
        self.levels = levels
        self.hidden = nn.Linear(width, width)
        self.project = nn.Linear(width, patch * len(levels))
        with torch.no_grad():
            self.project.bias.view(patch, len(levels)).copy_(torch.special.ndtri(torch.tensor(levels)))

    def forward(self, hidden: Float[Tensor, "*tokens width"]) -> Quantiles:
        """The distribution of the patch that belongs to each hidden vector."""
        hidden = hidden + functional.gelu(self.hidden(hidden))
        values = self.project(hidden).unflatten(-1, (-1, len(self.levels)))
        values = values.to(
            torch.promote_types(values.dtype, torch.float32)
        )  # bfloat16 does not distinguish 0.975 from 0.977
        return Quantiles(ascending(values), self.levels)


def _mean_weights(levels: tuple[float, ...]) -> list[float]:
    """The share of each quantile in the mean: trapezoids between the levels, exponential tails beyond."""
    edges = (levels[0], *levels, levels[-1])
    weights = [(after - before) / 2 for before, after in zip(edges, edges[2:], strict=False)]
    for outer, neighbour, mass in ((0, 1, levels[0]), (-1, -2, 1 - levels[-1])):
        # a tail of mass p beyond the quantile v has the mean v ± p * slope, slope = difference of quantiles / of levels
        lever = mass * mass / abs(levels[neighbour] - levels[outer])
        weights[outer] += mass + lever
        weights[neighbour] -= lever
    return weights
