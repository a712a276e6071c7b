"""Characters as tokens."""

import json
from collections.abc import Sequence

UNKNOWN = "\ufffd"
"""The replacement character: the text of an unknown token."""


class CharacterTokenizer:
    """One token a character (code point) of a vocabulary; token 0 is any other character.

    Args:
        characters: The vocabulary, each once; token k is character k - 1.
    """

    unknown = 0

    def __init__(self, characters: str) -> None:
        self.characters = characters
        self._tokens = {character: token for token, character in enumerate(characters, start=1)}
        self._texts = (UNKNOWN, *characters)

    @classmethod
    def of(cls, text: str) -> "CharacterTokenizer":
        """The tokenizer whose vocabulary is all characters of a text, in the order of their code points."""
        return cls("".join(sorted(set(text) - {UNKNOWN})))

    @property
    def size(self) -> int:
        """The number of characters, the unknown one included."""
        return len(self._texts)

    def encode(self, text: str) -> list[int]:
        """One token a character."""
        return [self._tokens.get(character, self.unknown) for character in text]

    def decode(self, tokens: Sequence[int]) -> str:
        """The text."""
        return "".join(self._texts[token] for token in tokens)

    def to_json(self) -> str:
        """The kind and the vocabulary."""
        return json.dumps({"kind": "character", "characters": self.characters})
