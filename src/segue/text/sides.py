"""Two tokenizers as one: what is read is cut in one way, what is written in another."""

import json
from collections.abc import Sequence

from segue.text.protocol import Tokenizer


class SidesTokenizer:
    """Spelling into sounds, say: characters are read, phonemes are written.

    Token k below `target.size` is the target's token k, the others are the source's. Whatever either side does not know
    is one and the same token.

    Args:
        source: What cuts texts that are read.
        target: What cuts texts that are written.
    """

    def __init__(self, source: Tokenizer, target: Tokenizer) -> None:
        self.source, self.target = source, target

    @property
    def unknown(self) -> int | None:
        """The target's, or the source's where the target knows all."""
        if self.target.unknown is not None or self.source.unknown is None:
            return self.target.unknown
        return self.target.size + self.source.unknown

    @property
    def size(self) -> int:
        """Both vocabularies."""
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
        """The text; the first known token tells of which side, and tokens of the other side are left out."""
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
        """The kind, and what either tokenizer writes."""
        sides = {"source": json.loads(self.source.to_json()), "target": json.loads(self.target.to_json())}
        return json.dumps({"kind": "sides", **sides})
