"""Encoders: a vector for each token that depends on the whole sentence. Neither is causal; neither reads padding."""

from itertools import pairwise

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from segue.backbones.recurrent import LSTM, RNN
from segue.backbones.transformer import Block
from segue.state import State
from segue.translate.model.memory import Memory, mask_of
from segue.translate.model.positions import sinusoids


class RecurrentEncoder(nn.Module):
    """Two recurrent backbones, one from the first token to the last and one back (Schuster and Paliwal 1997).

    Each reads one half of the input vectors, and the outputs of both for a token are concatenated. This takes a quarter
    of the work of two readings of the whole, and translates no worse after as many steps
    (docs/notebook/translation.md). The final state concatenates that of `forth` at the sentence's last token and that
    of `back` at its first.

    Args:
        forth: Reads the first half of each vector, in the order of the sentence; half as wide as the input.
        back: Reads the second half, from the last token to the first; of the same kind and size as `forth`.
    """

    causal = False

    def __init__(self, forth: RNN | LSTM, back: RNN | LSTM) -> None:
        super().__init__()
        self.forth, self.back = forth, back

    def forward(self, x: Float[Tensor, "lanes from width"], length: Int[Tensor, "lanes"]) -> Memory:
        """Reads the first `length` vectors of each lane, at least one."""
        mask, order = mask_of(length, x.shape[1]), _reversed(length, x.shape[1])
        first_half, second_half = x.chunk(2, dim=-1)
        forth, last = _read(self.forth, first_half, length)
        back, first = _read(self.back, _gather(second_half, order), length)
        final = State({name: torch.cat([last[name], first[name]], dim=-1) for name in last})
        return Memory(torch.cat([forth, _gather(back, order)], dim=-1), mask, final)


class TransformerEncoder(nn.Module):
    """Pre-norm blocks in which all tokens of a sentence attend to each other (Vaswani et al. 2017, section 3.1).

    Positions are sinusoids, which have no greatest length; but lengths not seen in training stay untrained. The final
    state is the vector of the last token.

    Args:
        width: Size of the vectors.
        heads: Attention heads; divides `width`.
        layers: Number of blocks.
        dropout: Share of the values of each branch that training leaves out.
    """

    causal = False

    def __init__(self, width: int, *, heads: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            Block(width, heads, rotary=False, depth=layers, dropout=dropout) for _ in range(layers)
        )
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Float[Tensor, "lanes from width"], length: Int[Tensor, "lanes"]) -> Memory:
        """Reads the first `length` vectors of each lane, at least one."""
        x = x + sinusoids(torch.arange(x.shape[1], device=x.device), x.shape[2]).to(x.dtype)
        mask = mask_of(length, x.shape[1])
        allowed = mask[:, None].expand(-1, x.shape[1], -1)
        for block in self.blocks:
            x, _, _ = block(x, None, allowed)
        states = self.norm(x)
        return Memory(states, mask, State({"hidden": _gather(states, length[:, None] - 1)}))


def _read(
    backbone: RNN | LSTM, x: Float[Tensor, "lanes time width"], length: Int[Tensor, "lanes"]
) -> tuple[Float[Tensor, "lanes time width"], State]:
    """The hidden vectors, zero at padding, and each lane's state after its last vector.

    The window is cut wherever a lane ends, and the kernel reads each stretch in the lanes that continue. Where all
    lengths agree, as they nearly do in batches made by length, this is one call. (A packed sequence needs a single
    call, but its backward pass on the CPU takes time quadratic in the window.)
    """
    state = backbone.initial_state(len(x))
    stretches = []
    for begin, end in pairwise([0, *length.unique().tolist()]):
        reading = (length > begin).nonzero().squeeze(1)
        h, after = backbone(x[reading, begin:end], state.select(reading))
        state = state.scatter(reading, after)
        stretches.append(h.new_zeros(len(x), end - begin, backbone.width).index_copy(0, reading, h))
    h = torch.cat(stretches, dim=1)
    return nn.functional.pad(h, (0, 0, 0, x.shape[1] - h.shape[1])), state


def _reversed(length: Int[Tensor, "lanes"], longest: int) -> Int[Tensor, "lanes longest"]:
    """The index each position reads from when a sentence is reversed; padding stays in its position."""
    index = torch.arange(longest, device=length.device).expand(len(length), longest)
    return torch.where(mask_of(length, longest), length[:, None] - 1 - index, index)


def _gather(x: Float[Tensor, "lanes time width"], index: Int[Tensor, "lanes picked"]) -> Tensor:
    """The vectors at the given indices of each lane."""
    return x.gather(1, index[..., None].expand(-1, -1, x.shape[-1]))
