"""The embedding of features as vectors."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from segue.forecasting.nanotst.features import Features


class FeatureEmbedding(nn.Module):
    """A residual network of one hidden layer over the features of each patch.

    Args:
        patch: Steps of a patch.
        width: Size of the vectors.
    """

    def __init__(self, patch: int, width: int) -> None:
        super().__init__()
        inputs = Features.count(patch)
        self.inner, self.outer, self.skip = nn.Linear(inputs, width), nn.Linear(width, width), nn.Linear(inputs, width)

    def forward(self, features: Float[Tensor, "lanes tokens features"]) -> Float[Tensor, "lanes tokens width"]:
        """Embeds each patch."""
        embedded: Tensor = self.skip(features) + self.outer(F.gelu(self.inner(features)))
        return embedded
