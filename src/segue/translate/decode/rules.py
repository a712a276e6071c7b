"""What a decoder may say next, whatever the model would like to say."""

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
        banned: Tokens that are never said after it; padding, begin and unknown are no text and always among them.
        min_length: Fewest tokens before END.
        no_repeat_ngram: No run of so many tokens is said twice; `None` for no such rule.
    """

    prefix: tuple[int, ...] = ()
    banned: tuple[int, ...] = (PADDING, BEGIN, UNKNOWN)
    min_length: int = 0
    no_repeat_ngram: int | None = None

    def apply(
        self, scores: Float[Tensor, "lanes vocabulary"], said: Int[Tensor, "lanes tokens"]
    ) -> Float[Tensor, "lanes vocabulary"]:
        """Minus infinity for whatever may not follow the tokens said so far; the scores are overwritten."""
        place = said.shape[1]
        if place < len(self.prefix):
            kept = scores[:, self.prefix[place]].clone()
            scores.fill_(-torch.inf)[:, self.prefix[place]] = kept
            return scores
        scores[:, list(self.banned)] = -torch.inf
        if place < self.min_length:
            scores[:, END] = -torch.inf
        if self.no_repeat_ngram is not None and place >= self.no_repeat_ngram:
            _ban_repeats(scores, said, self.no_repeat_ngram)
        return scores


def rules_of(vocabulary: Vocabulary, config: DecodeConfig) -> Rules:
    """The rules of a config in the tokens of a model.

    Raises:
        UserError: The prefix holds what the model does not know, and so could never write.
    """
    prefix = vocabulary.encode(config.prefix)
    if UNKNOWN in prefix:
        unknown = [word for word in config.prefix.split() if UNKNOWN in vocabulary.encode(word)] or ["white space"]
        remedy = f"write it in what the model has learnt: {', '.join(unknown)} is unknown to it"
        raise UserError("prefix", repr(config.prefix), remedy)
    return Rules(tuple(prefix), banned_tokens(vocabulary, config.ban), config.min_length, config.no_repeat_ngram)


def banned_tokens(vocabulary: Vocabulary, texts: tuple[str, ...]) -> tuple[int, ...]:
    """Every token whose text, but for spaces around it, is one of these, and those that are no text at all."""
    unwanted = {text.strip() for text in texts}
    tokens = range(UNKNOWN + 1, vocabulary.size if unwanted else 0)
    found = (token for token in tokens if vocabulary.decode([token]).strip() in unwanted)
    return (PADDING, BEGIN, UNKNOWN, *found)


def _ban_repeats(scores: Tensor, said: Tensor, size: int) -> None:
    """Forbids each token that would complete a run of `size` tokens which its lane has said before."""
    runs = said.unfold(1, size, 1)  # (lanes, runs, size)
    newest = said[:, said.shape[1] - size + 1 :]
    lane, run = (runs[..., :-1] == newest[:, None]).all(dim=-1).nonzero(as_tuple=True)
    scores[lane, runs[lane, run, -1]] = -torch.inf
