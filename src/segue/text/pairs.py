"""Byte pair encodings, by the `tokenizers` package."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from segue.errors import UserError
from segue.extras import installation

_BYTES = 256


class PairTokenizer:
    """Frequent runs of bytes as tokens (Sennrich et al. 2016, over bytes as in Radford et al. 2019); none is unknown.

    Args:
        inner: A lossless `tokenizers.Tokenizer`; `of` makes one.
    """

    unknown = None

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    @classmethod
    def of(cls, text: str, size: int) -> "PairTokenizer":
        """The encoding learnt from a text.

        Args:
            text: The text.
            size: The number of tokens, at least the 256 bytes; a text with too few pairs gets fewer.

        Raises:
            UserError: The size is below 256, or `tokenizers` is not installed.
        """
        if size < _BYTES:
            raise UserError("size", size, f"give at least {_BYTES}, one token for each byte")
        tokenizers = _package()
        inner = tokenizers.Tokenizer(tokenizers.models.BPE())
        inner.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
        inner.decoder = tokenizers.decoders.ByteLevel()
        trainer = tokenizers.trainers.BpeTrainer(
            vocab_size=size,
            initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        inner.train_from_iterator(text.splitlines(keepends=True), trainer)
        return cls(inner)

    @classmethod
    def from_json(cls, text: str) -> "PairTokenizer":
        """The tokenizer that `to_json` wrote, or another lossless one in the format of the `tokenizers` package.

        Raises:
            ValueError: It is in another format.
            UserError: `tokenizers` is not installed.
        """
        package = _package()
        try:
            return cls(package.Tokenizer.from_str(text))
        except Exception as error:  # the package raises nothing more specific
            raise ValueError(str(error)) from error

    @property
    def size(self) -> int:
        """The number of different tokens."""
        return int(self._inner.get_vocab_size())

    def encode(self, text: str) -> list[int]:
        """One token a run of bytes."""
        return list(self._inner.encode(text, add_special_tokens=False).ids)

    def decode(self, tokens: Sequence[int]) -> str:
        """The text; bytes that are not UTF-8 become U+FFFD."""
        return str(self._inner.decode(list(tokens), skip_special_tokens=False))

    def to_json(self) -> str:
        """The tokenizer in the format of the `tokenizers` package, for any program that reads it."""
        return str(self._inner.to_str())


def _package() -> Any:
    try:
        return import_module("tokenizers")
    except ImportError as error:
        raise UserError("tokenizer", "bpe", f"{installation('train')}, or take byte, character or word") from error
