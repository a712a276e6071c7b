"""Dynamic evaluation of a text: its parts are the whole, it learns, and the model stays what it was."""

import math
from itertools import pairwise

import pytest
import torch

from segue.errors import UserError
from segue.language import online
from segue.language.corpus import Corpus
from segue.language.evaluate import evaluate
from segue.language.online import evaluate_online
from segue.state import State
from segue.training.online import OnlineConfig
from tests.language.conftest import LETTERS, TEXT, build, every_backbone

CONFIG = OnlineConfig(segment=7, learning_rate=0.1)


def corpus_of(text, continued=False):
    return Corpus.of(text, LETTERS, document="#", continued=continued)


@every_backbone
def test_without_a_rate_it_is_the_plain_evaluation(backbone):
    """Catches a target off by one, a document's beginning that is forgotten, and a token left out at an end."""
    model = build(backbone).double()
    result, _ = evaluate_online(model, corpus_of(TEXT), OnlineConfig(segment=7, learning_rate=0.0))
    plain = evaluate(model, corpus_of(TEXT))
    assert result.loss == pytest.approx(plain.loss, abs=1e-10)
    assert (result.tokens, result.unknown, result.tokens_per_character) == (plain.tokens, 0, 1.0)


@pytest.mark.parametrize("tied", [False, True])
def test_it_equals_gradient_descent_by_hand(tied):
    """A copy of the model under torch's own SGD, segment by segment; tied weights are one matrix, learnt once."""
    model, tokens = build(tied=tied).double(), torch.tensor([LETTERS.encode(TEXT)])
    result, _ = evaluate_online(model, Corpus.of(TEXT, LETTERS), OnlineConfig(7, 0.1, decay=0.0, clip=math.inf))
    copied, memory, total = build(tied=tied).double(), None, 0.0
    sgd = torch.optim.SGD(copied.parameters(), lr=0.1)
    for begin in range(0, len(TEXT) - 1, 7):
        end = min(begin + 7, len(TEXT) - 1)
        distribution, memory = copied(tokens[:, begin:end], None if memory is None else memory.detach())
        losses = distribution.loss(tokens[:, begin + 1 : end + 1])
        total += losses.sum().item()
        sgd.zero_grad()
        losses.mean().backward()
        sgd.step()
    assert result.loss == pytest.approx(total / (len(TEXT) - 1), rel=1e-9)
    assert result.loss < 0.98 * evaluate(model, Corpus.of(TEXT, LETTERS)).loss  # it does learn


def test_a_long_text_is_read_in_pieces_that_make_no_difference(monkeypatch):
    """Catches a token between two pieces that is skipped or read twice."""
    model = build().double()
    whole, _ = evaluate_online(model, corpus_of(TEXT), CONFIG)
    monkeypatch.setattr(online, "_PIECE", 10)
    result, _ = evaluate_online(model, corpus_of(TEXT), CONFIG)
    assert result.loss == pytest.approx(whole.loss, abs=1e-12)


@pytest.mark.parametrize("cuts", [(50,), (2, 3, 49), (TEXT.index("#", 9),)], ids=str)
@every_backbone
def test_a_text_in_parts_is_the_whole(backbone, cuts, tmp_path):
    """Saved and loaded between parts, wherever the cut lies: in a document, in a segment, before a document's first
    token; the first token of a part is predicted from the last of the one before."""
    model, total, state = build(backbone).double(), 0.0, None
    for begin, stop in pairwise((0, *cuts, len(TEXT))):
        result, state = evaluate_online(model, corpus_of(TEXT[begin:stop], continued=begin > 0), CONFIG, state)
        total += result.loss * result.tokens
        state.save(tmp_path / "state.safetensors", {})
        state, _ = State.load(tmp_path / "state.safetensors", {}, framework="torch")
    whole, end = evaluate_online(model, corpus_of(TEXT), CONFIG)
    assert total == pytest.approx(whole.loss * whole.tokens, abs=1e-9)
    for name, tensor in end.items():
        torch.testing.assert_close(state[name], tensor, rtol=0, atol=1e-9)


def test_the_model_stays_what_it_was():
    model = build(dropout=0.5).train()
    before = model.fingerprint
    first, _ = evaluate_online(model, corpus_of(TEXT), CONFIG)
    assert model.training
    assert model.fingerprint == before
    assert evaluate_online(model, corpus_of(TEXT), CONFIG)[0] == first  # nothing of the first pass is left, no dropout


@pytest.mark.parametrize("measure", [evaluate, evaluate_online])
def test_one_token_with_none_before_it_is_refused(measure):
    with pytest.raises(UserError, match="corpus of one token: give at least two tokens"):
        measure(build(), corpus_of("a", continued=True))
