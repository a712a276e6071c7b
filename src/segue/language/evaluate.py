"""Perplexity and bits per character of a held-out text."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import pad

from segue.errors import UserError
from segue.language.corpus import Corpus
from segue.language.model import LanguageModel


@dataclass(frozen=True)
class Evaluation:
    """How well all tokens of a text but the first were predicted."""

    loss: float
    """Mean of -log p of each token, in nats."""
    tokens: int
    """Number of predicted tokens."""
    tokens_per_character: float
    """Tokens per character of the whole text."""
    unknown: int
    """Tokens of the text outside the vocabulary, all predicted as one token. A word model has learnt their frequency,
    so its bits per character look too good. Other models have never seen one, so each one costs them much."""
    lanes: int = 1
    """Number of parts of the text that were read side by side."""

    @property
    def perplexity(self) -> float:
        """Per token: comparable between models of one tokenizer only."""
        return perplexity(self.loss)

    @property
    def bits_per_character(self) -> float:
        """Bits per token times tokens per character: comparable between tokenizers that lose nothing."""
        return self.loss / math.log(2) * self.tokens_per_character


def perplexity(loss: float) -> float:
    """exp(loss), and `inf` where it overflows."""
    try:
        return math.exp(loss)
    except OverflowError:
        return math.inf


@torch.inference_mode()
def evaluate(
    model: LanguageModel,
    corpus: Corpus,
    *,
    state: Literal["carry", "reset"] = "carry",
    window: int = 256,
    lanes: int = 1,
    report: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Predicts every token of a text but the first, exactly once. The model stays unchanged.

    Args:
        model: The model.
        corpus: The text, as tokens of `model.tokenizer`.
        state: `"carry"`: the state goes from window to window, so a token is predicted from all tokens before it in its
            document. `"reset"`: each window begins with a fresh state, and its first tokens are predicted from few.
        window: Tokens of one call of the model; with a carried state it changes the use of memory, not the result.
        lanes: Number of parts of the text that are read side by side, each of at least a window: a short text has
            fewer. Lanes are faster, but each part begins with a fresh state. So with short parts a carried state seems
            less useful than it is.
        report: Called with the number of predicted tokens and the number of all.

    Raises:
        UserError: `window` or `lanes` is below 1, or the text has a single token.
    """
    for name, value in (("window", window), ("lanes", lanes)):
        if value < 1:
            raise UserError(name, value, "give a whole number of at least 1")
    count = require_predicted(len(corpus.tokens) - 1)
    device, training = model.embed.weight.device, model.training
    inputs, targets, begins, weights = (part.to(device) for part in _lanes(corpus, lanes, window))
    total, memory = 0.0, None
    model.eval()
    try:
        for read in range(0, inputs.shape[1], window):
            now = slice(read, read + window)
            reset = begins[:, now] if begins[:, now].any() else None
            distribution, memory = model(inputs[:, now], memory if state == "carry" else None, reset)
            total += float((distribution.loss(targets[:, now]).double() * weights[:, now]).sum())
            if report is not None:
                report(int(weights[:, : now.stop].sum()), count)
    finally:
        model.train(training)
    return Evaluation(total / count, count, len(corpus.tokens) / corpus.characters, corpus.unknown, len(inputs))


def require_predicted(count: int) -> int:
    """Returns the number of predicted tokens.

    Raises:
        UserError: It is zero: the text has a single token, and none before it.
    """
    if count < 1:
        raise UserError("corpus", "of one token", "give at least two tokens, one to predict from another")
    return count


def _lanes(corpus: Corpus, lanes: int, window: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Inputs, targets, beginnings and weights, (lanes, whole windows); padding behind the text has weight zero."""
    count = len(corpus.tokens) - 1
    window = min(window, count)
    length = -(-count // (lanes * window)) * window
    lanes = -(-count // length)  # the others would be empty
    parts = (corpus.tokens[:-1], corpus.tokens[1:], corpus.begins[:-1], torch.ones(count))
    inputs, targets, begins, weights = (pad(part, (0, lanes * length - count)).view(lanes, length) for part in parts)
    return inputs, targets, begins, weights
