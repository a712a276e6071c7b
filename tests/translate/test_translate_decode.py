"""Decoding: the batch changes nothing, and rules are kept."""

import itertools
import math

import pytest
import torch

from segue.config import from_dict, to_toml
from segue.errors import UserError
from segue.heads.sampling import Sampling
from segue.text.characters import CharacterTokenizer
from segue.translate.data.batches import pad
from segue.translate.data.vocabulary import BEGIN, END, PADDING, UNKNOWN, Vocabulary
from segue.translate.decode.beam import beam_search
from segue.translate.decode.config import DecodeConfig
from segue.translate.decode.rules import Rules
from segue.translate.decode.search import Draw, search
from segue.translate.decode.texts import translate_texts
from segue.translate.model.lengths import Lengths
from segue.translate.model.seq2seq import Seq2Seq, Seq2SeqConfig
from tests.translate.conftest import LETTERS, SHORT, TEXTS, build_decoding, every_architecture


def shown(result):
    """What must agree exactly, and what to rounding."""
    exact = [[(one.tokens, one.text, one.finished) for one in hypotheses] for hypotheses in result]
    return exact, [one.score for hypotheses in result for one in hypotheses]


CONFIGS = {
    "greedy": DecodeConfig(**SHORT),
    "beam": DecodeConfig(beam=3, n_best=2, **SHORT),
    "drawn": DecodeConfig(sampling=Sampling(0.9, top_k=6, top_p=0.95), n_best=2, seed=3, **SHORT),
}


@every_architecture
@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_batch_size_and_order_change_nothing(architecture, config):
    """Catches padding, a sentence that stays in the batch, a seed that counts lanes, and results put back wrongly."""
    model = build_decoding(architecture)
    together, scores = shown(translate_texts(model, TEXTS, config))
    assert len({len(hypotheses[0][0]) for hypotheses in together}) > 1  # or leaving the batch was not tried
    for batch_tokens in (1, 40):
        result, others = shown(translate_texts(model, TEXTS, config, batch_tokens=batch_tokens))
        assert result == together
        assert others == pytest.approx(scores, abs=1e-10)
    turned, _ = shown(translate_texts(model, TEXTS[::-1], config))
    assert turned[::-1] == together
    assert together[3] == together[5]  # the same text


@every_architecture
def test_a_beam_of_one_is_greedy(architecture):
    model = build_decoding(architecture)
    for penalty in ("none", "average"):
        config = DecodeConfig(length_penalty=penalty, **SHORT)
        greedy = translate_texts(model, TEXTS, config)
        source, length = pad([model.vocabulary.source(text) for text in TEXTS])
        limit = length + 4
        with torch.no_grad():
            keys, state = model.begin(model.encode(source, length))
            result = beam_search(model, keys, state, Rules(), limit, config)
        for (hypothesis,), (other,) in zip(greedy, result, strict=True):
            assert [*hypothesis.tokens, *[END] * hypothesis.finished] == other.tokens
            assert hypothesis.log_probabilities == pytest.approx(other.log_probabilities, abs=1e-10)


@every_architecture
def test_greedy_is_the_most_probable_token_after_each(architecture):
    """One pass over the output: at each index its token, and END where it stopped. Log-probabilities likewise."""
    model = build_decoding(architecture)
    for text, (hypothesis,) in zip(TEXTS, translate_texts(model, TEXTS, DecodeConfig(**SHORT)), strict=True):
        source, length = pad([model.vocabulary.source(text)])
        log_probabilities = (
            model(source, length, torch.tensor([[BEGIN, *hypothesis.tokens]])).logits[0].log_softmax(dim=-1)
        )
        log_probabilities = log_probabilities[: len(hypothesis.log_probabilities)]
        allowed = log_probabilities.clone()
        allowed[:, [PADDING, BEGIN, UNKNOWN]] = -torch.inf
        best, token = allowed.max(dim=-1)
        assert token.tolist() == [*hypothesis.tokens, *[END] * hypothesis.finished]
        assert hypothesis.log_probabilities == pytest.approx(best.tolist(), abs=1e-10)
        assert hypothesis.score == pytest.approx(best.mean().item(), abs=1e-10)


@pytest.mark.parametrize("base", [{}, {"beam": 4, "n_best": 3}, {"sampling": Sampling(), "n_best": 3}], ids=str)
def test_rules_are_kept(base):
    """Prefix, banned tokens, least length and repeats, each on a model that breaks it when left alone."""
    model = build_decoding()

    def say(**rules):
        result = translate_texts(model, TEXTS, DecodeConfig(**base, **SHORT, **rules))
        return [one for hypotheses in result for one in hypotheses]

    free = say()
    assert not any({PADDING, BEGIN, END, UNKNOWN} & set(one.tokens) for one in free)
    assert not all(one.text.startswith("hag") for one in free)
    assert all(one.text.startswith("hag") for one in say(prefix="hag"))
    favourite = max("abcdefgh", key=lambda letter: sum(letter in one.text for one in free))
    assert any(favourite in one.text for one in free)
    assert not any(favourite in one.text for one in say(ban=(favourite, "z")))
    assert all(one.text.startswith(favourite) for one in say(ban=(favourite,), prefix=favourite))
    assert not any(favourite in one.text[1:] for one in say(ban=(favourite,), prefix=favourite))
    assert any(len(one.tokens) < 4 for one in free)
    long, varied = say(min_length=4), say(min_length=4, no_repeat_ngram=2)
    assert all(len(one.tokens) >= 4 for one in long + varied)
    assert any(repeats(one.tokens) for one in long)
    assert not any(repeats(one.tokens) for one in varied)


@pytest.mark.parametrize("base", [{}, {"beam": 2}, {"sampling": Sampling()}], ids=str)
def test_an_output_ends_where_the_rules_leave_no_other_token(base):
    """Catches PADDING as text, a draw from nothing, and a beam without any hypothesis."""
    model = build_decoding(tokenizer=CharacterTokenizer("abc"), ending=-1e6)
    config = DecodeConfig(**base, no_repeat_ngram=1, min_length=5)
    for hypotheses in translate_texts(model, ["abc", "b"], config):
        assert sorted(hypotheses[0].text) == ["a", "b", "c"]
        assert hypotheses[0].finished
        assert math.isfinite(hypotheses[0].score)


@pytest.mark.parametrize("base", [{}, {"beam": 2}, {"sampling": Sampling()}], ids=str)
def test_a_limit_of_zero_leaves_room_for_one_token(base):
    model = build_decoding(ending=-1e6)
    model.lengths = Lengths(0.0, 0)
    ((one, *_),) = translate_texts(model, ["abc"], DecodeConfig(**base))
    assert len(one.tokens) == 1
    assert not one.finished


@pytest.mark.parametrize("base", [{}, {"beam": 3}, {"sampling": Sampling()}], ids=str)
def test_a_prefix_that_a_model_cannot_write_is_refused(base):
    """Catches an UNKNOWN forced into the output, and read as U+FFFD."""
    with pytest.raises(UserError, match="prefix 'had Zoë': write it in what .* learnt: Zoë is unknown"):
        translate_texts(build_decoding(), [], DecodeConfig(**base, prefix="had Zoë"))


def repeats(tokens):
    """Whether some pair of tokens is there twice."""
    pairs = list(itertools.pairwise(tokens))
    return len(set(pairs)) < len(pairs)


@pytest.mark.parametrize("base", [{}, {"beam": 3, "n_best": 2}, {"sampling": Sampling()}], ids=str)
def test_a_sentence_without_end_is_cut_and_says_so(base):
    """The most tokens are ratio * source + extra, END and the prefix apart counted on both sides."""
    model = build_decoding(ending=-1e6)
    config = DecodeConfig(**base, max_ratio=1.5, max_extra=3)
    for text, hypotheses in zip(TEXTS, translate_texts(model, TEXTS, config), strict=True):
        assert len(hypotheses) == config.n_best
        for one in hypotheses:
            assert not one.finished
            assert len(one.tokens) == len(one.log_probabilities) == int(1.5 * (len(text) + 1)) + 3


def test_how_long_an_output_may_get_is_learnt_from_the_pairs(tmp_path):
    """Every pair of training has room, one odd pair does not tilt the line, and the model takes it along. Catches a
    limit that knows nothing of numbers spelled out, or of sounds with six letters each.
    """
    examples = [([5] * n, [BEGIN, *[6] * (3 * n), END]) for n in range(1, 30)]
    odd = Lengths.of([*examples, ([5], [BEGIN, *[6] * 60])])
    for result in (Lengths.of(examples), odd):
        assert all(len(target) - 1 + 20 <= result.ratio * len(source) + result.extra for source, target in examples)
        assert 6 < result.ratio < 8
    assert odd.ratio + odd.extra >= 80
    model = Seq2Seq(Seq2SeqConfig(width=12), Vocabulary(LETTERS), odd)
    with torch.no_grad():
        model.head.project.bias[END] -= 1e6
    model.save_pretrained(tmp_path / "model")
    again = Seq2Seq.from_pretrained(tmp_path / "model")
    assert again.lengths == odd
    assert again.fingerprint == model.fingerprint
    ((cut,),) = translate_texts(again, ["abc"])
    assert len(cut.tokens) == int(4 * odd.ratio) + odd.extra
    assert not cut.finished


def test_finished_sentences_leave_the_batch():
    """Lanes that the model reads, step by step: each sentence as often as it has tokens and END, no more."""
    model = build_decoding()
    lanes = []
    read = model.read
    model.read = lambda token, state, source: (lanes.append(len(token)), read(token, state, source))[1]
    result = translate_texts(model, TEXTS, DecodeConfig(**SHORT))
    assert sum(lanes) == sum(len(one.log_probabilities) for (one,) in result)
    assert lanes == sorted(lanes, reverse=True)


def test_draws_follow_the_distribution():
    """First letters of many seeds against the model's own probabilities; without warmth, greedy search."""
    model = build_decoding()
    source, length = pad([model.vocabulary.source("fed")])
    logits = model(source, length, torch.tensor([[BEGIN]])).logits[0, 0]
    logits[[PADDING, BEGIN, UNKNOWN]] = -torch.inf
    seeds = 2000
    keys, state = model.begin(model.encode(source, length))
    copies = torch.zeros(seeds, dtype=torch.int64)
    draw = Draw(Sampling(), [[seed] for seed in range(seeds)], 1)
    with torch.no_grad():
        drawn = search(model, keys.select(copies), state.select(copies), draw, Rules(), copies + 1)
    first = torch.tensor([one.tokens[0] for one in drawn])
    counts = first.bincount(minlength=model.vocabulary.size)
    wanted = logits.softmax(dim=-1)
    deviation = (wanted * (1 - wanted) / seeds).sqrt()
    assert ((counts / seeds - wanted).abs() <= 4 * deviation + 1e-9).all()
    cold, greedy = DecodeConfig(sampling=Sampling(temperature=0.0), **SHORT), DecodeConfig(**SHORT)
    assert shown(translate_texts(model, TEXTS, cold)) == shown(translate_texts(model, TEXTS, greedy))


def test_translating_leaves_the_model_as_it_was():
    """Dropout is off inside and on again outside; catches drafts that differ while a model trains."""
    torch.manual_seed(0)
    model = Seq2Seq(Seq2SeqConfig(width=12, dropout=0.5), Vocabulary(LETTERS)).double().train()
    first, second = (shown(translate_texts(model, TEXTS, DecodeConfig(**SHORT))) for _ in range(2))
    assert first == second
    assert model.training
    assert translate_texts(model, []) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"beam": 0}, "beam 0: give a whole number of at least 1"),
        ({"n_best": 2}, "n_best 2: give at most the beam, 1"),
        ({"no_repeat_ngram": 0}, "no_repeat_ngram 0: give a whole number of at least 1"),
        ({"max_ratio": -1.0}, "max_ratio -1.0: give a number from 0 to 1,000,000"),
        ({"max_ratio": 1e30}, "max_ratio 1e.30: give a number from 0 to 1,000,000"),
        ({"max_extra": 10**20}, "max_extra 1.*: give a whole number from 0 to 1,000,000"),
        ({"min_length": -1}, "min_length -1: give 0 or more"),
        ({"seed": -1}, "seed -1: give 0 or more"),
        ({"beam": 2, "sampling": Sampling()}, "beam 2: give 1, because random draws"),
    ],
)
def test_a_config_that_can_give_nothing_is_refused(change, message):
    with pytest.raises(UserError, match=message):
        DecodeConfig(**change)


def test_a_config_goes_through_toml():
    import tomllib

    for config in (*CONFIGS.values(), DecodeConfig(ban=("a", "b"), prefix="c")):
        assert from_dict(DecodeConfig, tomllib.loads(to_toml(config))) == config
