"""Bytes as tokens: no vocabulary, nothing unknown."""

import json
from collections.abc import Sequence


class ByteTokenizer:
    """The 256 bytes of UTF-8. A lone surrogate, which UTF-8 can't write, becomes `?`."""

    unknown = None
    size = 256

    def encode(self, text: str) -> list[int]:
        """One token a byte."""
        return list(text.encode("utf-8", errors="replace"))

    def decode(self, tokens: Sequence[int]) -> str:
        """The text; bytes that are no UTF-8 become U+FFFD."""
        return bytes(tokens).decode("utf-8", errors="replace")

    def to_json(self) -> str:
        """There is nothing to tell but the kind."""
        return json.dumps({"kind": "byte"})
