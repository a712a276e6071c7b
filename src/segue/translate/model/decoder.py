"""The protocol of all decoders, and the recurrent decoder: with attention, or with the encoder's final state alone."""

from typing import NamedTuple, Protocol

import torch
from jaxtyping import Float
from torch import Tensor, nn

from segue.backbones.recurrent import LSTM, RNN
from segue.state import State
from segue.translate.model.attention import Attention
from segue.translate.model.memory import Memory


class Decoded(NamedTuple):
    """The output of a decoder for the target tokens it has read."""

    hidden: Float[Tensor, "lanes to width"]
    """One vector for each token, from which the next token is predicted."""
    state: State
    """Its memory of all target tokens so far."""
    weights: Float[Tensor, "lanes layers heads to from"] | None
    """Attention to the source; None where the decoder has none, or it was not requested."""


class Decoder(Protocol):
    """Reads target tokens, all at once or one by one, and attends to the source.

    It works with two states of the same lanes: `source` never changes, and `state` changes with every token. So
    `State.select` on both reorders a beam or drops a finished sentence.
    """

    def begin(self, memory: Memory) -> tuple[State, State]:
        """The source as all steps read it, computed once, and the state before the first target token."""
        ...

    def __call__(
        self, x: Float[Tensor, "lanes to width"], state: State, source: State, *, weights: bool = False
    ) -> Decoded:
        """Reads `to` vectors per lane; one call and several give the same result."""
        ...


class RecurrentDecoder(nn.Module):
    """A recurrent backbone that begins where a `RecurrentEncoder` ended.

    Without attention it receives nothing else of the source (Sutskever et al. 2014). With attention each of its hidden
    vectors also reads every source token, h' = tanh(W [context; h]) (Luong et al. 2015, equation 5). The context is not
    fed to the next step, so a whole sentence is one call of the fused kernel.

    Args:
        backbone: Reads the target.
        attention: How it attends to the source; `None` for no attention.
    """

    def __init__(self, backbone: RNN | LSTM, attention: Attention | None) -> None:
        super().__init__()
        width = backbone.width
        self.backbone, self.attention = backbone, attention
        self.bridge = nn.ModuleDict({name: nn.Linear(width, width) for name in backbone.initial_state(1)})
        if attention is not None:
            self.mix = nn.Linear(2 * width, width)

    def begin(self, memory: Memory) -> tuple[State, State]:
        """Keys, values and mask; and the backbone's state, a linear map of each part of the encoder's final state."""
        state = State(
            {name: bridge(memory.final[name]).to(memory.final[name].dtype) for name, bridge in self.bridge.items()}
        )
        source = {"mask": memory.mask}
        if self.attention is not None:
            source |= {"key": self.attention.prepare(memory.states), "value": memory.states}
        return State(source), state

    def forward(
        self, x: Float[Tensor, "lanes to width"], state: State, source: State, *, weights: bool = False
    ) -> Decoded:
        """Reads `to` vectors per lane, see `Decoder`."""
        hidden, state = self.backbone(x, state)
        if self.attention is None:
            return Decoded(hidden, state, None)
        context, attention = self.attention.attend(hidden, source["key"], source["value"], source["mask"])
        hidden = self.mix(torch.cat([context, hidden], dim=-1)).tanh()
        return Decoded(hidden, state, attention[:, None, None] if weights else None)
