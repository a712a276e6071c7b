"""Tokenizers by their names in configs, learnt from a text or read from a model folder."""

import json
from pathlib import Path
from typing import Literal

from segue.errors import UserError
from segue.folder import TOKENIZER
from segue.text.bytes import ByteTokenizer
from segue.text.characters import CharacterTokenizer
from segue.text.pairs import PairTokenizer
from segue.text.protocol import Tokenizer
from segue.text.sides import SidesTokenizer
from segue.text.words import WordTokenizer

TokenizerName = Literal["byte", "character", "word", "bpe"]

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


def tokenizer_from_json(text: str) -> Tokenizer:
    """The tokenizer that wrote this `tokenizer.json`; a file without a kind is of the `tokenizers` package.

    Raises:
        ValueError: The text is not of a tokenizer.
        UserError: The package of the tokenizer is missing.
    """
    saved = json.loads(text)
    if not isinstance(saved, dict):
        raise ValueError("no table of keys and values")
    match saved.get("kind"):
        case "byte":
            return ByteTokenizer()
        case "character":
            return CharacterTokenizer(str(saved["characters"]))
        case "word":
            return WordTokenizer([str(word) for word in saved["words"]])
        case "sides":
            return SidesTokenizer(*(tokenizer_from_json(json.dumps(saved[side])) for side in ("source", "target")))
        case None if "model" in saved:
            return PairTokenizer.from_json(text)
        case kind:
            raise ValueError(f"unknown kind {kind!r}")


def load_tokenizer(folder: Path) -> Tokenizer:
    """Reads the tokenizer of a model folder.

    Raises:
        UserError: The file is missing or broken, or its package is not installed.
    """
    path = folder / TOKENIZER
    try:
        return tokenizer_from_json(path.read_text(encoding="utf-8"))
    except UserError:
        raise
    except OSError as error:
        raise UserError("model", path, f"name a folder that holds a whole model ({error.strerror})") from error
    except (ValueError, KeyError, TypeError) as error:
        raise UserError("model", path, f"save the model again, this is no tokenizer ({error})") from error
