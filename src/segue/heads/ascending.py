"""Sorts many short rows; each gradient goes back to the number that it belongs to."""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable


def ascending(rows: Float[Tensor, "*rows count"]) -> Float[Tensor, "*rows count"]:
    """The numbers of each row in ascending order.

    In training on a CPU numpy finds the order: `torch.sort` takes three times as long for 36,000 rows of 17 numbers
    (13 ms against 4 on a processor with AVX-512).
    """
    if rows.requires_grad and rows.device.type == "cpu":
        ordered: Tensor = _Ascending.apply(rows)  # type: ignore[no-untyped-call]
        return ordered
    return rows.sort(dim=-1).values


class _Ascending(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: Tensor) -> Tensor:
        order = torch.from_numpy(np.argsort(rows.detach().numpy(), axis=-1))
        ctx.save_for_backward(order)
        return rows.gather(-1, order)

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator, unused-ignore]
    def backward(ctx: Any, above: Tensor) -> Tensor:
        (order,) = ctx.saved_tensors
        return torch.empty_like(above).scatter_(-1, order, above)
