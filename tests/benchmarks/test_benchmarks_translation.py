"""Benchmarks of translation: their collections, their rows, what is timed, and what counts as aligned."""

from types import SimpleNamespace

import pandas as pd
import pytest
import torch

from benchmarks.translation.alignment import LETTERS, alignment_rows
from benchmarks.translation.collections_of_pairs import pronunciations
from benchmarks.translation.encoders import readers
from benchmarks.translation.translation import append, is_there
from segue.text.characters import CharacterTokenizer
from segue.translate.data.vocabulary import Vocabulary


def test_a_dictionary_of_sounds_becomes_pairs():
    """Remarks, numbers of variants and comments go; without stress, variants that differ in it alone are one."""
    text = ";;; a comment\n'bout B AW1 T\na AH0\na(2) EY1\nd'artagnan D AH0 R T # foreign french\n"
    text += "use(1) Y UW1 S\nuse Y UW0 S\n"
    stressed = pronunciations(text, stress=True)
    assert stressed[:4] == [("'bout", "B AW1 T"), ("a", "AH0"), ("a", "EY1"), ("d'artagnan", "D AH0 R T")]
    assert pronunciations(text, stress=False)[-1] == ("use", "Y UW S")
    assert (len(stressed), len(pronunciations(text, stress=False))) == (6, 5)


def test_a_row_that_is_there_is_known_by_its_key(tmp_path):
    """Through the CSV, with numbers and texts; catches a run that is made again, or one that never is."""
    output, key = tmp_path / "rows.csv", {"arm": "lstm", "minutes": 10.0, "seed": 0}
    assert not is_there(output, key)
    append(output, key | {"bleu": 1.5})
    append(output, key | {"seed": 1, "bleu": 2.5})
    assert is_there(output, key)
    assert is_there(output, key | {"seed": 1})
    assert not is_there(output, key | {"minutes": 20.0})
    assert len(pd.read_csv(output)) == 2


def test_attention_is_aligned_where_its_largest_weight_is():
    """One head on the anti-diagonal, one on the letter after it, and so their mean, where the first is the sharper.
    Catches a truth that is off by one, or that of copying; chance counts the end of the source as an index.
    """

    def attention(source, source_length, target):
        (n,) = source_length.tolist()
        assert target.shape == (1, n - 1)  # BEGIN and all letters but the last
        true = torch.eye(n - 1).flip(0)
        behind = torch.nn.functional.pad(true, (1, 0))
        return torch.stack([torch.nn.functional.pad(true, (0, 1)), 0.9 * behind])[None, None]

    model = SimpleNamespace(vocabulary=Vocabulary(CharacterTokenizer(LETTERS)), attention=attention)
    found = {row["head"]: row["aligned"] for row in alignment_rows(model)}
    assert found == {"mean": 1.0, 0: 1.0, 1: 0.0, "chance": pytest.approx(1 / 9, abs=0.03)}


def test_what_is_timed_is_the_same_computation():
    """Step by step and in one call. Catches a step loop that forgets its state, and so is too fast."""
    read = {name: work for name, (_, work) in readers(8, 1).items()}
    x = torch.randn(3, 7, 8)
    torch.testing.assert_close(read["one LSTM, step by step"](x), read["one LSTM, one call"](x))
    assert all(work(x).shape[:2] == (3, 7) for work in read.values())
