"""Sampling of tokens: narrows a distribution over tokens before a draw."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from segue.errors import UserError
from segue.heads.categorical import Categorical


@dataclass(frozen=True)
class Sampling:
    """The settings of a draw: temperature first, then a cut to the most probable tokens."""

    temperature: float = 1.0
    """Logits are divided by it; 0 always takes the most probable token (greedy)."""
    top_k: int | None = None
    """Draws among the k most probable tokens only."""
    top_p: float | None = None
    """Draws among the most probable tokens that together have at least this probability (Holtzman et al. 2020)."""

    def __post_init__(self) -> None:
        if not 0 <= self.temperature < float("inf"):
            raise UserError("temperature", self.temperature, "give a finite number of at least 0")
        if self.top_k is not None and self.top_k < 1:
            raise UserError("top_k", self.top_k, "give a whole number of at least 1")
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise UserError("top_p", self.top_p, "give a share above 0, up to 1")

    def probabilities(self, distribution: Categorical) -> Float[Tensor, "*tokens classes"]:
        """The probabilities with which tokens are drawn, in double precision."""
        logits = distribution.logits.double()
        if self.temperature == 0:
            return torch.zeros_like(logits).scatter_(-1, logits.argmax(-1, keepdim=True), 1.0)
        logits = logits - logits.amax(-1, keepdim=True)  # at most 0, so even a tiny temperature gives no inf
        ordered, order = (logits / self.temperature).sort(dim=-1, descending=True, stable=True)
        ordered[..., self.top_k or ordered.shape[-1] :] = -torch.inf
        shares = ordered.softmax(-1)
        if self.top_p is not None:
            before = shares.cumsum(-1) - shares
            shares = shares.where(before < self.top_p, 0.0)
            shares = shares / shares.sum(-1, keepdim=True)
        return torch.zeros_like(shares).scatter_(-1, order, shares)
