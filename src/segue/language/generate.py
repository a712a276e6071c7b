"""Text that goes on: one token after another, each read as soon as it is drawn.

What a continuation has come to is a value, a `State` of one lane: the model's memory of all tokens but the last, that
last token, and how many were drawn. Draw n is a function of the seed and n alone. So a continuation that was saved
and loaded goes on as if it had never stopped.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import numpy as np
import torch

from segue.errors import UserError
from segue.heads.sampling import Sampling
from segue.language.model import LanguageModel
from segue.state import State
from segue.text.characters import UNKNOWN
from segue.text.protocol import Tokenizer


@torch.no_grad()
def begin(model: LanguageModel, prompt: Sequence[int]) -> State:
    """Reads a prompt.

    Args:
        model: The model.
        prompt: At least one token.

    Raises:
        UserError: The prompt is empty.
    """
    if not prompt:
        raise UserError("prompt", repr(""), "give some text to continue")
    tokens = torch.tensor([list(prompt)], device=model.embed.weight.device)
    memory = model(tokens[:, :-1])[1] if len(prompt) > 1 else model.initial_state(1)
    drawn = torch.zeros(1, dtype=torch.int64, device=tokens.device)
    return State.join({"model": memory, "text": State({"last": tokens[:, -1], "drawn": drawn})})


@torch.no_grad()
def draw(model: LanguageModel, state: State, sampling: Sampling, seed: int = 0) -> tuple[int, State]:
    """The next token, and the state of the text with it; never the unknown token, which stands for no text."""
    text = state.part("text")
    law, memory = model(text["last"][:, None], state.part("model"))
    if (unknown := model.tokenizer.unknown) is not None:
        law.logits[..., unknown] = -torch.inf
    level = np.random.default_rng([seed, int(text["drawn"])]).random()
    reached = sampling.probabilities(law)[0, -1].cumsum(0)
    token = torch.searchsorted(reached, reached[-1:] * level, right=True)  # the last sum may round to below one
    return int(token), State.join({"model": memory, "text": State({"last": token, "drawn": text["drawn"] + 1})})


def generate(
    model: LanguageModel, prompt: Sequence[int], sampling: Sampling | None = None, seed: int = 0
) -> Iterator[int]:
    """The tokens that follow a prompt, without end.

    Args:
        model: The model, in evaluation mode.
        prompt: The tokens to continue, at least one.
        sampling: How to draw; by default from the model's own probabilities.
        seed: The same seed draws the same tokens.

    Raises:
        UserError: The prompt is empty.
    """
    state = begin(model, prompt)
    while True:
        token, state = draw(model, state, sampling or Sampling(), seed)
        yield token


def continue_text(
    model: LanguageModel, prompt: str, length: int, sampling: Sampling | None = None, seed: int = 0
) -> Iterator[str]:
    """The text of `length` tokens that follow the text of a prompt, piece by piece; see `generate`.

    Raises:
        UserError: The prompt has no tokens.
    """
    tokens = model.tokenizer.encode(prompt)
    if not tokens:
        raise UserError("prompt", repr(prompt), "give some text to continue")
    return readable(model.tokenizer, islice(generate(model, tokens, sampling, seed), length), after=tokens)


def readable(tokenizer: Tokenizer, tokens: Iterable[int], after: Sequence[int] = ()) -> Iterator[str]:
    """The text of tokens, piece by piece, each as soon as no later token can change it.

    Args:
        tokenizer: What decodes them.
        tokens: The tokens.
        after: What stands before them: it decides whether a space comes first.
    """
    told, kept = list(after), list[int]()
    for token in tokens:
        kept.append(token)
        before, text = tokenizer.decode(told), tokenizer.decode([*told, *kept])
        if not text.endswith(UNKNOWN):  # perhaps the first bytes of a character
            yield text[len(before) :]
            told, kept = kept, []
    if kept:
        yield tokenizer.decode([*told, *kept])[len(tokenizer.decode(told)) :]
