"""The running average of the weights: smoother than the last weights, and usually the better model."""

import copy

import torch
from torch import nn


def average_of(model: nn.Module) -> nn.Module:
    """A copy of the model without gradients: the average before the first step."""
    return copy.deepcopy(model).requires_grad_(False).eval()


@torch.no_grad()
def update_average(average: nn.Module, model: nn.Module, step: int, decay: float) -> None:
    """Moves the weights of `average` towards those of `model` after step `step`, in place.

    The average after step n is d a + (1 - d) w with d = min(decay, n / (n + 9)). In the first steps d is smaller;
    otherwise the random first weights would stay in the average for long. Buffers are copied.

    Args:
        average: What `average_of` returned.
        model: The model in training.
        step: From 1.
        decay: The long-run decay per step.
    """
    weight = 1 - min(decay, step / (step + 9))
    for mean, parameter in zip(average.parameters(), model.parameters(), strict=True):
        mean.lerp_(parameter, weight)
    for copied, buffer in zip(average.buffers(), model.buffers(), strict=True):
        copied.copy_(buffer)
