"""Perplexity and bits per character are what a hand computes, however a text is cut."""

import math

import pytest
import torch

from segue.language.corpus import Corpus
from segue.language.evaluate import evaluate
from segue.text.bytes import ByteTokenizer
from tests.language.conftest import LETTERS, TEXT, build, every_backbone, uniform


def test_a_uniform_model_has_the_perplexity_of_its_vocabulary():
    """And log2 of it in bits per token; per character times the tokens per character, here two bytes for each é."""
    result = evaluate(uniform(), Corpus.of(TEXT, LETTERS), window=16)
    assert result.perplexity == pytest.approx(LETTERS.size, rel=1e-6)
    assert result.bits_per_character == pytest.approx(math.log2(LETTERS.size), rel=1e-6)
    assert result.tokens == len(TEXT) - 1
    result = evaluate(uniform(ByteTokenizer()), Corpus.of("éa" * 30, ByteTokenizer()), window=16)
    assert result.perplexity == pytest.approx(256, rel=1e-6)
    assert result.bits_per_character == pytest.approx(8 * 1.5, rel=1e-6)


def test_bits_per_character_by_hand():
    """The sum of -log2 p over every character but the first, one by one, each from all before it."""
    model, tokens = build(), torch.tensor([LETTERS.encode(TEXT)])
    bits = 0.0
    for index in range(1, len(TEXT)):
        p = model(tokens[:, :index])[0].probabilities[0, -1, tokens[0, index]]
        bits -= math.log2(p.item())
    result = evaluate(model, Corpus.of(TEXT, LETTERS), window=16)
    assert result.bits_per_character == pytest.approx(bits / (len(TEXT) - 1), rel=1e-5)


@every_backbone
def test_the_window_of_a_carried_state_does_not_matter(backbone):
    model, corpus = build(backbone).double(), Corpus.of(TEXT, LETTERS, document="#")
    losses = [evaluate(model, corpus, window=window).loss for window in (5, 16, 500)]
    assert losses == pytest.approx([losses[0]] * 3, abs=1e-10)


def test_a_reset_state_is_every_window_alone_in_however_many_lanes():
    model, corpus = build().double(), Corpus.of(TEXT, LETTERS)
    windows = zip(corpus.tokens[:-1].split(10), corpus.tokens[1:].split(10), strict=True)
    total = sum(model(x[None])[0].loss(y[None]).sum().item() for x, y in windows)
    for lanes in (1, 3, 7):
        result = evaluate(model, corpus, state="reset", window=10, lanes=lanes)
        assert result.loss == pytest.approx(total / (len(TEXT) - 1), abs=1e-10)
    assert evaluate(model, corpus, window=10).loss != pytest.approx(result.loss, abs=1e-6)


def test_evaluation_leaves_the_model_as_it_is():
    model = build(dropout=0.5).train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    first = evaluate(model, Corpus.of(TEXT, LETTERS))
    assert model.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert evaluate(model, Corpus.of(TEXT, LETTERS)) == first  # dropout must not be at work
