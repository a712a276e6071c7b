"""A causal transformer over a bounded window, with its key/value cache as the state."""

from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from segue.backbones.attention import Attention
from segue.backbones.feedforward import FeedForward
from segue.state import State


class Transformer(nn.Module):
    """Causal multi-head self-attention and feed-forward networks in pre-norm blocks (Vaswani 2017; Xiong et al. 2020).

    A vector attends to itself and to the `window - 1` vectors before it in its lane, but not beyond the lane's last
    reset. For each layer, the state holds the keys and values of the last `window - 1` vectors, newest last and before
    rotation (`layer0.key`, `layer0.value`: (lanes, window - 1, width)). It also holds `age`, the number of vectors that
    the lane has read since its reset. The age shows how many of the slots are filled.

    Args:
        width: Size of the vectors.
        heads: Number of attention heads; divides `width`.
        layers: Number of blocks.
        window: The number of vectors to which one vector attends, itself included.
        positions: `"rotary"` turns queries and keys by their distance (Su et al. 2021). `"learned"` adds a vector for
            each age to the input. From age `window` on it adds the last of these vectors.
    """

    causal = True

    def __init__(
        self, width: int, *, heads: int, layers: int, window: int, positions: Literal["learned", "rotary"] = "rotary"
    ) -> None:
        super().__init__()
        self.width, self.window = width, window
        self.positions = nn.Parameter(0.02 * torch.randn(window, width)) if positions == "learned" else None
        self.blocks = nn.ModuleList(
            Block(width, heads, rotary=positions == "rotary", depth=layers) for _ in range(layers)
        )
        self.norm = nn.LayerNorm(width)

    def initial_state(
        self, lanes: int, *, device: torch.device | str | None = None, dtype: torch.dtype | None = None
    ) -> State:
        """The state of lanes that have seen nothing: empty caches, age zero."""
        like = self.norm.weight
        device, shape = device or like.device, (lanes, self.window - 1, self.width)
        tensors = {
            f"layer{i}.{name}": torch.zeros(shape, device=device, dtype=dtype or like.dtype)
            for i in range(len(self.blocks))
            for name in ("key", "value")
        }
        return State(tensors | {"age": torch.zeros(lanes, dtype=torch.int64, device=device)})

    def forward(
        self,
        x: Float[Tensor, "lanes time width"],
        state: State | None = None,
        reset: Bool[Tensor, "lanes"] | Bool[Tensor, "lanes time"] | None = None,
    ) -> tuple[Float[Tensor, "lanes time width"], State]:
        """Reads `time` vectors per lane; see `segue.backbones.protocol.Backbone`."""
        hidden, caches, age = self._read(x, state, reset)
        filled = torch.arange(self.window - 1, 0, -1, device=x.device) <= age[:, None]  # (lanes, slots)
        tensors = {
            f"layer{i}.{name}": _newest(kept, filled).to(self.norm.weight.dtype)  # autocast may have narrowed it
            for i, cache in enumerate(caches)
            for name, kept in zip(("key", "value"), cache, strict=True)
        }
        return hidden, State(tensors | {"age": age})

    def encode(
        self, x: Float[Tensor, "lanes time width"], reset: Bool[Tensor, "lanes time"] | None = None, since: int = 0
    ) -> Float[Tensor, "lanes newest width"]:
        """Returns the hidden vectors of `forward` for fresh lanes, from index `since` on, without making a state."""
        return self._read(x, None, reset, since)[0]

    def _read(
        self, x: Tensor, state: State | None, reset: Tensor | None, since: int = 0
    ) -> tuple[Tensor, list[tuple[Tensor, Tensor]], Tensor]:
        """Returns hidden vectors, the keys and values of cache and input for each layer, and the age after them."""
        age = state["age"] if state is not None else torch.zeros(x.shape[0], dtype=torch.int64, device=x.device)
        segment, ages = _segments(age, x.shape[1], reset)
        if self.positions is not None:
            x = x + self.positions[ages.clamp(max=self.window - 1)]
        plain = state is None and reset is None and x.shape[1] <= self.window  # torch has a faster kernel for this
        plain = plain and not since
        allowed = None if plain else _allowed(age, segment, self.window, cached=state is not None)

        caches = []
        for i, block in enumerate(self.blocks):
            cache = (state[f"layer{i}.key"], state[f"layer{i}.value"]) if state is not None else None
            last = i == len(self.blocks) - 1  # no block reads its outputs before `since`
            x, key, value = block(x, cache, allowed, since if last else 0)
            caches.append((key, value))
        return self.norm(x), caches, ages[:, -1] + 1 if x.shape[1] else age


class Block(nn.Module):
    """One block: x + attention(norm(x)), then x + network(norm(x)), with dropout in both branches."""

    def __init__(self, width: int, heads: int, *, rotary: bool, depth: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.attention = Attention(width, heads, rotary=rotary)
        self.feed_forward = FeedForward(width, dropout=dropout)
        self.dropout = nn.Dropout(dropout)
        for out in (
            self.attention.out,
            self.feed_forward.down,
        ):  # branches start small, so that depth does not add up (Radford 2019)
            nn.init.normal_(out.weight, std=0.02 / (2 * depth) ** 0.5)
            nn.init.zeros_(out.bias)

    def forward(
        self,
        x: Float[Tensor, "lanes time width"],
        cache: tuple[Float[Tensor, "lanes slots width"], Float[Tensor, "lanes slots width"]] | None,
        allowed: Bool[Tensor, "lanes time keys"] | None,
        since: int = 0,
    ) -> tuple[Float[Tensor, "lanes new width"], Float[Tensor, "lanes keys width"], Float[Tensor, "lanes keys width"]]:
        """Returns the new vectors from `since` on, and the keys and values of cache and input together."""
        attended, key, value = self.attention(self.norm(x), cache, allowed, since)
        return self.feed_forward(x[:, since:] + self.dropout(attended)), key, value


def _segments(
    age: Int[Tensor, "lanes"], time: int, reset: Bool[Tensor, "lanes"] | Bool[Tensor, "lanes time"] | None
) -> tuple[Int[Tensor, "lanes time"], Int[Tensor, "lanes time"]]:
    """For each new vector: how many resets come up to it, and how many vectors its lane had read since the last one."""
    step = torch.arange(time, device=age.device).expand(age.shape[0], time)
    if reset is None:
        return torch.zeros_like(step), age[:, None] + step
    if reset.dim() == 1:
        reset = reset[:, None] & (step == 0)
    segment = reset.long().cumsum(1)
    begin = torch.where(reset, step, 0).cummax(1).values
    return segment, torch.where(segment == 0, age[:, None] + step, step - begin)


def _allowed(
    age: Int[Tensor, "lanes"], segment: Int[Tensor, "lanes time"], window: int, *, cached: bool
) -> Bool[Tensor, "lanes time keys"]:
    """True where a new vector attends to a key, cached keys first: in its own segment, at most `window - 1` back."""
    time = segment.shape[1]
    step = torch.arange(time, device=age.device)
    distance = step[:, None] - step  # (time, time)
    new = (distance >= 0) & (distance < window) & (segment[:, :, None] == segment[:, None, :])
    if not cached:
        return new
    back = torch.arange(window - 1, 0, -1, device=age.device)  # slot -> how far before the first new vector
    old = (step[:, None] + back < window) & (back <= age[:, None])[:, None] & (segment == 0)[:, :, None]
    return torch.cat([old, new], dim=2)


def _newest(keys: Float[Tensor, "lanes keys width"], filled: Bool[Tensor, "lanes slots"]) -> Tensor:
    """The newest keys as a cache. Shorter input is padded in front, and slots without a vector are zeros."""
    slots = filled.shape[1]
    kept = F.pad(keys[:, max(keys.shape[1] - slots, 0) :], (0, 0, max(slots - keys.shape[1], 0), 0))
    return kept * filled[..., None]
