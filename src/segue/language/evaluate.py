"""Perplexity and bits per character of a text that the model has not learnt from."""

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
    """How well a text was predicted, all of its tokens but the first."""

    loss: float
    """Mean of -log p of what came, in nats per token."""
    tokens: int
    """How many tokens were predicted."""
    tokens_per_character: float
    """Of the whole text."""
    unknown: int
    """Tokens of the text outside the vocabulary: they are predicted as "something else" only. A word model has learnt
    how often to expect that, which flatters bits per character; others never met one, and each costs them dear."""
    lanes: int = 1
    """How many parts of the text were read side by side."""

    @property
    def perplexity(self) -> float:
        """Per token: comparable between models of one tokenizer only."""
        return perplexity(self.loss)

    @property
    def bits_per_character(self) -> float:
        """Bits per token times tokens per character: comparable between tokenizers that lose nothing."""
        return self.loss / math.log(2) * self.tokens_per_character


def perplexity(loss: float) -> float:
    """exp(loss), and `inf` where that is more than a number can hold."""
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
    """Predicts every token of a text, the first one excepted, exactly once. The model is left as it is.

    Args:
        model: The model.
        corpus: The text, in the tokens of `model.tokenizer`.
        state: `"carry"`: the state goes from window to window, so that a token is predicted from all before it in its
            document. `"reset"`: each window begins afresh, as it does for a model without memory; its first tokens
            are then predicted from few.
        window: Tokens that are read at a time; with a carried state it changes the memory used, not the result.
        lanes: How many parts of the text are read side by side, each of at least a window, so that a short text
            has fewer. It is faster, and each part but the first begins with an empty memory, so with few characters
            a lane a carried state seems worth less than it is.
        report: Is told how many tokens are predicted, and of how many.

    Raises:
        UserError: `window` or `lanes` is below 1.
    """
    for name, value in (("window", window), ("lanes", lanes)):
        if value < 1:
            raise UserError(name, value, "give a whole number of at least 1")
    device, training = model.embed.weight.device, model.training
    inputs, targets, begins, weights = (part.to(device) for part in _lanes(corpus, lanes, window))
    total, memory, count = 0.0, None, len(corpus.tokens) - 1
    model.eval()
    try:
        for read in range(0, inputs.shape[1], window):
            now = slice(read, read + window)
            reset = begins[:, now] if begins[:, now].any() else None
            law, memory = model(inputs[:, now], memory if state == "carry" else None, reset)
            total += float((law.loss(targets[:, now]).double() * weights[:, now]).sum())
            if report is not None:
                report(int(weights[:, : now.stop].sum()), count)
    finally:
        model.train(training)
    return Evaluation(total / count, count, len(corpus.tokens) / corpus.characters, corpus.unknown, len(inputs))


def _lanes(corpus: Corpus, lanes: int, window: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Inputs, targets, beginnings and weights, (lanes, whole windows); what is behind the text's end weighs nothing."""
    count = len(corpus.tokens) - 1
    window = min(window, count)
    length = -(-count // (lanes * window)) * window
    lanes = -(-count // length)  # the others would hold nothing
    parts = (corpus.tokens[:-1], corpus.tokens[1:], corpus.begins[:-1], torch.ones(count))
    inputs, targets, begins, weights = (pad(part, (0, lanes * length - count)).view(lanes, length) for part in parts)
    return inputs, targets, begins, weights
