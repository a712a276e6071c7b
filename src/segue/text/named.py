"""Tokenizers by their names in configs, learnt from a text or read from a model folder."""

from pathlib import Path
from typing import Any, Literal

from segue.bounded import parse
from segue.errors import UserError
from segue.folder import TOKENIZER, read_text
from segue.text.bytes import ByteTokenizer
from segue.text.characters import CharacterTokenizer
from segue.text.pairs import MOST_TOKENS, PairTokenizer
from segue.text.protocol import Tokenizer
from segue.text.sides import SidesTokenizer
from segue.text.words import WordTokenizer

TokenizerName = Literal["byte", "character", "word", "bpe"]

_MOST_BYTES = 2**24  # of tokenizer.json: the 268,000 words of WikiText-103 take 3 MB, escaped to ASCII twice that
_PAIRS = 4096  # enough that common words are one token, few enough for small models


def learn_tokenizer(name: TokenizerName, text: str, size: int | None = None, least: int = 1) -> Tokenizer:
    """Learns a tokenizer from a text.

    Args:
        name: The kind of tokenizer.
        text: The training text; it must not contain the held-out text.
        size: The most tokens of a word or byte pair vocabulary; `None` for all words, or 4,096 pairs and bytes.
        least: How often a word must occur to be in the vocabulary.

    Raises:
        UserError: The package of the tokenizer is missing, or the size is too small.
    """
    if name == "byte":
        return ByteTokenizer()
    if name == "character":
        return CharacterTokenizer.of(text)
    if name == "word":
        return WordTokenizer.of(text, size, least)
    return PairTokenizer.of(text, _PAIRS if size is None else size)


def tokenizer_from_json(text: str | bytes) -> Tokenizer:
    """The tokenizer that wrote this `tokenizer.json`; a file without a kind is of the `tokenizers` package.

    Raises:
        ValueError: The text is not of a tokenizer, or of one that Segue does not write.
        UserError: The package of the tokenizer is missing.
    """
    saved = parse(text)
    if isinstance(saved, dict) and saved.get("kind") == "sides":
        return SidesTokenizer(*(_tokenizer(saved[side]) for side in ("source", "target")))
    return _tokenizer(saved)


def _tokenizer(saved: Any) -> Tokenizer:
    """The tokenizer of one side, or of both."""
    if not isinstance(saved, dict):
        raise ValueError("no table of keys and values")
    match saved.get("kind"):
        case "byte":
            return ByteTokenizer()
        case "character":
            characters = saved["characters"]
            if not isinstance(characters, str):
                raise ValueError("characters that are not text")
            return CharacterTokenizer("".join(_vocabulary(list(characters))))
        case "word":
            return WordTokenizer(_vocabulary(saved["words"]))
        case None if "model" in saved:
            return PairTokenizer.from_json(saved)
        case kind:
            raise ValueError(f"unknown kind {kind!r}")


def _vocabulary(words: Any) -> list[str]:
    """The words or characters of a vocabulary, each once."""
    if not isinstance(words, list) or len(words) > MOST_TOKENS:
        raise ValueError(f"a vocabulary that is not a list of at most {MOST_TOKENS:,}")
    if not all(isinstance(word, str) for word in words) or len(set(words)) != len(words):
        raise ValueError("a vocabulary with a word that is not text, or occurs twice")
    return words


def load_tokenizer(folder: Path) -> Tokenizer:
    """Reads the tokenizer of a model folder.

    Raises:
        UserError: The file is missing, damaged or broken, or its package is not installed.
    """
    path = folder / TOKENIZER
    text = read_text(path, _MOST_BYTES)
    try:
        return tokenizer_from_json(text)
    except UserError:
        raise
    except (ValueError, KeyError, TypeError) as error:
        raise UserError("model", path, f"save the model again, this is not a tokenizer ({error})") from error
