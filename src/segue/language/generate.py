"""Generation of text: tokens are drawn one after another, and each is read before the next is drawn.

A text in progress is a value, a `State` of one lane: the model's memory of all tokens but the last, the last token,
and the number of drawn tokens. Draw n is a function of the seed and n alone. So a text that was saved and loaded
continues exactly.
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
    """Draws the next token, never the unknown one, which stands for no text; returns it and the new state.

    Raises:
        UserError: The seed is negative.
    """
    if seed < 0:
        raise UserError("seed", seed, "give 0 or more")
    text = state.part("text")
    distribution, memory = model(text["last"][:, None], state.part("model"))
    if (unknown := model.tokenizer.unknown) is not None:
        distribution.logits[..., unknown] = -torch.inf
    level = np.random.default_rng([seed, int(text["drawn"])]).random()
    cumulative = sampling.probabilities(distribution)[0, -1].cumsum(0)
    token = torch.searchsorted(cumulative, cumulative[-1:] * level, right=True)  # the last sum may round to below one
    return int(token), State.join({"model": memory, "text": State({"last": token, "drawn": text["drawn"] + 1})})


def generate(
    model: LanguageModel, prompt: Sequence[int], sampling: Sampling | None = None, seed: int = 0
) -> Iterator[int]:
    """Draws the tokens after a prompt, without end.

    Args:
        model: The model, in evaluation mode.
        prompt: The tokens to continue, at least one.
        sampling: How to draw; by default from the probabilities of the model.
        seed: The same seed draws the same tokens.

    Raises:
        UserError: The prompt is empty, or the seed is negative.
    """
    state = begin(model, prompt)
    while True:
        token, state = draw(model, state, sampling or Sampling(), seed)
        yield token


def continue_text(
    model: LanguageModel, prompt: str, length: int, sampling: Sampling | None = None, seed: int = 0
) -> Iterator[str]:
    """Draws `length` tokens after a prompt and yields their text piece by piece; see `generate`.

    Raises:
        UserError: The prompt has no tokens, or the seed is negative.
    """
    tokens = model.tokenizer.encode(prompt)
    if not tokens:
        raise UserError("prompt", repr(prompt), "give some text to continue")
    return readable(model.tokenizer, islice(generate(model, tokens, sampling, seed), length), after=tokens)


def readable(tokenizer: Tokenizer, tokens: Iterable[int], after: Sequence[int] = ()) -> Iterator[str]:
    """Yields the text of tokens piece by piece, each as soon as no later token can change it.

    Args:
        tokenizer: Decodes the tokens.
        tokens: The tokens.
        after: The tokens before them, which decide whether a space comes first.
    """
    yielded, kept = list(after), list[int]()
    for token in tokens:
        kept.append(token)
        before, text = tokenizer.decode(yielded), tokenizer.decode([*yielded, *kept])
        if not text.endswith(UNKNOWN):  # otherwise these may be the first bytes of a character
            yield text[len(before) :]
            yielded, kept = kept, []
    if kept:
        yield tokenizer.decode([*yielded, *kept])[len(tokenizer.decode(yielded)) :]
