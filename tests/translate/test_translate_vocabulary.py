"""The tokens of both sides: their numbers, and the words they belong to."""

import pytest

from segue.text.bytes import ByteTokenizer
from segue.text.words import WordTokenizer
from segue.translate.data.batches import pad
from segue.translate.data.vocabulary import BEGIN, END, PADDING, UNKNOWN, Vocabulary
from tests.translate.conftest import LETTERS


def test_a_vocabulary_shifts_the_tokenizer_and_keeps_its_unknown():
    vocabulary = Vocabulary(LETTERS)
    assert vocabulary.size == LETTERS.size + 3  # a second unknown could be written, and would be read as a real token
    assert vocabulary.source("ab?") == [4, 5, UNKNOWN, END]
    assert vocabulary.target("ab?") == [BEGIN, 4, 5, UNKNOWN, END]
    assert vocabulary.decode([BEGIN, 4, UNKNOWN, 5, END, PADDING]) == "a\ufffdb"
    assert vocabulary.decode(range(4, vocabulary.size)) == LETTERS.characters
    assert vocabulary.decode(vocabulary.encode("a bed")) == "a bed"
    assert Vocabulary(ByteTokenizer()).decode([BEGIN, UNKNOWN, ord("a") + 4, END]) == "a"
    tokens, length = pad([[5, 6, 7], [], [8]])
    assert (tokens.tolist(), length.tolist()) == ([[5, 6, 7], [0, 0, 0], [8, 0, 0]], [3, 0, 1])


@pytest.mark.parametrize(
    ("tokenizer", "text", "words"),
    [
        (LETTERS, "ab  c d", [0, 0, 0, 0, 1, 1, 2]),
        (LETTERS, " a b", [0, 0, 0, 1]),
        (WordTokenizer(["\n", "one", "two"]), "two one nine one", [0, 1, 2, 3]),
        (ByteTokenizer(), "é a", [0, 0, 0, 1]),
    ],
    ids=["characters", "leading space", "words", "bytes"],
)
def test_each_piece_knows_its_word(tokenizer, text, words):
    """Words are `text.split()`'s; catches half a character that begins one, or counts by pieces with spaces."""
    vocabulary = Vocabulary(tokenizer)
    assert vocabulary.words(vocabulary.encode(text)) == words
