"""The gate: weights of the naive forecasts, step by step."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from segue.forecasting.nanotst.config import CANDIDATES
from segue.forecasting.nanotst.reference import FARTHEST
from segue.forecasting.nanotst.scaling import squash
from segue.heads.quantiles import Quantiles

# A logit: at the start of training the reference has at least 0.69 of the weight, the others share the rest.
_REFERENCE_FIRST = 3.0


class Gate(nn.Module):
    """A mixture of naive forecasts for each step of a patch, to which the quantiles are added.

    The reference repeats a clean cycle exactly, which a network cannot. Where other naive forecasts are better, the
    gate moves the whole distribution towards them, so the head need not learn the difference.

    A naive forecast loses weight with a learnt power of its distance from the reference, in units of the reference's
    error. So a small weight on a forecast that is a hundred errors away changes nothing, and a clean cycle stays exact.

    Args:
        width: Size of the hidden vectors.
        patch: Steps of a patch.
    """

    def __init__(self, width: int, patch: int) -> None:
        super().__init__()
        self.patch = patch
        self.weigh = nn.Linear(width, patch * CANDIDATES)
        nn.init.zeros_(self.weigh.weight)
        with torch.no_grad():
            bias = torch.zeros(patch, CANDIDATES)
            bias[:, 0] = _REFERENCE_FIRST
            self.weigh.bias.copy_(bias.flatten())
        self.power = nn.Parameter(torch.ones(CANDIDATES))

    def forward(
        self,
        hidden: Float[Tensor, "lanes tokens width"],
        candidates: Float[Tensor, "lanes tokens patch candidates"],
        distances: Quantiles,
    ) -> Quantiles:
        """Moves quantiles by the mixture.

        Args:
            hidden: The hidden vectors, from which the weights are computed.
            candidates: The naive forecasts less the reference, in its units.
            distances: Squashed distances of the quantiles from the mixture.

        Returns:
            The squashed distances of the quantiles from the reference.
        """
        logits = self.weigh(hidden).unflatten(-1, (self.patch, CANDIDATES)).to(candidates.dtype)
        weight = (logits - self.power.to(candidates.dtype) * squash(candidates.abs())).softmax(-1)
        path = (weight * candidates).sum(-1, keepdim=True)
        rising = distances.values.to(candidates.dtype).clamp(-FARTHEST, FARTHEST).exp()
        return Quantiles(squash(path + (rising - 1 / rising) / 2), distances.levels)
