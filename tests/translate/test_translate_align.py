"""Where a model looks: attention as it decodes, by tokens and by words."""

import itertools

import pytest
import torch

from segue.errors import UserError
from segue.translate.data.batches import pad
from segue.translate.data.vocabulary import BEGIN, Vocabulary
from segue.translate.decode.align import END_TEXT, align
from segue.translate.decode.config import DecodeConfig
from segue.translate.decode.texts import translate_texts
from segue.translate.model.seq2seq import Seq2Seq, Seq2SeqConfig
from tests.translate.conftest import LETTERS, TEXTS, build_decoding


@pytest.mark.parametrize("architecture", ["rnn-attention", "lstm-attention", "transformer"])
@pytest.mark.parametrize("beam", [1, 3])
def test_a_hypothesis_has_the_attention_that_wrote_it(architecture, beam):
    """The weights of the pass that wrote it: a row for each token and END, the same as stepping shows."""
    model = build_decoding(architecture)
    config = DecodeConfig(beam=beam, attention=True, max_ratio=0.0, max_extra=9)
    for text, (one,) in zip(TEXTS, translate_texts(model, TEXTS, config), strict=True):
        source, length = pad([model.vocabulary.source(text)])
        assert one.attention.shape == (len(one.log_probabilities), len(text) + 1)
        keys, state = model.begin(model.encode(source, length))
        for token, row in zip((BEGIN, *one.tokens), one.attention, strict=False):
            x = model.scale * model.embed(torch.tensor([[token]]))
            _, state, weights = model.decoder(x, state, keys, weights=True)
            torch.testing.assert_close(row, weights[0, -1].mean(dim=0)[0], rtol=0, atol=1e-10)


def test_words_look_at_words():
    """Summed over the letters of a source word, averaged over those of a target word; by hand."""
    model = build_decoding()
    pieces, words = (align(model, "a bad cab", "hag fed", words=words) for words in (False, True))
    assert pieces.source == (*"a bad cab", END_TEXT)
    assert pieces.target == (*"hag fed", END_TEXT)
    assert words.source == ("a", "bad", "cab", END_TEXT)
    assert words.target == ("hag", "fed", END_TEXT)
    columns = [slice(0, 2), slice(2, 6), slice(6, 9), slice(9, 10)]  # a space belongs to the word before it
    rows = [slice(0, 4), slice(4, 7), slice(7, 8)]
    for row, column in itertools.product(range(3), range(4)):
        block = pieces.weights[rows[row], columns[column]]
        torch.testing.assert_close(words.weights[row, column], block.sum(dim=1).mean(), rtol=0, atol=1e-10)
    torch.testing.assert_close(words.weights.sum(dim=1), torch.ones(3).double(), rtol=0, atol=1e-10)
    unasked = align(model, "a bad cab", "hag fed"), align(model, "cab", "hag fed")
    assert [result.source for result in unasked] == [
        words.source,
        (*"cab", END_TEXT),
    ]  # a single word is shown by its pieces
    assert unasked[1].target == pieces.target
    empty = align(model, "", "", words=True)
    assert (empty.source, empty.target, empty.weights.tolist()) == ((END_TEXT,), (END_TEXT,), [[1.0]])


def test_where_a_model_looks_does_not_depend_on_its_mode():
    """Catches dropout in a picture of a model that is still in training, or a mode that is not put back."""
    torch.manual_seed(0)
    model = Seq2Seq(Seq2SeqConfig("transformer", width=12, heads=2, layers=2, dropout=0.5), Vocabulary(LETTERS))
    looked = align(model.eval(), "a bad cab", "hag").weights
    torch.testing.assert_close(align(model.train(), "a bad cab", "hag").weights, looked, rtol=0, atol=0)
    assert model.training
    assert not torch.equal(align(model, "a bad cab", "hag", layer=0).weights, looked)
    with pytest.raises(UserError, match="layer 2: give a whole number from 0 to 1, or -1 for the last"):
        align(model, "a", "b", layer=2)


def test_no_attention_no_alignment():
    with pytest.raises(UserError, match="architecture lstm: take one with attention"):
        align(build_decoding("lstm"), "a", "b")
    with pytest.raises(UserError, match="architecture lstm: take one with attention"):
        translate_texts(build_decoding("lstm"), ["a"], DecodeConfig(attention=True))
