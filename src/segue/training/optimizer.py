"""AdamW with decay on the matrices only, and its moments by parameter name, so that they fit into safetensors."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from segue.training.schedule import TrainingConfig


def is_decayed(name: str, parameter: Tensor) -> bool:
    """Whether weight decay applies: to matrices, but not to norms, biases and learned positions.

    Decay draws weights to zero. That regularises a map from vectors to vectors; a gain, an offset or a place in time
    has no reason to be near zero.
    """
    return parameter.dim() >= 2 and name.rpartition(".")[2].startswith("weight")  # as torch names its matrices


def build_optimizer(model: nn.Module, config: TrainingConfig) -> torch.optim.AdamW:
    """AdamW (arXiv:1711.05101) over all parameters that take gradients, in a decayed and an undecayed group."""
    named = [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]
    decayed = [parameter for name, parameter in named if is_decayed(name, parameter)]
    others = [parameter for name, parameter in named if not is_decayed(name, parameter)]
    groups = [
        {"params": decayed, "weight_decay": config.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=config.learning_rate, betas=config.betas, fused=True)


def optimizer_tensors(model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """What the optimiser remembers: `weight.exp_avg`, `weight.exp_avg_sq`, `weight.step` for parameter `weight`."""
    return {
        f"{name}.{key}": tensor
        for name, parameter in model.named_parameters()
        if parameter in optimizer.state
        for key, tensor in optimizer.state[parameter].items()
    }


def restore_optimizer(model: nn.Module, optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Puts back what `optimizer_tensors` gave.

    Raises:
        KeyError: A tensor belongs to no parameter of the model.
    """
    parameters = dict(model.named_parameters())
    optimizer.state.clear()
    for name, tensor in tensors.items():
        owner, _, key = name.rpartition(".")
        parameter = parameters[owner]
        optimizer.state[parameter][key] = tensor.to(parameter.device, copy=True)
