"""The output of an encoder: everything that a decoder can know of a source sentence."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from segue.state import State


@dataclass(frozen=True, eq=False)
class Memory:
    """A batch of encoded sentences; no value at a token depends on padding.

    Attributes:
        states: One vector for each token; values at padding are masked wherever they are read.
        mask: True at tokens, false at padding.
        final: The state after each sentence's last token; a model without attention passes on nothing else.
    """

    states: Float[Tensor, "lanes from width"]
    mask: Bool[Tensor, "lanes from"]
    final: State


def mask_of(length: Int[Tensor, "lanes"], longest: int) -> Bool[Tensor, "lanes longest"]:
    """True at indices below each lane's length."""
    return torch.arange(longest, device=length.device) < length[:, None]
