"""The experiment that Segue's memory started from, as its code had it, faults included (see the lab notebook).

Embedding, LSTM and two bare networks, of which embedding and output are never trained; Adam with the rate of a level
divided by its period; contiguous lanes that wrap; what is reported is the training perplexity of the last 100 steps.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from segue.training.clocks import LevelConfig, MultiRate, split_levels
from segue.training.schedule import TrainingConfig
from segue.training.surprise import surprise_objective

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
    """Its state is that of the LSTM, (hidden, cell)."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(classes, WIDTH).requires_grad_(False)
        self.level1 = nn.LSTM(WIDTH, WIDTH, batch_first=True)
        self.level2, self.level3 = (
            nn.Sequential(nn.Linear(WIDTH, 2 * WIDTH), nn.GELU(), nn.Linear(2 * WIDTH, WIDTH)) for _ in range(2)
        )
        self.head = nn.Linear(WIDTH, classes).requires_grad_(False)

    def forward(self, tokens: Tensor, state: tuple[Tensor, Tensor] | None) -> tuple[Tensor, ...]:
        y1, (hidden, cell) = self.level1(self.embed(tokens), state)
        y2 = self.level2(y1)
        return self.head(self.level3(y2)), y1, y2, hidden, cell


@dataclass
class ReplicaRun:
    """One arm: what changes from step to step."""

    tokens: Tensor
    persistent: bool
    surprise: bool
    seed: int

    def __post_init__(self) -> None:
        torch.manual_seed(self.seed)
        _, coded = self.tokens.unique(return_inverse=True)  # only characters that occur, 283 in WikiText-2
        self.model = Replica(int(coded.max()) + 1)
        length = len(coded) // LANES
        self.lanes = coded[: LANES * length].view(LANES, length)
        self.optimizer = MultiRate(self.model, TRAINING, split_levels(self.model, "level2", "level3"), CLOCKS)
        self.state: tuple[Tensor, Tensor] | None = None

    def step(self, n: int) -> float:
        """Step n, from 1, and its training loss."""
        at = (n - 1) % ((self.lanes.shape[1] - 1) // WINDOW) * WINDOW
        window = self.lanes[:, at : at + WINDOW + 1]
        self.optimizer.zero_grad()
        logits, y1, y2, hidden, cell = self.model(window[:, :-1], self.state if self.persistent else None)
        losses = cross_entropy(logits.transpose(1, 2), window[:, 1:], reduction="none")
        loss = losses.mean()
        if self.surprise:
            loss = loss + surprise_objective(losses, (y1, y2))
        loss.backward()
        self.optimizer.step(n)
        self.state = (hidden.detach(), cell.detach())
        return float(losses.detach().mean())
