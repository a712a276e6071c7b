"""The tokens of both sides of a pair: a tokenizer's, and four that no text holds."""

from collections.abc import Sequence

import torch
from jaxtyping import Int
from torch import Tensor

from segue.text.protocol import Tokenizer
from segue.text.sides import SidesTokenizer

PADDING, BEGIN, END, UNKNOWN = range(4)
"""What fills a batch, what the decoder reads first, what ends a sentence, and what stands for unknown text."""

_OFFSET = 4


class Vocabulary:
    """A tokenizer's tokens, numbered from 4 on in their order; its unknown, if it has one, is UNKNOWN instead.

    One vocabulary serves source and target, so that one matrix can embed both.

    Args:
        tokenizer: What cuts texts into pieces; it goes with the model wherever that is saved.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer

    @property
    def size(self) -> int:
        """The number of different tokens."""
        return self.tokenizer.size + _OFFSET - (self.tokenizer.unknown is not None)

    @property
    def reads_unknown(self) -> bool:
        """Whether a source can hold UNKNOWN: bytes and byte pairs spell everything."""
        inner = self.tokenizer.source if isinstance(self.tokenizer, SidesTokenizer) else self.tokenizer
        return inner.unknown is not None

    def encode(self, text: str) -> list[int]:
        """The pieces of a text that is written, without begin and end."""
        return self._numbered(self.tokenizer.encode(text))

    def source(self, text: str) -> list[int]:
        """What an encoder reads: the pieces and the end, so that no source is empty."""
        encode = self.tokenizer.encode_source if isinstance(self.tokenizer, SidesTokenizer) else self.tokenizer.encode
        return [*self._numbered(encode(text)), END]

    def target(self, text: str) -> list[int]:
        """What a decoder learns from: begin, the pieces, the end."""
        return [BEGIN, *self.encode(text), END]

    def decode(self, tokens: Sequence[int]) -> str:
        """The text; padding, begin and end have none, and unknown is read as the tokenizer reads its own."""
        return self.tokenizer.decode(self._inner(tokens))

    def words(self, tokens: Sequence[int]) -> list[int]:
        """For each token, which word of `decode(tokens).split()` it belongs to.

        White space belongs to the word before it, or to the first; a token without text to the last word begun.
        """
        begun = (len(self.decode(tokens[: i + 1]).split()) for i in range(len(tokens)))
        return [max(0, count - 1) for count in begun]

    def _numbered(self, tokens: Sequence[int]) -> list[int]:
        """The tokenizer's own numbers as ours."""
        unknown, found = self.tokenizer.unknown, []
        for token in tokens:
            behind = unknown is not None and token > unknown
            found.append(UNKNOWN if token == unknown else token + _OFFSET - behind)
        return found

    def _inner(self, tokens: Sequence[int]) -> list[int]:
        """The tokenizer's own numbers."""
        unknown, found = self.tokenizer.unknown, []
        for token in tokens:
            if token >= _OFFSET:
                behind = unknown is not None and token - _OFFSET >= unknown
                found.append(token - _OFFSET + behind)
            elif token == UNKNOWN and unknown is not None:
                found.append(unknown)
        return found


def pad(sequences: Sequence[Sequence[int]]) -> tuple[Int[Tensor, "lanes longest"], Int[Tensor, "lanes"]]:
    """Token sequences as one tensor, filled with padding at their ends, and their lengths."""
    length = torch.tensor([len(sequence) for sequence in sequences])
    tokens = torch.full((len(sequences), int(length.max())), PADDING)
    for lane, sequence in enumerate(sequences):
        tokens[lane, : len(sequence)] = torch.tensor(sequence)
    return tokens, length
