"""The interface of every tokenizer: a map from text to whole numbers, and back."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable


@runtime_checkable
class Tokenizer(Protocol):
    """Text to tokens, numbered from 0, and back."""

    @property
    def unknown(self) -> int | None:
        """The token of all text outside the vocabulary; `None` where no text is outside."""
        ...

    @property
    def size(self) -> int:
        """The number of different tokens."""
        ...

    def encode(self, text: str) -> list[int]:
        """The tokens of a text. Text outside the vocabulary becomes `unknown`, which the caller can count."""
        ...

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of tokens; cut-off characters become U+FFFD, the replacement character.

        `unknown` has a text of its own: U+FFFD among characters, `<unk>` among words.
        """
        ...

    def to_json(self) -> str:
        """The text of `tokenizer.json`, from which `segue.text.named.tokenizer_from_json` makes it again."""
        ...
