"""A text as token ids, cut into batches: contiguous lanes that carry their state, or random blocks without state."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Int
from torch import Tensor

from segue.errors import UserError
from segue.text.protocol import Tokenizer
from segue.text.read import decoded
from segue.whole import read_whole


@dataclass(frozen=True, eq=False)
class Corpus:
    """A text as tokens, document after document."""

    tokens: Int[Tensor, "tokens"]
    """All tokens, in order."""
    begins: Bool[Tensor, "tokens"]
    """Whether a token is the first of a document."""
    characters: int
    """Characters (code points) of the text."""
    unknown: int
    """Number of tokens outside the vocabulary."""

    @staticmethod
    def of(
        text: str,
        tokenizer: Tokenizer,
        document: str | None = None,
        *,
        continued: bool = False,
        name: str = "(given)",
    ) -> "Corpus":
        """Encodes a text, each document by itself.

        Args:
            text: A text of at least two tokens, or of one if it is continued.
            tokenizer: Encodes the text.
            document: A regular expression that matches the beginning of a document (`^` and `$` match at lines);
                `None` for a single document.
            continued: Whether the text continues a document that began in another text, unless its first characters
                begin a new one.
            name: The name of the text in errors, such as its file.

        Raises:
            UserError: The text has too few tokens, or `document` is no regular expression.
        """
        parts = [(begun, tokenizer.encode(part)) for begun, part in _documents(text, document)]
        parts = [(begun, encoded) for begun, encoded in parts if encoded]
        tokens = torch.tensor([token for _, part in parts for token in part], dtype=torch.int64)
        if len(tokens) < (1 if continued else 2):
            needed = "one token" if continued else "two tokens, one to predict from another"
            raise UserError("text", name, f"give at least {needed} (it has {len(tokens)})")
        begins = torch.zeros(len(tokens), dtype=torch.bool)
        begins[torch.tensor([0, *(len(part) for _, part in parts[:-1])]).cumsum(0)] = True
        begins[0] = not continued or parts[0][0]
        unknown = 0 if tokenizer.unknown is None else int((tokens == tokenizer.unknown).sum())
        return Corpus(tokens, begins, len(text), unknown)

    def first(self, tokens: int) -> "Corpus":
        """The first `tokens` tokens as a corpus; its number of characters is estimated by the average of all tokens."""
        if tokens >= len(self.tokens):
            return self
        part = self.tokens[:tokens]
        unknown = round(self.unknown * tokens / len(self.tokens))
        characters = max(1, round(self.characters * tokens / len(self.tokens)))
        return Corpus(part, self.begins[:tokens], characters, unknown)


def document_pattern(document: str) -> re.Pattern[str]:
    """Compiles the expression that matches the beginning of a document.

    Raises:
        UserError: It is no regular expression.
    """
    try:
        return re.compile(document, re.MULTILINE)
    except (re.error, OverflowError, RecursionError) as error:
        raise UserError("document", document, f"give a regular expression ({error})") from error


def document_notes(text: str, document: str | None) -> tuple[str, ...]:
    """Reports an expression that matches nowhere: then a text is one document, and no memory is emptied in it.

    Args:
        text: The whole text.
        document: The expression; `None` for a single document.

    Returns:
        At most one line; words in backticks are arguments.

    Raises:
        UserError: It is no regular expression.
    """
    if document is None or any(begun for begun, _ in _documents(text, document)):
        return ()
    return (f"`document` {document!r} matches nowhere in the text, so that it is read as one document",)


def read_text(path: str | Path) -> str:
    """Reads a UTF-8 file; every end of a line becomes one line feed.

    Raises:
        UserError: It cannot be read, or is no UTF-8.
    """
    try:
        return decoded(read_whole(Path(path)))
    except OSError as error:
        raise UserError("text", path, f"name a text file that can be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise UserError("text", path, f"save it in UTF-8 (byte {error.start} is not)") from error


@dataclass(frozen=True, eq=False)
class Batch:
    """Windows of text, one a lane, and the token that follows each of their tokens."""

    inputs: Int[Tensor, "lanes time"]
    targets: Int[Tensor, "lanes time"]
    reset: Bool[Tensor, "lanes time"] | None
    """Where a lane is reset before it reads; `None` for nowhere, for which kernels are faster."""

    def to(self, device: torch.device) -> "Batch":
        """The same batch elsewhere."""
        reset = None if self.reset is None else self.reset.to(device)
        return Batch(self.inputs.to(device), self.targets.to(device), reset)


Batches = Callable[[int], Batch]


def contiguous_lanes(corpus: Corpus, lanes: int, window: int, seed: int) -> Batches:
    """Batch n continues batch n - 1 in every lane, so a carried state sees whole texts.

    An epoch begins with fresh lanes. It cuts the corpus, as a ring, at a new random offset into lanes of equal length,
    and each lane into windows. The rest of each lane, less than a window, is not used in that epoch. Batch n is a
    function of `seed` and n alone.

    Raises:
        UserError: A lane has no whole window.
    """
    size = len(corpus.tokens)
    windows = size // lanes // window
    if windows == 0:
        remedy = f"give fewer lanes or a shorter window: the text has only {size} tokens"
        raise UserError("lanes", f"{lanes} of {window} tokens", remedy)

    def batch(n: int) -> Batch:
        epoch, at = divmod(n - 1, windows)
        offset = int(np.random.default_rng([seed, epoch]).integers(size))
        begins = offset + (size // lanes) * torch.arange(lanes) + at * window
        return _windows(corpus, begins, window, fresh=at == 0)

    return batch


def random_blocks(corpus: Corpus, lanes: int, window: int, seed: int) -> Batches:
    """Batches of blocks of `window` + 1 tokens at random offsets, to be read with fresh lanes.

    Batch n is a function of `seed` and n alone.

    Raises:
        UserError: The text is shorter than a block.
    """
    size = len(corpus.tokens)
    if size <= window:
        raise UserError("window", window, f"give a shorter window: the text has only {size} tokens")

    def batch(n: int) -> Batch:
        begins = np.random.default_rng([seed, n]).integers(size - window, size=lanes)
        return _windows(corpus, torch.from_numpy(begins), window, fresh=False)  # the reader has no state

    return batch


def _windows(corpus: Corpus, begins: Tensor, window: int, *, fresh: bool) -> Batch:
    """The windows that begin at the given tokens of the corpus, a ring; `fresh` lanes are reset first."""
    index = (begins[:, None] + torch.arange(window + 1)) % len(corpus.tokens)
    tokens, reset = corpus.tokens[index], corpus.begins[index[:, :-1]]
    reset[:, 0] |= fresh
    return Batch(tokens[:, :-1], tokens[:, 1:], reset if reset.any() else None)


def _documents(text: str, document: str | None) -> list[tuple[bool, str]]:
    """The parts of a text, in order, and whether the expression matches at their beginning (the first may not)."""
    if document is None:
        return [(False, text)]
    matches = document_pattern(document).finditer(text)
    matched = {match.start() for match in matches if match.start() < len(text)}
    begins = sorted({0} | matched)
    return [(a in matched, text[a:b]) for a, b in zip(begins, [*begins[1:], len(text)], strict=True)]
