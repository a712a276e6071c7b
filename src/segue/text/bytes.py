"""Bytes as tokens: no vocabulary, nothing unknown."""

import json
from collections.abc import Sequence


class ByteTokenizer:
    """The 256 bytes of UTF-8. A lone surrogate, which UTF-8 cannot encode, becomes `?`."""

    unknown = None
    size = 256

    def encode(self, text: str) -> list[int]:
        """One token a byte."""
        return list(text.encode("utf-8", errors="replace"))

    def decode(self, tokens: Sequence[int]) -> str:
        """The text; bytes that are not UTF-8 become U+FFFD."""
        return bytes(tokens).decode("utf-8", errors="replace")

    def to_json(self) -> str:
        """The kind alone: bytes have no vocabulary."""
        return json.dumps({"kind": "byte"})
