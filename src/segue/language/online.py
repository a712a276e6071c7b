"""Dynamic evaluation of a text: the model scores each token and then learns from it, in weights of this text.

The learnt weights are a value, a `State` of one lane. So a text can be evaluated in parts, and the state saved and
loaded in between. The figures of the parts add up to those of the whole.
"""

import math
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import Tensor
from torch.func import functional_call

from segue.errors import UserError
from segue.language.corpus import Corpus
from segue.language.evaluate import Evaluation, require_predicted
from segue.language.model import LanguageModel
from segue.state import State
from segue.training.online import Losses, OnlineConfig, OnlineLearner

_PIECE = 2000  # tokens a call: bounds the memory, changes no figure


def evaluate_online(
    model: LanguageModel,
    corpus: Corpus,
    config: OnlineConfig | None = None,
    state: State | None = None,
    report: Callable[[int, int], None] | None = None,
) -> tuple[Evaluation, State]:
    """Predicts every token of a text, and learns from each segment after predicting it. The model stays unchanged.

    Args:
        model: The model.
        corpus: The text, as tokens of `model.tokenizer`, read as one lane.
        config: How to learn.
        state: The state after the preceding text; `None` begins with the trained weights and a fresh memory, and
            predicts the second token first.
        report: Called with the number of predicted tokens and the number of all.

    Returns:
        The evaluation of the text, and the state after it.

    Raises:
        UserError: The text has a single token and no state before it; or the learning rate is too high, so that the
            perplexity overflows.
    """
    config = config or OnlineConfig()
    training = model.training
    model.eval()
    try:
        inputs, last = _inputs(model, corpus, state)
        learner = OnlineLearner(dict(model.named_parameters()), _losses(model), config)
        inner = learner.initial_state(model.initial_state(1), inputs) if state is None else state.part("learner")
        inner = inner.to(model.embed.weight.device)
        count, total = require_predicted(inputs["tokens"].shape[1]), 0.0
        for begin in range(0, count, _PIECE):
            piece = {name: tensor[:, begin : begin + _PIECE] for name, tensor in inputs.items()}
            with torch.backends.cudnn.flags(enabled=False):  # its LSTM has no gradients in evaluation mode
                losses, inner = learner(piece, inner)
            total += float(losses.double().sum())
            if report is not None:
                report(min(begin + _PIECE, count), count)
    finally:
        model.train(training)
    result = Evaluation(total / count, count, len(corpus.tokens) / corpus.characters, corpus.unknown)
    if not math.isfinite(result.perplexity):
        raise UserError("learning_rate", config.learning_rate, f"give a lower one: the loss came to {result.loss:.4g}")
    return result, State.join({"learner": inner, "text": last})


def require_state(model: LanguageModel, config: OnlineConfig, state: State, path: str | Path) -> None:
    """Refuses a state from a file unless `evaluate_online` of this model can go on from it.

    Raises:
        UserError: An array is missing, or of another type or shape, or a token is none of the vocabulary.
    """
    nothing = torch.zeros(1, 1, dtype=torch.int64)
    inputs = {"tokens": nothing, "following": nothing, "reset": nothing.bool()}
    learner = OnlineLearner(dict(model.named_parameters()), _losses(model), config)
    inner = learner.initial_state(model.initial_state(1), inputs)
    text = State({"last": nothing[:, 0], "begins": inputs["reset"][:, 0]})
    state.require_like(State.join({"learner": inner, "text": text}), path)
    tokens = [state["text.last"], state["learner.segment.tokens"], state["learner.segment.following"]]
    bounds = [(model.tokenizer.size, tokens), (config.segment, [state["learner.filled"]])]
    if state.lanes != 1 or any(not ((a >= 0) & (a < most)).all() for most, arrays in bounds for a in arrays):
        raise UserError("state", path, "load it into the model that saved it (a token or a number is out of range)")


def _inputs(model: LanguageModel, corpus: Corpus, state: State | None) -> tuple[dict[str, Tensor], State]:
    """The tokens, their next tokens and the resets, as lanes; and the state that the next part needs."""
    device = model.embed.weight.device
    tokens, begins = corpus.tokens[None].to(device), corpus.begins[None].to(device)
    if state is not None:
        before = state.part("text")
        tokens = torch.cat([before["last"][:, None].to(device), tokens], dim=1)
        begins = torch.cat([before["begins"][:, None].to(device), begins], dim=1)
    inputs = {"tokens": tokens[:, :-1], "following": tokens[:, 1:], "reset": begins[:, :-1]}
    return inputs, State({"last": tokens[:, -1], "begins": begins[:, -1]})


def _losses(model: LanguageModel) -> Losses:
    """The loss of each token under given weights; see `segue.training.online.Losses`."""

    def losses(weights: Mapping[str, Tensor], inputs: Mapping[str, Tensor], memory: State) -> tuple[Tensor, State]:
        reset = inputs["reset"] if inputs["reset"].any() else None  # without one the kernels are faster
        distribution, memory = functional_call(model, dict(weights), (inputs["tokens"], memory, reset))
        return distribution.loss(inputs["following"]), memory

    return losses
