"""The experiment that Segue's memory started from, as its code had it, faults included (see the lab notebook).

What differs: our first step of a slow level takes 16 or 256 gradients, theirs one more, counted from 0; ours takes
their mean, theirs their sum, which makes hardly a difference to Adam; lanes of our copy of the text, whose articles are
in another order, have 1,315 windows, theirs 1,314; and `--precision` may be bfloat16.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from segue.device import Device
from segue.state import State
from segue.training.clocks import LevelConfig, MultiRate, split_levels
from segue.training.schedule import TrainingConfig
from segue.training.surprise import surprise_objective
from segue.training.trainer import CarryingLoss, Loss

LANES, WINDOW, WIDTH = 32, 256, 256
CLOCKS = (LevelConfig(1), LevelConfig(16, learning_rate=1.875e-5), LevelConfig(256, learning_rate=1.17e-6))
TRAINING = TrainingConfig(
    steps=2000,
    learning_rate=3e-4,
    weight_decay=0.0,
    warmup_steps=0,
    decay_share=0.0,
    clip=math.inf,
)


class Replica(nn.Module):
    """Draws its weights in the order of the experiment, so that seed 42 is its own; its state is that of the LSTM."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.level1 = nn.LSTM(WIDTH, WIDTH, batch_first=True)
        self.level2, self.level3 = (
            nn.Sequential(nn.Linear(WIDTH, 2 * WIDTH), nn.GELU(), nn.Linear(2 * WIDTH, WIDTH)) for _ in range(2)
        )
        replaced = nn.Linear(WIDTH, WIDTH)  # the experiment drew a head that it never used
        for layer in (*self.level2, *self.level3, replaced):
            if isinstance(layer, nn.Linear):  # sixty times the variance of torch's own, after four of them
                nn.init.xavier_uniform_(layer.weight)
                nn.init.zeros_(layer.bias)
        self.embed = nn.Embedding(classes, WIDTH).requires_grad_(False)
        self.head = nn.Linear(WIDTH, classes).requires_grad_(False)

    def initial_state(self) -> State:
        return State({name: torch.zeros(LANES, 1, WIDTH) for name in ("hidden", "cell")})

    def forward(self, tokens: Tensor, state: State) -> tuple[Tensor, tuple[Tensor, Tensor], State]:
        """Logits, the outputs of levels 1 and 2, and the state after."""
        before = tuple(state[name].transpose(0, 1).contiguous() for name in ("hidden", "cell"))
        y1, (hidden, cell) = self.level1(self.embed(tokens), before)
        y2 = self.level2(y1)
        after = State({"hidden": hidden.transpose(0, 1).float(), "cell": cell.transpose(0, 1).float()})
        return self.head(self.level3(y2)), (y1, y2), after


def coded(tokens: Tensor) -> tuple[Tensor, int]:
    """Only characters that occur have a number, 283 in WikiText-2; and how many these are."""
    classes, numbered = tokens.unique(return_inverse=True)
    return numbered, len(classes)


def replica_loss(
    model: Replica, tokens: Tensor, device: Device, *, persistent: bool, surprise: bool
) -> tuple[Loss | CarryingLoss, State | None]:
    """The loss of batch n, and the state before the first, as `segue.training.loop.train` wants them."""
    length = len(tokens) // LANES
    lanes = tokens[: LANES * length].view(LANES, length)

    def carried(step: int, state: State) -> tuple[Tensor, State]:
        at = (step - 1) % ((length - 1) // WINDOW) * WINDOW
        window = lanes[:, at : at + WINDOW + 1]
        with device.autocast():
            logits, outputs, state = model(window[:, :-1], state)
        losses = cross_entropy(logits.flatten(0, 1).float(), window[:, 1:].flatten(), reduction="none")
        loss = losses.mean()
        if surprise:
            objective = surprise_objective(losses, outputs)
            loss = loss + objective - objective.detach()  # minimised, but no part of what is reported
        return loss, state

    if persistent:
        return carried, model.initial_state()
    return lambda step: carried(step, model.initial_state())[0], None


def replica_optimizer(model: nn.Module, config: TrainingConfig) -> MultiRate:
    """The clocks of the experiment."""
    return MultiRate(model, config, split_levels(model, "level2", "level3"), CLOCKS)
