"""Batches of encoded pairs: about equal in size, with pairs of about equal length, in an order set by the seed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from segue.errors import UserError
from segue.translate.data.vocabulary import PADDING

POOL = 64
"""The number of batches in a pool, whose pairs are sorted by length together."""

Example = tuple[Sequence[int], Sequence[int]]
"""The tokens of a source with END, and those of its target with BEGIN and END."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Pairs side by side, each padded with `PADDING` to the longest of its side."""

    source: Int[Tensor, "pairs source_time"]
    source_length: Int[Tensor, "pairs"]
    target: Int[Tensor, "pairs target_time"]
    """With BEGIN in front and END behind."""
    target_length: Int[Tensor, "pairs"]
    """BEGIN and END included."""

    def to(self, device: torch.device) -> "Batch":
        """The same batch on another device."""
        return Batch(*(part.to(device) for part in (self.source, self.source_length, self.target, self.target_length)))

    @staticmethod
    def of(examples: Sequence[Example]) -> "Batch":
        """Pads examples to a batch."""
        sources, targets = zip(*examples, strict=True)
        return Batch(*pad(sources), *pad(targets))


class Batches:
    """Batch n, for n = 1, 2, ..., as a function of the seed and n alone. An epoch has each example once.

    Each epoch shuffles the examples and cuts them into pools. A pool is sorted by length and cut into batches, so that
    little is padding. Then all batches of the epoch are shuffled.

    Args:
        examples: The training examples.
        tokens: The most tokens of a side of a batch, padding included. A longer example is a batch of its own.
        seed: Decides all orders.

    Raises:
        UserError: There is no example, or `tokens` is below 1.
    """

    def __init__(self, examples: Sequence[Example], tokens: int, seed: int) -> None:
        if not examples:
            raise UserError("examples", "none", "give at least one pair")
        if tokens < 1:
            raise UserError("tokens", tokens, "give a whole number of at least 1")
        self._examples, self._tokens, self._seed = examples, tokens, seed
        self._lengths = np.array([[len(side) for side in example] for example in examples])
        self._longest = self._lengths.max(axis=1)
        self._pool = max(1, round(POOL * tokens / float(self._longest.mean())))
        self._ends: list[int] = []  # the number of the last batch of each planned epoch: a cache, not state
        self._plan: tuple[int, list[list[int]]] = (-1, [])

    def __call__(self, n: int) -> Batch:
        """Batch n, from 1."""
        epoch, index = self.locate(n)
        return Batch.of([self._examples[row] for row in self._planned(epoch)[index]])

    def epoch(self, number: int) -> Iterator[Batch]:
        """All batches of an epoch, from 0: each example once."""
        for rows in self._planned(number):
            yield Batch.of([self._examples[row] for row in rows])

    def locate(self, n: int) -> tuple[int, int]:
        """The epoch of batch n, and its index in that epoch, both from 0."""
        while not self._ends or self._ends[-1] < n:
            before = self._ends[-1] if self._ends else 0
            self._ends.append(before + len(self._planned(len(self._ends))))
        epoch = int(np.searchsorted(self._ends, n))
        return epoch, n - 1 - (self._ends[epoch - 1] if epoch else 0)

    def _planned(self, epoch: int) -> list[list[int]]:
        if self._plan[0] != epoch:
            self._plan = (epoch, self._draw(epoch))
        return self._plan[1]

    def _draw(self, epoch: int) -> list[list[int]]:
        """The rows of each batch of an epoch."""
        random = np.random.default_rng([self._seed, epoch])
        order = random.permutation(len(self._examples))
        batches = [batch for begin in range(0, len(order), self._pool)
                   for batch in self._cut(order[begin : begin + self._pool])]  # fmt: skip
        return [batches[index] for index in random.permutation(len(batches))]

    def _cut(self, pool: np.ndarray) -> Iterator[list[int]]:
        """Sorts a pool by source length, then target length, and cuts it where a batch is full."""
        ordered = pool[np.lexsort((self._lengths[pool, 1], self._lengths[pool, 0]))]
        rows: list[int] = []
        longest = 0
        for row, length in zip(ordered.tolist(), self._longest[ordered].tolist(), strict=True):
            if rows and (len(rows) + 1) * max(longest, length) > self._tokens:
                yield rows
                rows, longest = [], 0
            rows.append(row)
            longest = max(longest, length)
        if rows:
            yield rows


def pad(sequences: Sequence[Sequence[int]]) -> tuple[Int[Tensor, "lanes longest"], Int[Tensor, "lanes"]]:
    """Token sequences as one tensor, filled with `PADDING` at their ends, and their lengths."""
    length = torch.tensor([len(sequence) for sequence in sequences])
    tokens = torch.full((len(sequences), int(length.max())), PADDING)
    for lane, sequence in enumerate(sequences):
        tokens[lane, : len(sequence)] = torch.tensor(sequence)
    return tokens, length
