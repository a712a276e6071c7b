"""The reference forecast: a naive forecast of the next patch, which the network corrects."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Float64
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Reference:
    """What predictions are expressed in: their distance from a path, in a unit, both those of the series.

    Attributes:
        path: The naive forecast of the patch after each patch.
        unit: Its mean absolute error so far; zero where all values so far are equal.
    """

    path: Float64[Tensor, "lanes tokens patch"]
    unit: Float64[Tensor, "lanes tokens"]

    def normalise(self, following: Float[Tensor, "lanes tokens patch"]) -> Float64[Tensor, "lanes tokens patch"]:
        """(values - path) / unit; where the unit is zero the difference alone."""
        divisor = torch.where(self.unit > 0, self.unit, 1.0)
        return (following.double() - self.path) / divisor[..., None]

    def restore(self, normal: Float[Tensor, "lanes tokens patch *rest"]) -> Float64[Tensor, "lanes tokens patch *rest"]:
        """Values * unit + path, the way back to the unit of the series."""
        rest = [1] * (normal.dim() - 3)
        return normal.double() * self.unit.view(*self.unit.shape, 1, *rest) + self.path.view(*self.path.shape, *rest)

    def since(self, token: int) -> "Reference":
        """The reference from one patch on."""
        return Reference(self.path[:, token:], self.unit[:, token:])
