"""The output of every head: a distribution over a patch of values."""

from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor


@runtime_checkable
class Distribution(Protocol):
    """One distribution for each value of a patch, in the scaled units that the network works in.

    Training uses `loss`, forecasts use `quantiles` and `mean`. `sample` and `log_density` are for callers of the public
    heads: `sample` draws the values of a patch independently, given the hidden vector.
    """

    @property
    def mean(self) -> Float[Tensor, "*tokens patch"]:
        """The expectation of each value."""
        ...

    def loss(self, target: Float[Tensor, "*tokens patch"]) -> Float[Tensor, "*tokens patch"]:
        """The proper score that training lowers, per value.

        Args:
            target: Finite everywhere. Weigh missing values by zero in the result; a NaN here would reach the gradient.
        """
        ...

    def quantiles(self, levels: tuple[float, ...]) -> Float[Tensor, "*tokens patch picked"]:
        """The quantiles of the given levels, non-decreasing for ascending levels.

        Raises:
            ValueError: A level lies outside those that the distribution describes.
        """
        ...

    def sample(self, count: int, generator: torch.Generator | None = None) -> Float[Tensor, "count *tokens patch"]:
        """Independent draws, on the device of the distribution, which must be the generator's, too."""
        ...

    def log_density(self, target: Float[Tensor, "*tokens patch"]) -> Float[Tensor, "*tokens patch"]:
        """The natural logarithm of the density at `target`, in nats per scaled unit."""
        ...
