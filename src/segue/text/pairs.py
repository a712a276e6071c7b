"""Byte pair encodings, by the `tokenizers` package."""

import json
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from segue.errors import UserError
from segue.extras import installation

MOST_TOKENS = 2**20
"""The largest vocabulary; those of large language models have 256,000 tokens."""
_BYTES = 256
_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
_PARTS: dict[str, tuple[Any, ...]] = {
    "version": ("1.0",),
    "truncation": (None,),
    "padding": (None,),
    "added_tokens": ([],),
    "normalizer": (None,),
    "pre_tokenizer": (_LEVEL,),
    "post_processor": (None,),
    "decoder": (_LEVEL, {**_LEVEL, "add_prefix_space": True}),
}
_SETTINGS: dict[str, tuple[Any, ...]] = {
    "type": ("BPE",),
    "dropout": (None,),
    "unk_token": (None,),
    "continuing_subword_prefix": (None, ""),
    "end_of_word_suffix": (None, ""),
    "fuse_unk": (False,),
    "byte_fallback": (False,),
    "ignore_merges": (False,),
}


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
    def from_json(cls, saved: Any) -> "PairTokenizer":
        """The tokenizer that `to_json` wrote.

        The `tokenizers` package reads many other parts: patterns, rules that lengthen a text, templates. A stranger
        could make one that takes all memory or ends the process. So only what `of` makes is accepted: bytes, a
        vocabulary and merges.

        Args:
            saved: The JSON value of `tokenizer.json`.

        Raises:
            ValueError: It has other parts, or a vocabulary or merges that no training gives.
            UserError: `tokenizers` is not installed.
        """
        _require_pairs(saved)
        package = _package()
        try:
            return cls(package.Tokenizer.from_str(json.dumps(saved)))
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


def _require_pairs(saved: dict[str, Any]) -> None:
    """Refuses all but the parts that `PairTokenizer.of` makes."""
    model = saved["model"]
    if not isinstance(model, dict):
        raise ValueError("a model that is not a table")
    for table, allowed in ((saved, {**_PARTS, "model": ()}), (model, {**_SETTINGS, "vocab": (), "merges": ()})):
        for key, value in table.items():
            if key not in allowed or (allowed[key] and value not in allowed[key]):
                raise ValueError(f"segue writes no {key} {str(value)[:60]}")
    vocabulary, merges = model["vocab"], model["merges"]
    if not (isinstance(vocabulary, dict) and isinstance(merges, list) and len(merges) <= len(vocabulary)):
        raise ValueError("a vocabulary or merges of another form")
    tokens = list(vocabulary.values())
    if len(tokens) > MOST_TOKENS or any(type(token) is not int for token in tokens):
        raise ValueError(f"a vocabulary that is not of at most {MOST_TOKENS:,} numbers")
    if sorted(tokens) != list(range(len(tokens))):
        raise ValueError("a vocabulary that is not numbered from 0")
    for merge in merges:
        pair = merge.split(" ") if isinstance(merge, str) else merge  # one text before version 0.20 of the package
        if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(part, str) for part in pair):
            raise ValueError("a merge that is not a pair")
        if any(part not in vocabulary for part in (*pair, "".join(pair))):
            raise ValueError(f"a merge of tokens outside the vocabulary, {' '.join(pair)[:60]}")


def _package() -> Any:
    try:
        return import_module("tokenizers")
    except ImportError as error:
        raise UserError("tokenizer", "bpe", f"{installation('train')}, or take byte, character or word") from error
