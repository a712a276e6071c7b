"""One hypothesis a lane, token by token: the most probable token each time, or a drawn one."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from segue.heads.categorical import Categorical
from segue.heads.sampling import Sampling
from segue.state import State
from segue.translate.data.vocabulary import BEGIN, END
from segue.translate.decode.rules import Rules
from segue.translate.model.seq2seq import Seq2Seq


class ScoredTokens(NamedTuple):
    """The tokens of a hypothesis, with END where it has ended, and the log-probability of each."""

    tokens: list[int]
    log_probabilities: list[float]


Choice = Callable[[Float[Tensor, "running vocabulary"], Int[Tensor, "running"], int], Int[Tensor, "running"]]
"""Chooses the next token of each running lane. Its arguments: the logits, where minus infinity marks what the rules
forbid; the index of each lane; and the number of tokens written so far."""


def search(
    model: Seq2Seq, source: State, state: State, choose: Choice, rules: Rules, limit: Int[Tensor, "lanes"]
) -> list[ScoredTokens]:
    """Follows each lane until END, or until it has as many tokens as its limit; then it leaves the batch.

    Args:
        model: The model, in evaluation mode.
        source: The source, from `Seq2Seq.begin`.
        state: The decoder's state, from `Seq2Seq.begin`.
        choose: Chooses the next token.
        rules: Which tokens may follow.
        limit: The most tokens of each lane, END included, at least one.

    Returns:
        The hypothesis of each lane.
    """
    running = torch.arange(source.lanes, device=limit.device)
    token = torch.full_like(running, BEGIN)
    written = token.new_empty(len(running), 0)
    scores = source["mask"].new_empty(len(running), 0, dtype=torch.float64)
    hypotheses = [ScoredTokens([], [])] * len(running)
    while len(running):
        hidden, state = model.read(token[:, None], state, source)
        logits = model.logits(hidden[:, 0])
        total = logits.logsumexp(dim=-1)
        logits = rules.apply(logits, written)
        token = choose(logits, running, written.shape[1])
        scores = torch.cat([scores, (logits.gather(1, token[:, None]) - total[:, None]).double()], dim=1)
        written = torch.cat([written, token[:, None]], dim=1)
        done = (token == END) | (written.shape[1] >= limit)
        for lane, *parts in zip(running[done].tolist(), written[done].tolist(), scores[done].tolist(), strict=True):
            hypotheses[lane] = ScoredTokens(*parts)
        if done.any():
            going = (~done).nonzero().squeeze(1)
            running, token, written, scores, limit = (part[going] for part in (running, token, written, scores, limit))
            state, source = state.select(going), source.select(going)
    return hypotheses


def most_probable(logits: Tensor, running: Tensor, length: int) -> Tensor:
    """The choice of greedy search."""
    return logits.argmax(dim=-1)


class Draw:
    """The choice of sampling. A lane's draws depend on its key and its own logits, and on no other lane.

    Args:
        sampling: The distribution to draw from.
        keys: The seed of each lane.
        length: The most tokens of a lane.
    """

    def __init__(self, sampling: Sampling, keys: list[list[int]], length: int) -> None:
        self.sampling = sampling
        self.levels = torch.from_numpy(np.stack([np.random.default_rng(key).random(length) for key in keys]))

    def __call__(self, logits: Tensor, running: Tensor, length: int) -> Tensor:
        """The first token at which the cumulative probability exceeds the lane's uniform draw."""
        cumulative = self.sampling.probabilities(Categorical(logits)).cumsum(dim=-1)
        level = self.levels.to(cumulative.device)[running, length, None]
        level = cumulative[:, -1:] * level  # the sum can round to below one
        return torch.searchsorted(cumulative, level, right=True).squeeze(1)
