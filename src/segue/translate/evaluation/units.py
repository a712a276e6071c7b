"""The unit of errors and lengths: words or characters."""

from typing import Literal

from segue.text.bytes import ByteTokenizer
from segue.text.characters import CharacterTokenizer
from segue.text.sides import SidesTokenizer
from segue.translate.data.vocabulary import Vocabulary

Unit = Literal["word", "character"]


def unit_of(vocabulary: Vocabulary) -> Unit:
    """The unit for a model: characters where its outputs are made of characters or bytes, else words."""
    tokenizer = vocabulary.tokenizer
    output = tokenizer.target if isinstance(tokenizer, SidesTokenizer) else tokenizer
    return "character" if isinstance(output, CharacterTokenizer | ByteTokenizer) else "word"


def units(text: str, unit: Unit) -> list[str]:
    """The words of a text, which white space divides, or its characters."""
    return text.split() if unit == "word" else list(text)
