"""The rules of decoding: which tokens may follow, independent of what the model predicts."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from segue.errors import UserError
from segue.translate.data.vocabulary import BEGIN, END, PADDING, UNKNOWN, Vocabulary
from segue.translate.decode.config import DecodeConfig


@dataclass(frozen=True)
class Rules:
    """The same rules for all lanes.

    Attributes:
        prefix: The tokens every hypothesis begins with.
        banned: Tokens that never follow it; PADDING, BEGIN and UNKNOWN are no text and always among them.
        min_length: The fewest tokens before END. A lane ends earlier where the rules leave it no other token.
        no_repeat_ngram: No run of so many tokens occurs twice; `None` for no such rule.
    """

    prefix: tuple[int, ...] = ()
    banned: tuple[int, ...] = (PADDING, BEGIN, UNKNOWN)
    min_length: int = 0
    no_repeat_ngram: int | None = None

    def apply(
        self, scores: Float[Tensor, "lanes vocabulary"], written: Int[Tensor, "lanes tokens"]
    ) -> Float[Tensor, "lanes vocabulary"]:
        """Overwrites with minus infinity the score of each token that may not follow those written so far."""
        length = written.shape[1]
        if length < len(self.prefix):
            kept = scores[:, self.prefix[length]].clone()
            scores.fill_(-torch.inf)[:, self.prefix[length]] = kept
            return scores
        scores[:, list(self.banned)] = -torch.inf
        if self.no_repeat_ngram is not None and length >= self.no_repeat_ngram:
            _ban_repeats(scores, written, self.no_repeat_ngram)
        if length < self.min_length:
            stuck = scores[:, UNKNOWN + 1 :].isneginf().all(dim=1)  # no token of text is left, so END must be
            scores[:, END] = scores[:, END].where(stuck, -torch.inf)
        return scores


def rules_of(vocabulary: Vocabulary, config: DecodeConfig) -> Rules:
    """The rules of a config, in the tokens of a model.

    Raises:
        UserError: The prefix holds text that is unknown to the model, which it can never write.
    """
    prefix = vocabulary.encode(config.prefix)
    if UNKNOWN in prefix:
        unknown = [word for word in config.prefix.split() if UNKNOWN in vocabulary.encode(word)] or ["white space"]
        remedy = f"write it in what the model has learnt: {', '.join(unknown)} is unknown to it"
        raise UserError("prefix", repr(config.prefix), remedy)
    return Rules(tuple(prefix), banned_tokens(vocabulary, config.ban), config.min_length, config.no_repeat_ngram)


def banned_tokens(vocabulary: Vocabulary, texts: tuple[str, ...]) -> tuple[int, ...]:
    """Every token whose text, without spaces around it, is one of these; and the tokens that are no text at all."""
    unwanted = {text.strip() for text in texts}
    tokens = range(UNKNOWN + 1, vocabulary.size if unwanted else 0)
    matching = (token for token in tokens if vocabulary.decode([token]).strip() in unwanted)
    return (PADDING, BEGIN, UNKNOWN, *matching)


def _ban_repeats(scores: Tensor, written: Tensor, size: int) -> None:
    """Forbids each token that would complete a run of `size` tokens that its lane has written before."""
    runs = written.unfold(1, size, 1)  # (lanes, runs, size)
    newest = written[:, written.shape[1] - size + 1 :]
    lane, run = (runs[..., :-1] == newest[:, None]).all(dim=-1).nonzero(as_tuple=True)
    scores[lane, runs[lane, run, -1]] = -torch.inf
