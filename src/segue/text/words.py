"""Words as tokens, as benchmarks of language models count them."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence

UNKNOWN = "<unk>"
"""Token 0, spelt as in the Penn Treebank and WikiText; the same word in a text is this token, too."""


class WordTokenizer:
    """Words between white space, and the end of a line; token 0 is any word outside the vocabulary.

    White space itself is not kept: decoded words have one space between them, and none at the ends of a line.

    Args:
        words: The vocabulary, each word once, the end of a line among them, the unknown word not; token k is word
            k - 1.
    """

    unknown = 0

    def __init__(self, words: Sequence[str]) -> None:
        self.words = tuple(words)
        self._tokens = {word: token for token, word in enumerate(words, start=1)}
        self._texts = (UNKNOWN, *words)

    @classmethod
    def of(cls, text: str, size: int | None = None, least: int = 1) -> "WordTokenizer":
        """The tokenizer of the most frequent words of a text.

        Args:
            text: The text.
            size: The number of tokens, the end of a line and the unknown word among them; `None` for all words.
            least: How often a word must occur. Rarer words are unknown, so a model learns where unknown words occur.
        """
        counts = Counter(_split(text))
        counts.pop(UNKNOWN, None)
        counts.pop("\n", None)
        frequent = sorted((word for word in counts if counts[word] >= least), key=lambda word: (-counts[word], word))
        return cls(["\n", *frequent[: None if size is None else max(0, size - 2)]])

    @property
    def size(self) -> int:
        """The number of words, the unknown one included."""
        return len(self._texts)

    def encode(self, text: str) -> list[int]:
        """One token a word, one an end of a line."""
        return [self._tokens.get(word, self.unknown) for word in _split(text)]

    def decode(self, tokens: Sequence[int]) -> str:
        """The text, its words one space apart."""
        lines = " ".join(self._texts[token] for token in tokens).split("\n")
        return "\n".join(line.strip(" ") for line in lines)

    def to_json(self) -> str:
        """The kind and the vocabulary."""
        return json.dumps({"kind": "word", "words": self.words})


def _split(text: str) -> Iterator[str]:
    first, *others = text.split("\n")
    yield from first.split()
    for line in others:
        yield "\n"
        yield from line.split()
