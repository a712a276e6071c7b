"""Scores of translations against what is counted by hand, and against sacrebleu and brute force."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics import BLEU, CHRF

from segue.errors import UserError
from segue.palette import FAINT
from segue.translate.data.pairs import Item
from segue.translate.decode.align import Alignment
from segue.translate.evaluation.evaluate import FEW, by_length, evaluate
from segue.translate.evaluation.plots import plot_alignment, plot_lengths
from segue.translate.evaluation.scores import edit_distance, ratio, score

ITEMS = [
    Item("a b", ("the cat sat on the mat", "a cat sat on the mat .")),
    Item("c", ("hello there my friend",)),
    Item("d e f g h", ("one two three four five",)),
]
OUTPUTS = ["a cat sat on mat .", "hello there my friend", "one too three four five six"]


def slow_distance(one: str, other: str) -> int:
    """The definition, as a recursion."""

    @cache
    def between(i: int, j: int) -> int:
        if not (i and j):
            return i + j
        same = one[i - 1] == other[j - 1]
        return min(between(i - 1, j) + 1, between(i, j - 1) + 1, between(i - 1, j - 1) + (not same))

    return between(len(one), len(other))


@given(st.text("abc", max_size=7), st.text("abc", max_size=7))
def test_the_edit_distance_is_that_of_its_definition(one, other):
    assert edit_distance(one, other) == slow_distance(one, other)


def test_scores_by_hand():
    """One deletion from the second reference of 7; none of 4; a substitution and an insertion of 5: 3 of 16. Catches
    errors to the first reference, per output instead of reference, and a mean of rates in place of a rate of sums.
    """
    result = score(OUTPUTS, ITEMS)
    assert result.token_error_rate.value == pytest.approx(100 * 3 / 16)
    assert result.exact_match.value == pytest.approx(100 / 3)
    assert result.length_ratio == pytest.approx((6 + 4 + 6) / 16)
    assert result.sentences == 3


def test_bleu_and_chrf_are_those_of_sacrebleu():
    """By all references, of which items have different numbers, and by the first ones alone."""
    result = score(OUTPUTS, ITEMS, draws=20)
    streams = [[item.references[0] for item in ITEMS], [ITEMS[0].references[1], None, None]]
    assert result.bleu.value == pytest.approx(BLEU().corpus_score(OUTPUTS, streams).score)
    assert result.bleu_first == pytest.approx(BLEU().corpus_score(OUTPUTS, streams[:1]).score)
    assert result.bleu_first < result.bleu.value
    assert result.chrf.value == pytest.approx(CHRF().corpus_score(OUTPUTS, streams).score)
    assert result.bleu.low <= result.bleu.value <= result.bleu.high
    assert [signature.split()[0] for signature in result.signatures] == ["BLEU", "chrF2"]
    assert "tok:13a" in result.signatures[0]


def test_the_interval_holds_95_percent_of_samples_scored_one_by_one():
    """Samples that sacrebleu itself scores; catches its interval about the mean, and counts summed amiss."""
    result, random = score(OUTPUTS, ITEMS, draws=60), np.random.default_rng(0)
    for metric, mine in ((BLEU(), result.bleu), (CHRF(), result.chrf)):
        drawn = []
        for _ in range(60):
            items, outputs = zip(*[(ITEMS[i], OUTPUTS[i]) for i in random.integers(3, size=3)], strict=True)
            streams = [[item.references[0] for item in items], [(*item.references, None)[1] for item in items]]
            drawn.append(metric.corpus_score(list(outputs), streams).score)
        assert (mine.low, mine.high) == pytest.approx(np.quantile(drawn, [0.025, 0.975]))
        random = np.random.default_rng(0)


def test_white_space_makes_no_output_wrong():
    """Runs of spaces, in the output as in the reference; within a word a space still counts."""
    items = [Item("x", ("a  b\u00a0c ",)), Item("x", (" d",)), Item("x", ("ef",))]
    assert score([" a b c", "d\n", "e f"], items).exact_match.value == pytest.approx(200 / 3)


def test_a_model_that_has_learnt_next_to_nothing_is_scored():
    """A quarter of the samples hold the wrong sentence twice: an interval from zero up, and none below."""
    items = [Item("x", ("a b c d e",)), Item("y", ("f g h i j",))]
    outputs = ["a b c d e", "?"]
    result = score(outputs, items, draws=50)
    assert result.chrf.value == pytest.approx(CHRF().corpus_score(outputs, [["a b c d e", "f g h i j"]]).score)
    assert (result.chrf.low, result.chrf.high) == (0, 100)
    assert result.bleu.low == 0


def test_characters_are_counted_where_they_are_the_tokens():
    """In 'abd' for 'abc', one of three characters; as words, the only one."""
    items = [Item("x", ("abc",))]
    assert score(["abd"], items, "character").token_error_rate.value == pytest.approx(100 / 3)
    assert score(["abd"], items, "word").token_error_rate.value == 100


def test_an_interval_holds_the_truth_as_often_as_it_says():
    """Shares of coins: 95 % intervals of 200 sets of 100 tosses; catches a standard error instead, or no resampling."""
    random = np.random.default_rng(5)
    held = 0
    for _ in range(200):
        result = ratio((random.random(100) < 0.3).astype(float), np.ones(100), 200)
        held += result.low <= 30 <= result.high
    assert 0.88 <= held / 200 <= 0.99


@pytest.mark.parametrize("outputs", [[], ["a"]])
def test_every_item_wants_an_output(outputs):
    with pytest.raises(UserError, match="one output for each item"):
        score(outputs, ITEMS)


def test_without_sacrebleu_the_rest_is_still_scored(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sacrebleu.metrics", None)
    result = score(OUTPUTS, ITEMS)
    assert (result.bleu, result.chrf, result.bleu_first, result.signatures) == (None, None, None, ())
    assert result.exact_match.value == pytest.approx(100 / 3)


def test_buckets_hold_their_lengths():
    """By words of the source: 1 to 4 and 5 to 6; where there are single words only, by characters."""
    buckets = by_length(OUTPUTS, ITEMS, "word", draws=2)
    assert [(bucket.label, bucket.scores.sentences) for bucket in buckets] == [("1-4", 2), ("5-6", 1)]
    assert buckets[1].scores.token_error_rate.value == pytest.approx(100 * 2 / 5)
    spelled = evaluate(lambda sources: ["X"] * len(sources), [Item("abcde", ("X",)), Item("a" * 99, ("Y",))], draws=2)
    assert spelled.unit == "character"
    assert [bucket.label for bucket in spelled.buckets] == ["5-6", "61+"]
    assert spelled.outputs == ("X", "X")


def test_the_picture_shows_the_buckets_and_greys_the_small_ones():
    items = [Item("a b", ("x y z w",))] * FEW + [Item("a b c d e", ("x y z w v",))] * (FEW - 1)
    figure = plot_lengths(evaluate(lambda sources: ["x y z q"] * len(sources), items, draws=5))
    left, right = figure.axes
    assert [tick.get_text() for tick in right.get_xticklabels()] == ["1-4\nn=30", "5-6\nn=29"]
    errors = next(line for line in right.lines if line.get_label() == "token error rate")
    assert list(errors.get_ydata()) == pytest.approx([25, 40])
    assert sum(line.get_color() == FAINT for line in right.lines) == 4  # two scores: an interval and a mark
    assert {text.get_text() for text in left.get_legend().get_texts()} == {"BLEU", "chrF"}


def test_a_heat_map_has_a_row_for_each_target_word():
    import torch

    weights = torch.tensor([[0.9, 0.1], [0.2, 0.8], [0.5, 0.5]])
    axes = plot_alignment(Alignment(("$a$", "</s>"), ("x", "y", "</s>"), weights)).axes[0]
    assert np.array_equal(axes.images[0].get_array(), weights.numpy())
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["x", "y", "</s>"]
