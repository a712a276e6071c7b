"""The interface of every backbone: a map from a sequence and a memory to a sequence and a memory."""

from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from segue.state import State


@runtime_checkable
class Backbone(Protocol):
    """`h, state = backbone(x, state, reset)`.

    `segue.backbones.conformance` checks the laws that this interface promises: chunking, causality, lanes, resets.
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
            reset: Where it is true, the lane forgets everything just before it reads that vector. A mask of shape
                (lanes,) applies to the first vector.

        Returns:
            The hidden vectors and the new state. A hidden vector depends on its own input and on earlier inputs since
            the last reset.
        """
        ...
