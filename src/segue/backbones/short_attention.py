"""Self-attention over short windows on a CPU, with a backward pass of its own, for training.

Autograd through rotation, masks and `scaled_dot_product_attention` writes some forty arrays a layer. Most of them are
zeros around slices. Over windows of 4 to 40 patches, this takes five times as long as the products. Here the forward
pass rotates queries and keys into one array, and the backward pass writes the gradient of queries, keys and values into
one array. All sums have at least single precision. `segue.backbones.attention` holds the equivalent plain form.
"""

from functools import lru_cache
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.autograd.function import once_differentiable

LONGEST = 64
"""Vectors. The plain form takes 1.3 to 2 times as long up to 64, 1.14 at 96 and 1.03 at 192
(benchmarks/results/attention-lengths-amd-epyc-2026-11-28.csv). So longer windows gain little, and all their scores
would be kept for the backward pass."""


def is_short(qkv: Float[Tensor, "lanes time parts"]) -> bool:
    """Whether the form of this module is faster than the plain form: in training, on a CPU, over a short window."""
    return qkv.requires_grad and qkv.device.type == "cpu" and 0 < qkv.shape[1] <= LONGEST


def short_attention(
    qkv: Float[Tensor, "lanes time parts"], allowed: Bool[Tensor, "lanes time time"] | None, heads: int, *, rotary: bool
) -> Float[Tensor, "lanes time width"]:
    """Returns the weighted means of the values, with the heads side by side.

    Args:
        qkv: Queries, keys and values side by side, each of `width`; not rotated.
        allowed: True where a vector attends to another one. `None` means itself and all vectors before it.
        heads: The number of heads.
        rotary: Whether queries and keys are turned by their position, as `segue.backbones.attention.rotate` does.
    """
    with torch.autocast("cpu", enabled=False):  # bfloat16 does not speed up products of this size
        mixed: Tensor = _ShortAttention.apply(qkv, allowed, heads, rotary)  # type: ignore[no-untyped-call]
    return mixed


class _ShortAttention(torch.autograd.Function):
    """Scores, softmax and mixture of all heads at once; (lanes, heads) is the batch of every product."""

    @staticmethod
    def forward(ctx: Any, qkv: Tensor, allowed: Tensor | None, heads: int, rotary: bool) -> Tensor:
        lanes, time, width = qkv.shape[0], qkv.shape[1], qkv.shape[2] // 3
        size, exact = width // heads, torch.promote_types(qkv.dtype, torch.float32)
        parts = qkv.detach().view(lanes, time, 3, heads, size).permute(2, 0, 3, 1, 4)
        ready = torch.empty(3, lanes, heads, time, size, dtype=exact)
        ready.copy_(parts)
        ctx.turn = turns(time, size // 2, exact) if rotary else None
        if ctx.turn is not None:
            _rotate(ready[:2], *ctx.turn)
        query, key, value = ready.flatten(1, 2)
        bias = _bias(allowed, time, exact).expand(lanes, heads, time, time).reshape(-1, time, time)
        weight = torch.baddbmm(bias, query, key.transpose(1, 2), alpha=size**-0.5).softmax(-1)
        ctx.save_for_backward(ready, weight)
        mixed = (weight @ value).view(lanes, heads, time, size)
        out = torch.empty(lanes, time, heads, size, dtype=qkv.dtype)
        out.copy_(mixed.transpose(1, 2))
        return out.flatten(2)

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator, unused-ignore]
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, None, None, None]:
        ready, weight = ctx.saved_tensors
        _, lanes, heads, time, size = ready.shape
        query, key, value = ready.flatten(1, 2)
        slopes = torch.empty(lanes, heads, time, size, dtype=ready.dtype)
        slopes.copy_(slope.view(lanes, time, heads, size).transpose(1, 2))
        above = slopes.flatten(0, 1)
        found = torch.empty_like(ready)
        to_query, to_key, to_value = found.flatten(1, 2)
        torch.bmm(weight.transpose(1, 2), above, out=to_value)
        to_scores = torch._softmax_backward_data(above @ value.transpose(1, 2), weight, -1, weight.dtype)
        to_scores *= size**-0.5
        torch.bmm(to_scores, key, out=to_query)
        torch.bmm(to_scores.transpose(1, 2), query, out=to_key)
        if ctx.turn is not None:
            cos, sin = ctx.turn
            _rotate(found[:2], cos, -sin)  # the inverse of a rotation is the rotation back
        out = torch.empty(lanes, time, 3, heads, size, dtype=slope.dtype)
        out.copy_(found.permute(1, 3, 0, 2, 4))
        return out.flatten(2), None, None, None


@lru_cache(maxsize=64)  # a few lengths a run
def turns(time: int, half: int, exact: torch.dtype) -> tuple[Float[Tensor, "time half"], Float[Tensor, "time half"]]:
    """Cosine and sine of position * 10000^(-2i/size), where size is 2 * half (Su et al. 2021, equation 15)."""
    frequency = 10_000.0 ** (-torch.arange(half, dtype=exact) / half)
    angle = torch.arange(time, dtype=exact)[:, None] * frequency
    return angle.cos(), angle.sin()


def _bias(
    allowed: Bool[Tensor, "lanes time time"] | None, time: int, exact: torch.dtype
) -> Float[Tensor, "#lanes 1 time time"]:
    """A term to add to the scores: minus infinity where a vector must not attend, else zero."""
    if allowed is None:
        return torch.full((1, 1, time, time), -torch.inf, dtype=exact).triu(1)
    return torch.zeros(allowed.shape, dtype=exact).masked_fill_(~allowed, -torch.inf)[:, None]


def _rotate(x: Float[Tensor, "*batch time size"], cos: Tensor, sin: Tensor) -> None:
    """Turns each pair (x_i, x_{i + size/2}) in place."""
    first, second = x.chunk(2, dim=-1)
    turned = first * sin
    first.mul_(cos).addcmul_(second, sin, value=-1)
    second.mul_(cos).add_(turned)
