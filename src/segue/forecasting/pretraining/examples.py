"""The examples of a step of pretraining: the inputs of the network, and the values that follow each."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from segue.forecasting.nanotst.features import Inputs, features_of
from segue.forecasting.nanotst.patches import beginnings
from segue.forecasting.nanotst.reference import FARTHEST
from segue.forecasting.pretraining.windows import Batch

_FEWEST = 3  # observed values: with fewer, a lane shows one move or none, which says little about its scale


@dataclass(frozen=True, eq=False)
class Examples:
    """A batch as the network reads it. It depends on no weight, so another process can make it."""

    inputs: Inputs
    """The inputs of the network at each patch."""
    target: Float[Tensor, "lanes tokens patch"]
    """The values of the patch after each patch: squashed distances from the reference."""
    weight: Bool[Tensor, "lanes tokens patch"]
    """True where the value counts in the loss."""

    def to(self, device: torch.device) -> "Examples":
        """Returns the same batch on a device."""
        return Examples(self.inputs.to(device), self.target.to(device), self.weight.to(device))

    def tensors(self) -> tuple[Tensor, ...]:
        """Returns all tensors, in the order that `of` takes."""
        return *self.inputs.tensors(), self.target, self.weight

    @staticmethod
    def of(*tensors: Tensor) -> "Examples":
        """Makes the batch from its tensors."""
        return Examples(Inputs(*tensors[:-2]), *tensors[-2:])


def examples_of(batch: Batch) -> Examples:
    """Computes features and targets; the reference is in double precision, what the network reads in single precision.

    A patch does not count if the lane has fewer than three observed values before it, or only equal ones, which have no
    scale.
    """
    features, reference = features_of(batch.patches, batch.observed, batch.seasons, torch.float32)
    following = batch.patches.roll(-1, dims=1)  # the last patch has no following one, so its weight is zero
    # targets further out than any prediction count as the farthest one
    target = reference.normalise(following).asinh().clamp(-FARTHEST, FARTHEST).float()
    weight = batch.present.roll(-1, dims=1) & (reference.count >= _FEWEST)[..., None] & (reference.unit > 0)
    weight[:, -1] = False
    return Examples(features.inputs(torch.float32, beginnings(batch.observed)), target, weight)
