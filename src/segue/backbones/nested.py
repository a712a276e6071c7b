"""A backbone of levels: parts of one model that are meant to be updated at different frequencies.

A level, in the words of nested learning (Behrouz, Razaviyayn, Zhong and Mirrokni, "Nested Learning", NeurIPS 2025),
is the set of parameters with one update frequency. Level 1 is the fastest. The chain of feed-forward levels is the
continuum memory system of that paper, with residuals and norms. The three modules are the levels. Their clocks belong
to training (`segue.training.clocks`).
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from segue.backbones.feedforward import FeedForward
from segue.backbones.protocol import Backbone
from segue.backbones.recurrent import LSTM
from segue.errors import UserError
from segue.state import State


class Nested(nn.Module):
    """Level 1 is any backbone. Levels 2 and 3 are residual feed-forward networks. The state is `level1.*`.

    Args:
        width: Size of each input and output vector.
        level1: The backbone with a memory, a module of the same width. By default it is an LSTM of one layer.
        expansion: The hidden layers of levels 2 and 3 have `expansion * width` units.

    Raises:
        UserError: The width of `level1` differs.
    """

    def __init__(self, width: int, level1: Backbone | None = None, expansion: int = 4) -> None:
        super().__init__()
        level1 = LSTM(width) if level1 is None else level1
        if level1.width != width:
            raise UserError("level1", f"of width {level1.width}", f"give a backbone of width {width}")
        self.width = width
        self.causal = getattr(level1, "causal", True)
        self.level1 = level1
        self.level2 = FeedForward(width, expansion)
        self.level3 = FeedForward(width, expansion)

    def initial_state(
        self, lanes: int, *, device: torch.device | str | None = None, dtype: torch.dtype | None = None
    ) -> State:
        """The fresh state of level 1, which is the only level with a memory."""
        return State.join({"level1": self.level1.initial_state(lanes, device=device, dtype=dtype)})

    def forward(
        self,
        x: Float[Tensor, "lanes time width"],
        state: State | None = None,
        reset: Bool[Tensor, "lanes"] | Bool[Tensor, "lanes time"] | None = None,
    ) -> tuple[Float[Tensor, "lanes time width"], State]:
        """Reads `time` vectors per lane, see `segue.backbones.protocol.Backbone`."""
        h, memory = self.level1(x, None if state is None else state.part("level1"), reset)
        return self.level3(self.level2(h)), State.join({"level1": memory})
