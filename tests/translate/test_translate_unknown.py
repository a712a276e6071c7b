"""Tokens shown as unknown: how often, which, and what a model makes of a word it has never seen."""

import pytest
import torch

from segue.text.bytes import ByteTokenizer
from segue.text.sides import SidesTokenizer
from segue.text.words import WordTokenizer
from segue.translate.data.vocabulary import END, PADDING, UNKNOWN, Vocabulary
from segue.translate.training.unknown import LEAST, unknown_rates, with_unknown

WORDS = Vocabulary(WordTokenizer.of("a b c"))
A, B, C = (WORDS.encode(word)[0] for word in "abc")


def test_rare_tokens_are_unknown_at_times():
    """Seen once, every second time; seen three times, every fourth; often, one in a thousand. END never."""
    sources = [WORDS.source(text) for text in ("a", "b b b", *["c " * 1999])]
    rates = unknown_rates(WORDS, sources)
    assert rates[[A, B, C]].tolist() == pytest.approx([1 / 2, 1 / 4, LEAST])
    assert rates[[PADDING, END, UNKNOWN]].tolist() == [0, 0, 0]


def test_where_nothing_is_unknown_nothing_is_shown_so():
    """Bytes spell everything. What counts is the side that is read, not the one that is written."""
    for source, target, shown in (
        (ByteTokenizer(), WORDS.tokenizer, False),
        (WORDS.tokenizer, ByteTokenizer(), True),
    ):
        both = Vocabulary(SidesTokenizer(source, target))
        assert bool(unknown_rates(both, [both.source("a")]).any()) == shown
    assert not unknown_rates(Vocabulary(ByteTokenizer()), [[4, 5]]).any()


def test_draws_follow_the_rates_and_the_seed():
    """Catches one draw for all positions of a token, and one that a resumed run would not repeat."""
    rates = unknown_rates(WORDS, [WORDS.source("a b b b")])
    source = torch.tensor([[A, B, END, PADDING]]).repeat(4000, 1)
    torch.manual_seed(0)
    result = with_unknown(source, rates)
    torch.manual_seed(0)
    assert torch.equal(with_unknown(source, rates), result)
    shares = (result == UNKNOWN).double().mean(dim=0).tolist()
    assert shares == pytest.approx([1 / 2, 1 / 4, 0, 0], abs=0.03)
    assert torch.equal(result[result != UNKNOWN], source[result != UNKNOWN])
