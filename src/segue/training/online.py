"""Online learning: a model learns while it predicts, and never changes the trained weights.

Each lane has its own weights, the trained ones plus a delta, and the delta is part of the lane's state. A stream is
cut into segments of a fixed number of tokens. Every token is scored before it is learnt from; when a segment is full,
the gradient of its mean loss changes the delta:

    delta <- (1 - decay) delta - rate * clip(gradient)

This is dynamic evaluation (Mikolov et al., 2010; Krause, Kahembwe, Murray and Renals, arXiv:1709.07432), with plain
gradients and the decay back to the trained weights that Krause et al. propose. Unexpected tokens change the delta most.

The tokens of an unfinished segment, and the memory before it, are part of the state. So it makes no difference how a
stream is cut into calls. A stream that is saved within a segment and restored continues exactly.

Lanes are adapted one after another, because their weights differ and torch's recurrent kernels take one set of weights.
Under `torch.func.vmap` they fall back to a slower loop of the same kind.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from segue.errors import UserError
from segue.state import State


@runtime_checkable
class Losses(Protocol):
    """The loss of each token under given weights: a model without its own weights, and its loss.

    Example:
        >>> def losses(weights, inputs, memory):
        ...     distribution, memory = functional_call(model, weights, (inputs["tokens"], memory, inputs["reset"]))
        ...     return distribution.loss(inputs["following"]), memory
    """

    def __call__(
        self, weights: Mapping[str, Tensor], inputs: Mapping[str, Tensor], memory: State
    ) -> tuple[Float[Tensor, "lanes time"], State]:
        """Reads a stretch of every lane, causally.

        Args:
            weights: The weights by name.
            inputs: Tensors with a value for each token, lane and time axes first.
            memory: The state of the lanes before these tokens.
        """
        ...


@dataclass(frozen=True)
class OnlineConfig:
    """The settings of learning from a stream."""

    segment: int = 20
    """Tokens from one update to the next; the tape of a whole segment is kept in memory."""
    learning_rate: float = 0.02
    """The step of plain gradient descent on a segment's mean loss; 0 learns nothing."""
    decay: float = 0.001
    """The share of the delta that each update forgets; it bounds the delta's norm by rate * clip / decay."""
    clip: float = 1.0
    """The greatest norm of a lane's gradient; `inf` for no limit."""

    def __post_init__(self) -> None:
        for name, fine, remedy in (
            ("segment", 1 <= self.segment <= 10_000, "give a whole number from 1 to 10,000"),
            ("learning_rate", 0 <= self.learning_rate < math.inf, "give a finite number of at least 0"),
            ("decay", 0 <= self.decay <= 1, "give a share from 0 to 1"),
            ("clip", self.clip > 0, "give a number above 0"),
        ):
            if not fine:
                raise UserError(name, getattr(self, name), remedy)


class OnlineLearner:
    """A model that learns from each lane's stream, as a pure function of inputs and state.

    State: `memory.*`, the model's own; `delta.*` (lanes, *weight), what was learnt; `filled` (lanes,), the number of
    tokens in the unfinished segment; `segment.*` (lanes, segment, ...), these tokens; `before.*`, the memory before the
    segment. A lane of zeros is a fresh one, with the trained weights.

    Args:
        weights: The trained weights by name, as `dict(model.named_parameters())`. They are read, never written.
        losses: The model and its loss; the model is in evaluation mode, so that nothing is random.
        config: How to learn.
    """

    def __init__(self, weights: Mapping[str, Tensor], losses: Losses, config: OnlineConfig) -> None:
        self.config = config
        self._weights = {name: weights[name].detach() for name in sorted(weights)}
        self._losses = losses

    def initial_state(self, memory: State, inputs: Mapping[str, Tensor]) -> State:
        """The state of lanes that have learnt nothing yet.

        Args:
            memory: The state of the model, `model.initial_state(lanes)` for fresh lanes.
            inputs: An example of later inputs, of any length; only dtypes and sizes matter.
        """
        lanes, size = memory.lanes, self.config.segment
        deltas = {name: weight.new_zeros(lanes, *weight.shape) for name, weight in self._weights.items()}
        segment = {name: tensor.new_zeros(lanes, size, *tensor.shape[2:]) for name, tensor in inputs.items()}
        device = next(iter(memory.values())).device
        before = State({name: tensor.clone() for name, tensor in memory.items()})  # files hold no tensor twice
        parts = {"memory": memory, "before": before, "delta": State(deltas), "segment": State(segment)}
        return State({**State.join(parts), "filled": torch.zeros(lanes, dtype=torch.long, device=device)})

    def __call__(self, inputs: Mapping[str, Tensor], state: State) -> tuple[Float[Tensor, "lanes time"], State]:
        """Scores the next tokens of every lane, each before it is learnt from, and learns.

        Args:
            inputs: As for `losses`, of any length.
            state: As `initial_state` or the last call gave it.

        Returns:
            The loss of each token, and the new state.
        """
        scores, states = [], []
        for lane in range(state.lanes):
            own = slice(lane, lane + 1)
            score, after = self._lane(
                {name: tensor[own] for name, tensor in inputs.items()},
                State({name: tensor[own] for name, tensor in state.items()}),
            )
            scores.append(score)
            states.append(after)
        return torch.cat(scores), State.cat(states)

    def _lane(self, inputs: Mapping[str, Tensor], state: State) -> tuple[Tensor, State]:
        """Reads the tokens of one lane, in pieces that end where segments end."""
        time = next(iter(inputs.values())).shape[1]
        scores: list[Tensor] = []
        begin, filled = 0, int(state["filled"])
        while begin < time or not scores:  # without tokens there is one empty piece
            end = min(time, begin + self.config.segment - filled)
            piece = {name: tensor[:, begin:end] for name, tensor in inputs.items()}
            if end - begin == self.config.segment:
                score, state = self._read_whole(piece, state)
            else:
                score, state = self._read(piece, state)
                if filled + end - begin == self.config.segment:
                    state = self._learn(state)
            scores.append(score)
            begin, filled = end, 0
        return torch.cat(scores, dim=1), state

    def _read(self, piece: Mapping[str, Tensor], state: State) -> tuple[Tensor, State]:
        """Scores a piece that fits into the segment, and adds it to the segment."""
        filled, count = int(state["filled"]), next(iter(piece.values())).shape[1]
        with torch.no_grad():
            score, memory = self._losses(self._weights_of(state), piece, state.part("memory"))
        index = torch.arange(filled, filled + count, device=state["filled"].device)
        changed = {f"segment.{name}": state[f"segment.{name}"].index_copy(1, index, t) for name, t in piece.items()}
        changed |= {f"memory.{name}": tensor for name, tensor in memory.items()}
        return score, State({**state, **changed, "filled": state["filled"] + count})

    def _read_whole(self, segment: Mapping[str, Tensor], state: State) -> tuple[Tensor, State]:
        """Scores and learns a segment in one pass, where `_read` and `_learn` take two."""
        score, memory, gradients = self._gradients(segment, state.part("memory"), state)
        changed = {f"segment.{name}": tensor for name, tensor in segment.items()}
        changed |= {f"memory.{name}": tensor for name, tensor in memory.items()}
        return score, self._update(State({**state, **changed}), gradients)

    def _learn(self, state: State) -> State:
        """Learns from a full segment that was read in pieces."""
        return self._update(state, self._gradients(state.part("segment"), state.part("before"), state)[2])

    def _gradients(
        self, segment: Mapping[str, Tensor], before: State, state: State
    ) -> tuple[Tensor, State, dict[str, Tensor]]:
        """The losses of a segment, the memory after it, and the gradients of its mean loss, lane axis first."""
        with torch.enable_grad():
            adapted = {name: weight.requires_grad_() for name, weight in self._weights_of(state).items()}
            losses, memory = self._losses(adapted, dict(segment), before)
            gradients = torch.autograd.grad(
                losses.mean(), list(adapted.values()), allow_unused=True, materialize_grads=True
            )
        by_name = {name: gradient[None] for name, gradient in zip(adapted, gradients, strict=True)}
        return losses.detach(), memory.detach(), by_name

    def _update(self, state: State, gradients: Mapping[str, Tensor]) -> State:
        """The state after a segment: new deltas; the next segment begins with the memory after this one."""
        begun = {f"before.{name}": tensor for name, tensor in state.part("memory").items()}
        state_after = State({**state, **begun, "filled": torch.zeros_like(state["filled"])})
        norm = float(nn.utils.get_total_norm(list(gradients.values())))
        if not math.isfinite(norm):  # a reset removes a bad value from the memory, nothing would remove it from weights
            return state_after
        rate = self.config.learning_rate * min(1.0, self.config.clip / max(norm, 1e-12))
        kept = 1 - self.config.decay
        deltas = {  # one new tensor each: together they are as large as the model
            f"delta.{name}": torch.mul(state[f"delta.{name}"], kept).add_(gradient, alpha=-rate)
            for name, gradient in gradients.items()
        }
        return State({**state_after, **deltas})

    def _weights_of(self, state: State) -> dict[str, Tensor]:
        """The weights of the one lane of `state`, as new tensors."""
        return {name: weight + state[f"delta.{name}"][0] for name, weight in self._weights.items()}
