"""A backbone that remembers nothing. Compared with it, other backbones show what a memory is worth."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from segue.backbones.feedforward import FeedForward
from segue.state import State


class Memoryless(nn.Module):
    """A feed-forward network that reads each vector by itself. Its state is `nothing`, of size zero.

    Args:
        width: Size of each input and output vector.
        expansion: The hidden layer has `expansion * width` units.
    """

    causal = True

    def __init__(self, width: int, expansion: int = 4) -> None:
        super().__init__()
        self.width = width
        self.network = FeedForward(width, expansion)

    def initial_state(
        self, lanes: int, *, device: torch.device | str | None = None, dtype: torch.dtype | None = None
    ) -> State:
        """A state with a tensor of size zero for each lane."""
        like = self.network.norm.weight
        return State({"nothing": torch.zeros((lanes, 0), device=device or like.device, dtype=dtype or like.dtype)})

    def forward(
        self,
        x: Float[Tensor, "lanes time width"],
        state: State | None = None,
        reset: Bool[Tensor, "lanes"] | Bool[Tensor, "lanes time"] | None = None,
    ) -> tuple[Float[Tensor, "lanes time width"], State]:
        """Reads `time` vectors per lane, see `segue.backbones.protocol.Backbone`."""
        return self.network(x), self.initial_state(x.shape[0]) if state is None else state
