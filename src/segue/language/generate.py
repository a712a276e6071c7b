"""Text that goes on: one token after another, each read as soon as it is drawn.

What a continuation has come to is a value, a `State` of one lane: the model's memory of all tokens but the last, that
last token, and how many were drawn. Draw n is a function of the seed and n alone. So a continuation that was saved
and loaded goes on as if it had never stopped.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from segue.errors import UserError
from segue.heads.categorical import Categorical
from segue.language.model import LanguageModel
from segue.state import State
from segue.text.characters import UNKNOWN
from segue.text.protocol import Tokenizer


@dataclass(frozen=True)
class Sampling:
    """How a token is drawn: temperature first, then the most probable tokens only."""

    temperature: float = 1.0
    """Logits are divided by it; 0 always takes the most probable token (greedy)."""
    top_k: int | None = None
    """Only the k most probable tokens."""
    top_p: float | None = None
    """Only the most probable tokens that together have at least this probability (Holtzman et al. 2020)."""

    def __post_init__(self) -> None:
        if not 0 <= self.temperature < float("inf"):
            raise UserError("temperature", self.temperature, "give 0 or more")
        if self.top_k is not None and self.top_k < 1:
            raise UserError("top_k", self.top_k, "give a whole number of at least 1")
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise UserError("top_p", self.top_p, "give a share above 0, up to 1")

    def probabilities(self, law: Categorical) -> Float[Tensor, "*tokens classes"]:
        """What tokens are drawn from, in double precision."""
        logits = law.logits.double()
        if self.temperature == 0:
            return torch.zeros_like(logits).scatter_(-1, logits.argmax(-1, keepdim=True), 1.0)
        ordered, order = (logits / self.temperature).sort(dim=-1, descending=True, stable=True)
        ordered[..., self.top_k or ordered.shape[-1] :] = -torch.inf
        shares = ordered.softmax(-1)
        if self.top_p is not None:
            before = shares.cumsum(-1) - shares
            shares = shares.where(before < self.top_p, 0.0)
            shares = shares / shares.sum(-1, keepdim=True)
        return torch.zeros_like(shares).scatter_(-1, order, shares)


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
    """The next token, and the state of the text with it."""
    text = state.part("text")
    law, memory = model(text["last"][:, None], state.part("model"))
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
    """The text of `length` tokens that follow the text of a prompt, piece by piece; see `generate`."""
    tokens = model.tokenizer.encode(prompt)
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
