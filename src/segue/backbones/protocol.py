"""The interface of every backbone: a map from a sequence and a memory to a sequence and a memory."""

from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from segue.state import State


@runtime_checkable
class Backbone(Protocol):
    """`h, state = backbone(x, state, reset)`.

    `segue.backbones.conformance` checks what this interface promises: chunking, causality, lanes, reset.
    """

    width: int
    """Size of each input and output vector."""

    def initial_state(
        self, lanes: int, *, device: torch.device | str | None = None, dtype: torch.dtype | None = None
    ) -> State:
        """The state of lanes that have seen nothing: zeros."""
        ...

    def __call__(
        self,
        x: Float[Tensor, "lanes time width"],
        state: State | None = None,
        reset: Bool[Tensor, "lanes"] | Bool[Tensor, "lanes time"] | None = None,
    ) -> tuple[Float[Tensor, "lanes time width"], State]:
        """Reads `time` vectors per lane.

        Args:
            x: The inputs.
            state: The memory of the lanes; `None` for fresh lanes. It is not changed.
            reset: Where true, the lane forgets everything just before that vector is read. A (lanes,) mask applies
                to the first vector.

        Returns:
            The hidden vectors, each a function of this and earlier vectors since the last reset, and the new state.
        """
        ...
