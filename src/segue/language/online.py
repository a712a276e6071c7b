"""Dynamic evaluation of a text: each token is scored, then learnt from, in a copy of the weights that the text owns.

What was learnt is a value, a `State` of one lane. So a text may come in parts, with the state saved and loaded in
between, and the parts' figures are those of the whole.
"""

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.func import functional_call

from segue.errors import UserError
from segue.language.corpus import Corpus
from segue.language.evaluate import Evaluation
from segue.language.model import LanguageModel
from segue.state import State
from segue.training.online import Losses, OnlineConfig, OnlineLearner

_PIECE = 2000  # tokens a call: what is kept in memory at a time, which no figure depends on


def evaluate_online(
    model: LanguageModel,
    corpus: Corpus,
    config: OnlineConfig | None = None,
    state: State | None = None,
    report: Callable[[int, int], None] | None = None,
) -> tuple[Evaluation, State]:
    """Predicts every token of a text, learning from each segment once it was predicted. The model is left as it is.

    Args:
        model: The model.
        corpus: The text, in the tokens of `model.tokenizer`, read as one lane.
        config: How to learn.
        state: What a call on the text before this one gave; `None` begins with the trained weights and an empty
            memory, and with the second token, since nothing stands before the first.
        report: Is told how many tokens are predicted, and of how many.

    Returns:
        How well the text was predicted, and the state after it.

    Raises:
        UserError: What was learnt has ruined the model: perplexity is beyond all numbers.
    """
    config = config or OnlineConfig()
    training = model.training
    model.eval()
    try:
        inputs, last = _inputs(model, corpus, state)
        learner = OnlineLearner(dict(model.named_parameters()), _losses(model), config)
        inner = learner.initial_state(model.initial_state(1), inputs) if state is None else state.part("learner")
        inner = inner.to(model.embed.weight.device)
        count, total = inputs["tokens"].shape[1], 0.0
        for begin in range(0, count, _PIECE):
            piece = {name: tensor[:, begin : begin + _PIECE] for name, tensor in inputs.items()}
            with torch.backends.cudnn.flags(enabled=False):  # whose LSTM refuses gradients of a model that evaluates
                losses, inner = learner(piece, inner)
            total += float(losses.double().sum())
            if report is not None:
                report(min(begin + _PIECE, count), count)
    finally:
        model.train(training)
    found = Evaluation(total / count, count, len(corpus.tokens) / corpus.characters, corpus.unknown)
    if not math.isfinite(found.perplexity):
        raise UserError("learning_rate", config.learning_rate, f"give a lower one: the loss came to {found.loss:.4g}")
    return found, State.join({"learner": inner, "text": last})


def _inputs(model: LanguageModel, corpus: Corpus, state: State | None) -> tuple[dict[str, Tensor], State]:
    """What is read, what follows each, and where a document begins, as lanes; and what the next part has to know."""
    device = model.embed.weight.device
    tokens, begins = corpus.tokens[None].to(device), corpus.begins[None].to(device)
    if state is not None:
        before = state.part("text")
        tokens = torch.cat([before["last"][:, None].to(device), tokens], dim=1)
        begins = torch.cat([before["begins"][:, None].to(device), begins], dim=1)
    inputs = {"tokens": tokens[:, :-1], "following": tokens[:, 1:], "reset": begins[:, :-1]}
    return inputs, State({"last": tokens[:, -1], "begins": begins[:, -1]})


def _losses(model: LanguageModel) -> Losses:
    """The loss of each token under given weights, as `segue.training.online.Losses` has it."""

    def losses(weights: Mapping[str, Tensor], inputs: Mapping[str, Tensor], memory: State) -> tuple[Tensor, State]:
        reset = inputs["reset"] if inputs["reset"].any() else None  # without one the kernels are faster
        law, memory = functional_call(model, dict(weights), (inputs["tokens"], memory, reset))
        return law.loss(inputs["following"]), memory

    return losses
