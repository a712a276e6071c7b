"""What an encoder leaves of a source sentence."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from segue.state import State


@dataclass(frozen=True, eq=False)
class Memory:
    """A batch of sentences as the encoder sees them; padding has left no trace in it.

    Attributes:
        states: One vector a token; what stands at padding is masked wherever it is read.
        mask: True at tokens, false at padding.
        final: The state after each sentence's last token: all that a model without attention knows of the source.
    """

    states: Float[Tensor, "lanes from width"]
    mask: Bool[Tensor, "lanes from"]
    final: State


def mask_of(length: Int[Tensor, "lanes"], longest: int) -> Bool[Tensor, "lanes longest"]:
    """True in front of each lane's length."""
    return torch.arange(longest, device=length.device) < length[:, None]
