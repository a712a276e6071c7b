"""The categorical head: a probability for each of a number of classes, be they words, bytes or bins of a value."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn


@dataclass(frozen=True, eq=False)
class Categorical:
    """Laws over classes, numbered from 0.

    What has `quantiles` and a `mean` is a law over *ordered* classes that stand for numbers; which numbers, their
    owner says (`segue.forecasting.nanotst.bins` for one). A law over words has neither.

    Attributes:
        logits: Logarithms of the probabilities, each law up to a constant of its own.
    """

    logits: Float[Tensor, "*tokens patch classes"]

    @property
    def probabilities(self) -> Float[Tensor, "*tokens patch classes"]:
        """The probability of each class."""
        return self.logits.softmax(dim=-1)

    @property
    def cumulative(self) -> Float[Tensor, "*tokens patch classes"]:
        """The probability of each class and all before it."""
        return self.probabilities.cumsum(dim=-1)

    def loss(self, target: Int[Tensor, "*tokens patch"]) -> Float[Tensor, "*tokens patch"]:
        """The cross-entropy of each place, in nats."""
        return -self.log_density(target)

    def log_density(self, target: Int[Tensor, "*tokens patch"]) -> Float[Tensor, "*tokens patch"]:
        """The logarithm of the probability of `target`, in nats."""
        return self.logits.log_softmax(dim=-1).gather(-1, target[..., None])[..., 0]

    def sample(self, count: int, generator: torch.Generator | None = None) -> Int[Tensor, "count *tokens patch"]:
        """Independent draws, on the device of the law (so must be the generator's)."""
        laws = self.probabilities.flatten(0, -2)
        drawn = torch.multinomial(laws, count, replacement=True, generator=generator)
        return drawn.T.reshape(count, *self.logits.shape[:-1])

    def quantiles(self, levels: tuple[float, ...]) -> Int[Tensor, "*tokens patch picked"]:
        """The first class with which, all before it included, each level is reached.

        Raises:
            ValueError: A level lies outside (0, 1).
        """
        if not all(0 < level < 1 for level in levels):
            raise ValueError(f"levels {levels} must lie in (0, 1)")
        wanted = self.logits.new_tensor(levels).expand(*self.logits.shape[:-1], -1).contiguous()
        return torch.searchsorted(self.cumulative, wanted).clamp(max=self.logits.shape[-1] - 1)  # sums round below 1

    def mean(self, values: Float[Tensor, "classes"]) -> Float[Tensor, "*tokens patch"]:
        """The expectation, where class k stands for the number `values[k]`."""
        return self.probabilities @ values.to(self.logits)


class CategoricalHead(nn.Module):
    """One linear map to the logits of each place of a patch.

    Args:
        width: Size of the hidden vectors.
        patch: Number of places per hidden vector; 1 to predict one token at a time.
        classes: Number of classes.
    """

    def __init__(self, width: int, patch: int, classes: int) -> None:
        super().__init__()
        self.classes = classes
        self.project = nn.Linear(width, patch * classes)

    def forward(self, hidden: Float[Tensor, "*tokens width"]) -> Categorical:
        """The law of each place of the patch that belongs to each hidden vector."""
        logits = self.project(hidden).unflatten(-1, (-1, self.classes))
        return Categorical(logits.to(torch.promote_types(logits.dtype, torch.float32)))  # sums of many small terms
