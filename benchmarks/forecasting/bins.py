"""Values as classes: a codebook of bins, distributions over what it stands for, and a NanoTST that predicts them.

Chronos (Ansari et al. 2024, arXiv:2403.07815, section 3.1) turns scaled values into tokens by such a codebook, so that
a language model can read and write series. Values beyond it count as its outermost bins.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Float64, Int
from torch import Tensor, nn

from segue.errors import UserError
from segue.forecasting.nanotst.config import NanoTSTConfig
from segue.forecasting.nanotst.features import Inputs, features_of
from segue.forecasting.nanotst.model import NanoTST
from segue.forecasting.nanotst.patches import beginnings
from segue.forecasting.nanotst.reference import Reference
from segue.forecasting.predictor import LEVELS
from segue.heads.categorical import Categorical, CategoricalHead
from segue.heads.quantiles import Quantiles

COUNT = 128  # bins of a BinnedTST: an eighth of the reference's unit each, near the reference
REACH = 8.0  # squashed units to both sides: the range that training clamps its targets to


@dataclass(frozen=True, eq=False)
class Bins:
    """Adjoining intervals; bin k reaches from edge k to edge k + 1.

    Attributes:
        edges: One more than there are bins, ascending.
    """

    edges: Float[Tensor, "edges"]

    def __post_init__(self) -> None:
        if len(self.edges) < 2 or not bool((self.edges.diff() > 0).all()):
            raise UserError("edges", self.edges.tolist(), "give at least two, ascending")

    @classmethod
    def uniform(cls, count: int, low: float, high: float) -> "Bins":
        """Bins of equal width, as in Chronos."""
        return cls(torch.linspace(low, high, count + 1, dtype=torch.float64))

    @property
    def count(self) -> int:
        """The number of bins."""
        return len(self.edges) - 1

    @property
    def centres(self) -> Float[Tensor, "bins"]:
        """The middle of each bin: the value that its id stands for."""
        return (self.edges[:-1] + self.edges[1:]) / 2

    def encode(self, values: Float[Tensor, "*shape"]) -> Int[Tensor, "*shape"]:
        """The id of the bin of each value; a value on an edge belongs to the bin above it."""
        inner = self.edges[1:-1].to(values)
        return torch.bucketize(values, inner, right=True)


@dataclass(frozen=True, eq=False)
class Binned:
    """Distributions whose density is constant within each bin; a `segue.heads.protocol.Distribution`.

    Attributes:
        classes: The probability of each bin.
        bins: The intervals that the classes stand for.
    """

    classes: Categorical
    bins: Bins

    @property
    def mean(self) -> Float[Tensor, "*tokens patch"]:
        """The expectation of each value."""
        return self.classes.mean(self.bins.centres)

    def loss(self, target: Float[Tensor, "*tokens patch"]) -> Float[Tensor, "*tokens patch"]:
        """The cross-entropy of the bin that holds each value, in nats."""
        return self.classes.loss(self.bins.encode(target))

    def quantiles(self, levels: tuple[float, ...]) -> Float[Tensor, "*tokens patch picked"]:
        """The quantiles of the given levels.

        Raises:
            ValueError: A level lies outside (0, 1).
        """
        if not all(0 < level < 1 for level in levels):
            raise ValueError(f"levels {levels} must lie in (0, 1)")
        return self.at(self.classes.logits.new_tensor(levels).expand(*self.classes.logits.shape[:-1], -1))

    def at(self, levels: Float[Tensor, "*tokens patch picked"]) -> Float[Tensor, "*tokens patch picked"]:
        """Each distribution's quantile function at levels of its own, each in (0, 1): at uniform draws, a sample."""
        reached = self.classes.cumulative
        index = torch.searchsorted(reached, levels.contiguous()).clamp(max=self.bins.count - 1)
        reached = F.pad(reached, (1, 0))
        below, above = reached.gather(-1, index), reached.gather(-1, index + 1)
        share = ((levels - below) / (above - below)).clamp(0, 1)
        edges = self.bins.edges.to(levels)
        return torch.lerp(edges[index], edges[index + 1], share)

    def sample(self, count: int, generator: torch.Generator | None = None) -> Float[Tensor, "count *tokens patch"]:
        """Independent draws by inverse transform."""
        logits = self.classes.logits
        uniform = torch.rand((*logits.shape[:-1], count), generator=generator, device=logits.device, dtype=logits.dtype)
        return self.at(uniform.clamp_min(torch.finfo(uniform.dtype).eps / 2)).movedim(-1, 0)

    def log_density(self, target: Float[Tensor, "*tokens patch"]) -> Float[Tensor, "*tokens patch"]:
        """The logarithm of the density at `target`, in nats; minus infinity beyond the bins."""
        ids, edges = self.bins.encode(target), self.bins.edges.to(target)
        density = self.classes.log_density(ids) - edges.diff().log()[ids]
        return density.masked_fill((target < edges[0]) | (target > edges[-1]), -torch.inf)


class BinnedHead(nn.Module):
    """A residual layer, as in the quantile head, and the logits of each bin of each value of a patch.

    Args:
        width: Size of the hidden vectors.
        patch: Number of values per hidden vector.
        bins: The codebook. It is no weight: whoever builds the head builds it anew.
    """

    def __init__(self, width: int, patch: int, bins: Bins) -> None:
        super().__init__()
        self.hidden = nn.Linear(width, width)
        self.classes = CategoricalHead(width, patch, bins.count)
        self.bins = bins

    def forward(self, hidden: Float[Tensor, "*tokens width"]) -> Binned:
        """The distribution of the patch that belongs to each hidden vector."""
        return Binned(self.classes(hidden + F.gelu(self.hidden(hidden))), self.bins)


class BinnedTST(NanoTST):
    """A NanoTST whose head gives each bin of each value a probability, where NanoTST's gives quantiles."""

    name = "BinnedTST"

    def __init__(self, config: NanoTSTConfig) -> None:
        super().__init__(config)
        self.head = BinnedHead(config.width, config.patch, Bins.uniform(COUNT, -REACH, REACH))  # type: ignore[assignment]

    def forward(
        self,
        patches: Float[Tensor, "lanes tokens patch"],
        observed: Bool[Tensor, "lanes tokens patch"],
        seasons: Float64[Tensor, "lanes periods"],
        since: int = 0,
    ) -> tuple[Quantiles, Reference]:
        """The quantiles of each following patch; see `NanoTST.forward`."""
        precision = self.embed.skip.weight.dtype
        features, reference = features_of(patches, observed, seasons, precision)
        binned = self.read(features.inputs(precision, beginnings(observed), since), since)
        return Quantiles(binned.quantiles(LEVELS), LEVELS), reference.since(since)

    def read(self, inputs: Inputs, since: int = 0) -> Binned:  # type: ignore[override]
        """The network alone, whose loss is the cross-entropy of bins."""
        return self.head(self._encode(self.embed(inputs.features), inputs.begins, since))
