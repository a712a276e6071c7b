"""The position-wise network that nested and transformer backbones share."""

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional


class FeedForward(nn.Module):
    """A residual, pre-norm network of one hidden layer: x + W2 GELU(W1 LayerNorm(x)), each vector by itself.

    Args:
        width: Size of each input and output vector.
        expansion: The hidden layer has `expansion * width` units.
        dropout: Share of the network's output values that training sets to zero at random.
    """

    def __init__(self, width: int, expansion: int = 4, dropout: float = 0.0) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, expansion * width)
        self.down = nn.Linear(expansion * width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Float[Tensor, "*batch width"]) -> Float[Tensor, "*batch width"]:
        """The input plus the output of the network."""
        delta: Tensor = self.dropout(self.down(functional.gelu(self.up(self.norm(x)))))
        return x + delta
