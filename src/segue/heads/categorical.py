"""The categorical head: a probability for each of several classes, such as words, bytes or bins of a value."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn


@dataclass(frozen=True, eq=False)
class Categorical:
    """Distributions over classes, numbered from 0.

    `quantiles` and `mean` need *ordered* classes that stand for numbers, such as bins of a value. The owner of the
    classes knows these numbers. A distribution over words has neither.

    Attributes:
        logits: Logarithms of the probabilities, up to one additive constant per distribution.
    """

    logits: Float[Tensor, "*tokens patch classes"]

    @property
    def probabilities(self) -> Float[Tensor, "*tokens patch classes"]:
        """The probability of each class."""
        return self.logits.softmax(dim=-1)

    @property
    def cumulative(self) -> Float[Tensor, "*tokens patch classes"]:
        """The probability of each class or any before it."""
        return self.probabilities.cumsum(dim=-1)

    def loss(self, target: Int[Tensor, "*tokens patch"]) -> Float[Tensor, "*tokens patch"]:
        """The cross-entropy of each target, in nats."""
        return -self.log_density(target)

    def log_density(self, target: Int[Tensor, "*tokens patch"]) -> Float[Tensor, "*tokens patch"]:
        """The logarithm of the probability of `target`, in nats."""
        return self.logits.log_softmax(dim=-1).gather(-1, target[..., None])[..., 0]

    def sample(self, count: int, generator: torch.Generator | None = None) -> Int[Tensor, "count *tokens patch"]:
        """Independent draws, on the device of the logits, which must be the generator's, too."""
        rows = self.probabilities.flatten(0, -2)
        drawn = torch.multinomial(rows, count, replacement=True, generator=generator)
        return drawn.T.reshape(count, *self.logits.shape[:-1])

    def quantiles(self, levels: tuple[float, ...]) -> Int[Tensor, "*tokens patch picked"]:
        """The first class at which the cumulative probability reaches each level.

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
    """One linear map to the logits of each value of a patch.

    Args:
        width: Size of the hidden vectors.
        patch: Number of values per hidden vector; 1 to predict one token at a time.
        classes: Number of classes.
    """

    def __init__(self, width: int, patch: int, classes: int) -> None:
        super().__init__()
        self.classes = classes
        self.project = nn.Linear(width, patch * classes)

    def forward(self, hidden: Float[Tensor, "*tokens width"]) -> Categorical:
        """The distribution of each value of the patch that belongs to each hidden vector."""
        logits = self.project(hidden).unflatten(-1, (-1, self.classes))
        return Categorical(logits.to(torch.promote_types(logits.dtype, torch.float32)))  # sums of many small terms
