"""Attention over cached and new vectors."""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from segue.backbones.short_attention import is_short, short_attention


class Attention(nn.Module):
    """Multi-head scaled dot-product attention over cached and new vectors (Vaswani et al. 2017, section 3.2)."""

    def __init__(self, width: int, heads: int, *, rotary: bool) -> None:
        super().__init__()
        if width % heads or (rotary and width // heads % 2):
            raise ValueError(f"{heads} heads do not divide a width of {width} into parts of an even size")
        self.heads, self.rotary = heads, rotary
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(
        self,
        x: Float[Tensor, "lanes time width"],
        cache: tuple[Float[Tensor, "lanes slots width"], Float[Tensor, "lanes slots width"]] | None,
        allowed: Bool[Tensor, "lanes time keys"] | None,
        since: int = 0,
    ) -> tuple[Float[Tensor, "lanes new width"], Float[Tensor, "lanes keys width"], Float[Tensor, "lanes keys width"]]:
        """Computes the outputs of the new vectors from index `since` on, and the keys and values of all vectors.

        `allowed` is true where a query may attend to a key. `None` lets each query attend to all new vectors up to its
        own.
        """
        if since:
            query, key, value = self._project_since(x, since)
        else:
            qkv = self.qkv(x)
            query, key, value = qkv.chunk(3, dim=-1)
            if cache is None and is_short(qkv):
                return self.out(short_attention(qkv, allowed, self.heads, rotary=self.rotary)), key, value
        if cache is not None:
            key, value = torch.cat([cache[0], key], dim=1), torch.cat([cache[1], value], dim=1)
        q, k, v = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in (query, key, value))
        if self.rotary:  # only distances matter, so the index in cache and input can serve as the position
            position = torch.arange(k.shape[2], device=x.device)
            q, k = rotate(q, position[k.shape[2] - q.shape[2] :]), rotate(k, position)
        mask = allowed[:, None, since:] if allowed is not None else None  # (lanes, 1, new, keys)
        mixed = attend(q, k, v, mask)
        return self.out(mixed.transpose(1, 2).flatten(2)), key, value

    def _project_since(self, x: Tensor, since: int) -> tuple[Tensor, Tensor, Tensor]:
        """Computes queries from `since` on, and keys and values of all vectors. Other queries have no use."""
        width, weight, bias = x.shape[2], self.qkv.weight, self.qkv.bias
        key, value = F.linear(x, weight[width:], bias[width:]).chunk(2, dim=-1)
        return F.linear(x[:, since:], weight[:width], bias[:width]), key, value


def attend(
    query: Float[Tensor, "lanes heads new size"],
    key: Float[Tensor, "lanes heads keys size"],
    value: Float[Tensor, "lanes heads keys size"],
    allowed: Bool[Tensor, "#lanes 1 #new keys"] | None,
) -> Float[Tensor, "lanes heads new size"]:
    """Returns for each query the mean of the values, weighted by softmax(query key^T / sqrt(size)).

    A query attends to the keys where `allowed` is true. With `None` it attends to its own position and all before it.
    """
    if query.device.type != "cpu" or query.dtype is not torch.bfloat16:
        return F.scaled_dot_product_attention(query, key, value, attn_mask=allowed, is_causal=allowed is None)
    # On a CPU, the backward pass of torch 2.13 through attention is slower in half precision than in single precision:
    # ten times over 16 patches, three times over 128 tokens. Over 512 tokens it is a quarter faster, which does not
    # justify a second code path.
    with torch.autocast("cpu", enabled=False):
        return attend(query.float(), key.float(), value.float(), allowed).to(query.dtype)


def rotate(x: Float[Tensor, "*batch time size"], position: Int[Tensor, "time"]) -> Float[Tensor, "*batch time size"]:
    """Turns each pair (x_i, x_{i + size/2}) by the angle position * 10000^(-2i/size) (Su et al. 2021, equation 15)."""
    half, exact = x.shape[-1] // 2, torch.promote_types(x.dtype, torch.float32)  # bfloat16 has no exact 257
    frequency = 10_000.0 ** (-torch.arange(half, device=x.device, dtype=exact) / half)
    angle = position.to(exact)[:, None] * frequency
    cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
    first, second = x[..., :half], x[..., half:]
    return torch.cat([first * cos - second * sin, first * sin + second * cos], dim=-1)
