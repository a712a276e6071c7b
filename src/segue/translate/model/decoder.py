"""What every decoder is, and the recurrent one: with attention, or with the encoder's final state alone."""

from typing import NamedTuple, Protocol

import torch
from jaxtyping import Float
from torch import Tensor, nn

from segue.backbones.recurrent import LSTM, RNN
from segue.state import State
from segue.translate.model.attention import Attention
from segue.translate.model.memory import Memory


class Decoded(NamedTuple):
    """What a decoder makes of the target tokens it has read."""

    hidden: Float[Tensor, "lanes to width"]
    """One vector a token, from which the next token is predicted."""
    state: State
    """What it remembers of all target tokens so far."""
    weights: Float[Tensor, "lanes layers heads to from"] | None
    """Attention to the source, where there is any and it was asked for."""


class Decoder(Protocol):
    """Reads target tokens, all at once or one by one, and looks at the source.

    Two states run in the same lanes, so that a beam is reordered, and a finished sentence dropped, by `State.select`
    on both: `source` never changes, `state` goes on with every token.
    """

    def begin(self, memory: Memory) -> tuple[State, State]:
        """What is made of the source once for all steps, and the state before the first target token."""
        ...

    def __call__(
        self, x: Float[Tensor, "lanes to width"], state: State, source: State, *, weights: bool = False
    ) -> Decoded:
        """Reads `to` vectors per lane; in one call or in several, the outcome is the same."""
        ...


class RecurrentDecoder(nn.Module):
    """A recurrent backbone that begins where a `RecurrentEncoder` ended.

    Without attention that final state is all it learns of the source (Sutskever et al. 2014). With attention its
    hidden vectors look back at every source token once they are made, h' = tanh(W [context; h]) (Luong et al. 2015,
    equation 5). What they see is not fed to the next step, so a whole sentence is one call of the fused kernel.

    Args:
        backbone: Reads the target.
        attention: How it looks at the source; `None` for not at all.
    """

    def __init__(self, backbone: RNN | LSTM, attention: Attention | None) -> None:
        super().__init__()
        width = backbone.width
        self.backbone, self.attention = backbone, attention
        self.bridge = nn.ModuleDict({name: nn.Linear(width, width) for name in backbone.initial_state(1)})
        if attention is not None:
            self.mix = nn.Linear(2 * width, width)

    def begin(self, memory: Memory) -> tuple[State, State]:
        """Keys, values and mask; and the backbone's state by a linear map of the encoder's, each of its parts apart."""
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
        context, seen = self.attention.attend(hidden, source["key"], source["value"], source["mask"])
        hidden = self.mix(torch.cat([context, hidden], dim=-1)).tanh()
        return Decoded(hidden, state, seen[:, None, None] if weights else None)
