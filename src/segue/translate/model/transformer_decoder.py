"""The transformer as a decoder: self-attention over a growing cache, and attention to the source."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from segue.backbones.attention import Attention, attend
from segue.backbones.feedforward import FeedForward
from segue.state import State
from segue.translate.model.decoder import Decoded
from segue.translate.model.memory import Memory
from segue.translate.model.positions import sinusoids


class TransformerDecoder(nn.Module):
    """Pre-norm decoder blocks (Vaswani et al. 2017, section 3.1; Xiong et al. 2020), with sinusoids as positions.

    The state holds, per layer, the keys and values of all tokens read so far (`layer0.key`, `layer0.value`:
    (lanes, tokens, width)), and their number, `age`. Its shapes grow, unlike those of a backbone's state: all lanes of
    a batch begin together, and no sentence is long enough to need a window.

    Args:
        width: Size of the vectors.
        heads: Attention heads; divides `width`.
        layers: Number of blocks.
        dropout: Share of the values of each branch that training leaves out.
    """

    def __init__(self, width: int, *, heads: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.width = width
        self.blocks = nn.ModuleList(DecoderBlock(width, heads, depth=layers, dropout=dropout) for _ in range(layers))
        self.norm = nn.LayerNorm(width)

    def begin(self, memory: Memory) -> tuple[State, State]:
        """The source's keys and values in each layer, with the mask; and the empty caches."""
        lanes, empty = len(memory.mask), memory.states.new_zeros(len(memory.mask), 0, self.width)
        source, state = {"mask": memory.mask}, {"age": torch.zeros(lanes, dtype=torch.int64, device=empty.device)}
        for i, block in enumerate(self.blocks):
            assert isinstance(block, DecoderBlock)
            source[f"layer{i}.key"], source[f"layer{i}.value"] = block.cross.prepare(memory.states)
            state |= {f"layer{i}.key": empty, f"layer{i}.value": empty}
        return State(source), State(state)

    def forward(
        self, x: Float[Tensor, "lanes to width"], state: State, source: State, *, weights: bool = False
    ) -> Decoded:
        """Reads `to` vectors per lane, see `segue.translate.model.decoder.Decoder`."""
        step = torch.arange(x.shape[1], device=x.device)
        x = x + sinusoids(state["age"][:, None] + step, self.width).to(x.dtype)
        old = state["layer0.key"].shape[1]
        allowed = None  # causal, for which torch has a faster kernel
        if old:
            allowed = (torch.arange(old + len(step), device=x.device) <= old + step[:, None]).expand(len(x), -1, -1)
        tensors, attention = {"age": state["age"] + len(step)}, []
        for i, block in enumerate(self.blocks):
            names = f"layer{i}.key", f"layer{i}.value"
            cache, across = (tuple(part[name] for name in names) for part in (state, source))
            x, *kept, layer_attention = block(x, cache if old else None, allowed, (*across, source["mask"]), weights)
            tensors |= dict(zip(names, kept, strict=True))
            attention.append(layer_attention)
        return Decoded(self.norm(x), State(tensors), torch.stack(attention, dim=1) if weights else None)


class DecoderBlock(nn.Module):
    """x + self-attention of norm(x), x + cross-attention of norm(x), x + feed-forward of norm(x)."""

    def __init__(self, width: int, heads: int, *, depth: int, dropout: float) -> None:
        super().__init__()
        self.norm, self.cross_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, heads, rotary=False)
        self.cross = CrossAttention(width, heads)
        self.feed_forward = FeedForward(width, dropout=dropout)
        self.dropout = nn.Dropout(dropout)
        for out in (self.attention.out, self.cross.out, self.feed_forward.down):  # as `segue.backbones.transformer`
            nn.init.normal_(out.weight, std=0.02 / (3 * depth) ** 0.5)
            nn.init.zeros_(out.bias)

    def forward(
        self,
        x: Float[Tensor, "lanes to width"],
        cache: tuple[Float[Tensor, "lanes old width"], Float[Tensor, "lanes old width"]] | None,
        allowed: Bool[Tensor, "lanes to keys"] | None,
        source: tuple[Float[Tensor, "lanes from width"], Float[Tensor, "lanes from width"], Bool[Tensor, "lanes from"]],
        weights: bool,
    ) -> tuple[
        Float[Tensor, "lanes to width"],
        Float[Tensor, "lanes keys width"],
        Float[Tensor, "lanes keys width"],
        Float[Tensor, "lanes heads to from"] | None,
    ]:
        """Returns the new vectors, keys and values of cache and input together, and the attention to the source."""
        attended, key, value = self.attention(self.norm(x), cache, allowed)
        x = x + self.dropout(attended)
        context, attention = self.cross(self.cross_norm(x), *source, weights)
        return self.feed_forward(x + self.dropout(context)), key, value, attention


class CrossAttention(nn.Module):
    """Multi-head scaled dot-product attention to the source (Vaswani et al. 2017, section 3.2)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key_value, self.out = (
            nn.Linear(width, width),
            nn.Linear(width, 2 * width),
            nn.Linear(width, width),
        )

    def prepare(
        self, states: Float[Tensor, "lanes from width"]
    ) -> tuple[Float[Tensor, "lanes from width"], Float[Tensor, "lanes from width"]]:
        """Keys and values of the source, computed once a sentence."""
        key, value = self.key_value(states).chunk(2, dim=-1)
        return key, value

    def forward(
        self,
        x: Float[Tensor, "lanes to width"],
        key: Float[Tensor, "lanes from width"],
        value: Float[Tensor, "lanes from width"],
        mask: Bool[Tensor, "lanes from"],
        weights: bool,
    ) -> tuple[Float[Tensor, "lanes to width"], Float[Tensor, "lanes heads to from"] | None]:
        """The context, and the attention weights if requested; the kernel that does not return them is faster."""
        q, k, v = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in (self.query(x), key, value))
        allowed, attention = mask[:, None, None], None
        if weights:
            score = q @ k.transpose(2, 3) / q.shape[-1] ** 0.5
            attention = score.masked_fill(~allowed, -torch.inf).softmax(dim=-1)
            mixed = attention.to(v.dtype) @ v
        else:
            mixed = attend(q, k, v, allowed)
        return self.out(mixed.transpose(1, 2).flatten(2)), attention
