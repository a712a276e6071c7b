"""Attention: for each query, a mean of the source's vectors, weighted by how well they match (Bahdanau et al. 2015).

The kinds differ only in the score (Luong et al. 2015, section 3.1). The source's part of a score does not depend on the
query, so `prepare` computes it once a sentence.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from segue.translate.model.sizes import AttentionName


class Attention(nn.Module):
    """The dot product of query and source vector; base of the other kinds.

    Args:
        width: Size of queries and source vectors.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width

    def prepare(self, states: Float[Tensor, "lanes from width"]) -> Float[Tensor, "lanes from width"]:
        """The keys, with which queries are compared."""
        return states

    def score(
        self, query: Float[Tensor, "lanes to width"], keys: Float[Tensor, "lanes from width"]
    ) -> Float[Tensor, "lanes to from"]:
        """How well each source vector matches each query."""
        return query @ keys.transpose(1, 2)

    def attend(
        self,
        query: Float[Tensor, "lanes to width"],
        keys: Float[Tensor, "lanes from width"],
        values: Float[Tensor, "lanes from width"],
        mask: Bool[Tensor, "lanes from"],
    ) -> tuple[Float[Tensor, "lanes to width"], Float[Tensor, "lanes to from"]]:
        """The weighted means of the values, and the weights: exactly zero where the mask is false, and of sum one."""
        weights = self.score(query, keys).masked_fill(~mask[:, None], -torch.inf).softmax(dim=-1)
        return weights.to(values.dtype) @ values, weights


class GeneralAttention(Attention):
    """query^T W state: the dot product with linearly mapped source vectors."""

    def __init__(self, width: int) -> None:
        super().__init__(width)
        self.key = nn.Linear(width, width, bias=False)

    def prepare(self, states: Float[Tensor, "lanes from width"]) -> Float[Tensor, "lanes from width"]:
        """W state."""
        keys: Tensor = self.key(states)
        return keys


class AdditiveAttention(Attention):
    """v^T tanh(W query + U state), a network of one hidden layer (Bahdanau et al. 2015, appendix A.1.2)."""

    def __init__(self, width: int) -> None:
        super().__init__(width)
        self.query, self.key = nn.Linear(width, width), nn.Linear(width, width, bias=False)
        self.fit = nn.Linear(width, 1, bias=False)

    def prepare(self, states: Float[Tensor, "lanes from width"]) -> Float[Tensor, "lanes from width"]:
        """U state."""
        keys: Tensor = self.key(states)
        return keys

    def score(
        self, query: Float[Tensor, "lanes to width"], keys: Float[Tensor, "lanes from width"]
    ) -> Float[Tensor, "lanes to from"]:
        """One number for each pair of query and key."""
        fit: Tensor = self.fit((self.query(query)[:, :, None] + keys[:, None]).tanh())
        return fit.squeeze(-1)


ATTENTIONS: dict[AttentionName, type[Attention]] = {
    "dot": Attention,
    "general": GeneralAttention,
    "additive": AdditiveAttention,
}
