"""AdamW with decay on the matrices only; its moments have the names of parameters, as safetensors needs."""

from collections.abc import Callable, Mapping
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from segue.training.schedule import TrainingConfig


@runtime_checkable
class Optimizer(Protocol):
    """The interface of optimisers for the training loop: `SingleRate` below, or `segue.training.clocks.MultiRate`."""

    def zero_grad(self) -> None:
        """Drops the gradients of the step before."""
        ...

    def gradient_norm(self) -> Tensor:
        """The norm of the parameters' gradients, before clipping; changes nothing."""
        ...

    def step(self, step: int, schedule: float) -> float:
        """Updates the parameters by their gradients.

        Args:
            step: The number of the step, from 1.
            schedule: The learning rate, as a share of the highest.

        Returns:
            The learning rate.
        """
        ...

    def tensors(self) -> dict[str, Tensor]:
        """The optimiser's state, as `name.key` for the parameter called `name`; no copies."""
        ...

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Takes a state that `tensors` returned.

        Raises:
            KeyError: A tensor belongs to no parameter.
        """
        ...


BuildOptimizer = Callable[[nn.Module, TrainingConfig], Optimizer]
"""Makes the optimiser of a model, `single_rate` for one."""


def is_decayed(name: str, parameter: Tensor) -> bool:
    """Whether weight decay applies: to matrices, but not to norms, biases and learned positions.

    Decay draws weights to zero. That regularises a map from vectors to vectors. A gain, an offset or a learned position
    has no reason to be near zero.
    """
    return parameter.dim() >= 2 and name.rpartition(".")[2].startswith("weight")  # torch's own names of matrices


def build_adamw(parameters: Mapping[str, nn.Parameter], config: TrainingConfig) -> torch.optim.AdamW:
    """AdamW (arXiv:1711.05101), in a decayed and an undecayed group."""
    groups = [
        {"params": [p for name, p in parameters.items() if is_decayed(name, p)], "weight_decay": config.weight_decay},
        {"params": [p for name, p in parameters.items() if not is_decayed(name, p)], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=config.learning_rate, betas=config.betas, fused=True)


class SingleRate:
    """AdamW that updates all parameters at every step and clips their gradients together.

    Args:
        parameters: By name; those without gradients are left as they are.
        config: The highest learning rate, the clip, the decays.
    """

    def __init__(self, parameters: Mapping[str, nn.Parameter], config: TrainingConfig) -> None:
        self._parameters = {name: parameter for name, parameter in parameters.items() if parameter.requires_grad}
        self._config = config
        self._adamw = build_adamw(self._parameters, config)

    def zero_grad(self) -> None:
        """See `Optimizer`."""
        self._adamw.zero_grad()

    def gradient_norm(self) -> Tensor:
        """See `Optimizer`."""
        return nn.utils.get_total_norm([p.grad for p in self._parameters.values() if p.grad is not None])

    def step(self, step: int, schedule: float) -> float:
        """See `Optimizer`."""
        rate = self._config.learning_rate * schedule
        nn.utils.clip_grad_norm_(self._parameters.values(), self._config.clip)
        for group in self._adamw.param_groups:
            group["lr"] = rate
        self._adamw.step()
        return rate

    def tensors(self) -> dict[str, Tensor]:
        """The moments: `weight.exp_avg`, `weight.exp_avg_sq`, `weight.step` for parameter `weight`."""
        return {
            f"{name}.{key}": tensor
            for name, parameter in self._parameters.items()
            if parameter in self._adamw.state
            for key, tensor in self._adamw.state[parameter].items()
        }

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """See `Optimizer`."""
        self._adamw.state.clear()
        for name, tensor in tensors.items():
            owner, _, key = name.rpartition(".")
            parameter = self._parameters[owner]
            self._adamw.state[parameter][key] = tensor.to(parameter.device, copy=True)


def single_rate(model: nn.Module, config: TrainingConfig) -> Optimizer:
    """The optimiser of a model without levels."""
    return SingleRate(dict(model.named_parameters()), config)
