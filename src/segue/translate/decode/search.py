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


class Found(NamedTuple):
    """The tokens of a hypothesis, END included where it was reached, and their log-probabilities."""

    tokens: list[int]
    log_probabilities: list[float]


Choice = Callable[[Float[Tensor, "running vocabulary"], Int[Tensor, "running"], int], Int[Tensor, "running"]]
"""The next token of each lane that is still running: of its logits, where minus infinity is forbidden, its number,
and how many tokens it has."""


def search(
    model: Seq2Seq, source: State, state: State, choose: Choice, rules: Rules, limit: Int[Tensor, "lanes"]
) -> list[Found]:
    """Follows each lane until END, or until it has as many tokens as its limit; then it leaves the batch.

    Args:
        model: The model, in evaluation mode.
        source: With `state`, what `Seq2Seq.begin` gave.
        state: See `source`.
        choose: Which token follows.
        rules: Which may.
        limit: The most tokens of each lane, END included, at least one.
    """
    running = torch.arange(source.lanes, device=limit.device)
    token = torch.full_like(running, BEGIN)
    said, told = token.new_empty(len(running), 0), source["mask"].new_empty(len(running), 0, dtype=torch.float64)
    found = [Found([], [])] * len(running)
    while len(running):
        hidden, state = model.read(token[:, None], state, source)
        logits = model.logits(hidden[:, 0])
        total = logits.logsumexp(dim=-1)
        logits = rules.apply(logits, said)
        token = choose(logits, running, said.shape[1])
        told = torch.cat([told, (logits.gather(1, token[:, None]) - total[:, None]).double()], dim=1)
        said = torch.cat([said, token[:, None]], dim=1)
        done = (token == END) | (said.shape[1] >= limit)
        for lane, *parts in zip(running[done].tolist(), said[done].tolist(), told[done].tolist(), strict=True):
            found[lane] = Found(*parts)
        if done.any():
            going = (~done).nonzero().squeeze(1)
            running, token, said, told, limit = (part[going] for part in (running, token, said, told, limit))
            state, source = state.select(going), source.select(going)
    return found


def most_probable(logits: Tensor, running: Tensor, place: int) -> Tensor:
    """The choice of greedy search."""
    return logits.argmax(dim=-1)


class Draw:
    """The choice of sampling. What a lane draws depends on its key and on its own logits, on no other lane.

    Args:
        sampling: The law to draw from.
        keys: What seeds each lane.
        places: The most tokens of a lane.
    """

    def __init__(self, sampling: Sampling, keys: list[list[int]], places: int) -> None:
        self.sampling = sampling
        self.levels = torch.from_numpy(np.stack([np.random.default_rng(key).random(places) for key in keys]))

    def __call__(self, logits: Tensor, running: Tensor, place: int) -> Tensor:
        """The first token with which, all before it included, the level of its lane is reached."""
        reached = self.sampling.probabilities(Categorical(logits)).cumsum(dim=-1)
        level = self.levels.to(reached.device)[running, place, None]
        return torch.searchsorted(reached, reached[:, -1:] * level, right=True).squeeze(1)  # sums round to below one
