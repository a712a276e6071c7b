"""Two tokenizers as one: texts that are read and texts that are written are cut in different ways."""

import json
from collections.abc import Sequence

from segue.text.protocol import Tokenizer


class SidesTokenizer:
    """A source and a target vocabulary in one, for example characters that are read and phonemes that are written.

    Token k below `target.size` is the target's token k; the others are the source's. Both sides share one unknown
    token.

    Args:
        source: The tokenizer of texts that are read.
        target: The tokenizer of texts that are written.
    """

    def __init__(self, source: Tokenizer, target: Tokenizer) -> None:
        self.source, self.target = source, target

    @property
    def unknown(self) -> int | None:
        """The unknown token of the target, or of the source where the target has none."""
        if self.target.unknown is not None or self.source.unknown is None:
            return self.target.unknown
        return self.target.size + self.source.unknown

    @property
    def size(self) -> int:
        """The number of tokens of both vocabularies."""
        return self.target.size + self.source.size

    def encode(self, text: str) -> list[int]:
        """The tokens of a text that is written."""
        return self.target.encode(text)

    def encode_source(self, text: str) -> list[int]:
        """The tokens of a text that is read."""
        unknown, known = self.source.unknown, self.unknown
        tokens = self.source.encode(text)
        return [known if token == unknown and known is not None else self.target.size + token for token in tokens]

    def decode(self, tokens: Sequence[int]) -> str:
        """The text; the first known token decides the side, and tokens of the other side are left out."""
        read = next((token >= self.target.size for token in tokens if token != self.unknown), False)
        side, first = (self.source, self.target.size) if read else (self.target, 0)
        kept: list[int] = []
        for token in tokens:
            if token == self.unknown and side.unknown is not None:
                kept.append(side.unknown)
            elif 0 <= token - first < side.size:
                kept.append(token - first)
        return side.decode(kept)

    def to_json(self) -> str:
        """The kind, and both tokenizers as they write themselves."""
        sides = {"source": json.loads(self.source.to_json()), "target": json.loads(self.target.to_json())}
        return json.dumps({"kind": "sides", **sides})
