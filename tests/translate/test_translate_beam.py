"""Beam search agrees with exhaustive search, and returns no text twice."""

import itertools

import pytest
import torch

from segue.heads.sampling import Sampling
from segue.text.characters import CharacterTokenizer
from segue.text.pairs import PairTokenizer
from segue.translate.data.batches import pad
from segue.translate.data.vocabulary import BEGIN, END
from segue.translate.decode.config import DecodeConfig
from segue.translate.decode.texts import translate_texts
from tests.translate.conftest import ARCHITECTURES, SHORT, TEXTS, build_decoding


@pytest.mark.parametrize("architecture", ["lstm", "lstm-attention", "transformer"])
@pytest.mark.parametrize("penalty", ["none", "average", "gnmt"])
def test_a_wide_beam_agrees_with_exhaustive_search(architecture, penalty):
    """All sentences of up to three tokens out of three letters, scored in one pass: the best of them, in order."""
    model = build_decoding(architecture, CharacterTokenizer("abc"), ending=0.0)
    config = DecodeConfig(beam=60, n_best=3, length_penalty=penalty, alpha=0.7, max_ratio=0.0, max_extra=4)
    source, length = pad([model.vocabulary.source("cab")])
    scored = []
    for size in range(4):
        for letters in itertools.product([4, 5, 6], repeat=size):
            log_probabilities = model(source, length, torch.tensor([[BEGIN, *letters]])).logits[0].log_softmax(dim=-1)
            total = log_probabilities[range(size + 1), [*letters, END]].sum().item()
            divisor = {"none": 1, "average": size + 1, "gnmt": ((6 + size) / 6) ** 0.7}[penalty]
            scored.append((total / divisor, letters))
    ((*result,),) = translate_texts(model, ["cab"], config)
    expected = sorted(scored, reverse=True)[:3]
    assert [one.tokens for one in result] == [letters for _, letters in expected]
    known = {letters: score for score, letters in scored}
    assert [one.score for one in result] == pytest.approx([known[one.tokens] for one in result], abs=1e-10)
    assert [one.score for one in result] == sorted((one.score for one in result), reverse=True)


def test_a_beam_is_no_worse_than_greedy_where_length_does_not_count():
    """Not true of every model, but of these: a beam that loses its best hypothesis fails."""
    gains = []
    for architecture in ARCHITECTURES:
        model = build_decoding(architecture)
        configs = (DecodeConfig(beam=beam, length_penalty="none", **SHORT) for beam in (1, 8))
        greedy, beam = (translate_texts(model, TEXTS, config) for config in configs)
        gains += [b.score - g.score for (g,), (b,) in zip(greedy, beam, strict=True) if g.finished]
    assert min(gains) >= -1e-10
    assert max(gains) > 0.1


@pytest.mark.parametrize("penalty", ["none", "average", "gnmt"])
def test_asking_for_more_results_does_not_change_the_best(penalty):
    """A search that ends at the first end it meets misses a hypothesis that grows better with its length."""
    model = build_decoding()
    results = [
        translate_texts(model, TEXTS, DecodeConfig(beam=5, n_best=count, length_penalty=penalty, **SHORT))
        for count in (1, 3, 5)
    ]
    for one, some, all_ in zip(*results, strict=True):
        assert one == some[:1] == all_[:1]
        assert some == all_[:3]


def test_no_two_results_have_the_same_text():
    """Byte pairs spell a text in several ways; catches a list that is one sentence five times."""
    pytest.importorskip("tokenizers")
    tokenizer = PairTokenizer.of("abab abab abab", 260)
    model = build_decoding(tokenizer=tokenizer)
    with torch.no_grad():  # only a, b and their pairs are likely
        model.head.project.bias -= 30
        for token in range(4, model.vocabulary.size):
            if set(model.vocabulary.decode([token])) <= set("ab"):
                model.head.project.bias[token] += 30
        model.head.project.bias[END] += 31
    for config in (DecodeConfig(beam=8, n_best=8), DecodeConfig(sampling=Sampling(), n_best=8)):
        ((*result,),) = translate_texts(model, ["abba"], config)
        texts = [one.text for one in result]
        assert len(set(texts)) == len(texts) > 3
        assert [one.score for one in result] == sorted((one.score for one in result), reverse=True)
    spellings = {tuple(model.vocabulary.encode("ab")), (*model.vocabulary.encode("a"), *model.vocabulary.encode("b"))}
    assert len(spellings) == 2  # or there would be nothing to leave out
