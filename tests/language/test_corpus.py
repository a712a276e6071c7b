"""Texts as batches: documents, lanes that go on where they stopped, and what is too short."""

from itertools import pairwise

import pytest
import torch

from segue.errors import UserError
from segue.language.corpus import Corpus, contiguous_lanes, random_blocks, read_text
from segue.text.bytes import ByteTokenizer
from segue.text.words import WordTokenizer
from tests.language.conftest import LETTERS, TEXT, build, every_backbone


def test_documents_begin_where_the_pattern_says():
    corpus = Corpus.of(TEXT, LETTERS, document=r"#\w")
    indices = [index for index, character in enumerate(TEXT) if character == "#"]
    assert corpus.begins.nonzero().squeeze(1).tolist() == indices
    assert LETTERS.decode(corpus.tokens.tolist()) == TEXT
    assert (corpus.characters, corpus.unknown) == (len(TEXT), 0)
    assert Corpus.of(TEXT, LETTERS).begins.sum() == 1


def test_a_document_without_tokens_is_none():
    """White space is no word; catches a beginning behind the last token, or one that marks another's."""
    corpus = Corpus.of(" #a b#   c#  ", WordTokenizer.of("#a b c #"), document="#|$")
    assert corpus.begins.tolist() == [True, False, True, False, True]


def test_a_continued_text_begins_a_document_only_where_one_is_matched():
    """Catches memory that is emptied, or kept, at the seam of two parts of a text."""

    def begins(text, document):
        return Corpus.of(text, LETTERS, document, continued=True).begins.nonzero().squeeze(1).tolist()

    assert begins("at #two", "#") == [3]
    assert begins("#two #a", "#") == [0, 5]
    assert begins("at #two", None) == []
    assert len(Corpus.of("a", LETTERS, continued=True).tokens) == 1  # it is predicted from what stood before


def test_the_first_tokens_are_a_text_of_their_own():
    corpus = Corpus.of(TEXT, LETTERS, document="#")
    part, alone = corpus.first(30), Corpus.of(TEXT[:30], LETTERS, document="#")
    assert torch.equal(part.tokens, alone.tokens)
    assert torch.equal(part.begins, alone.begins)
    assert (part.characters, part.unknown) == (30, 0)
    assert corpus.first(10_000) is corpus
    assert Corpus.of("é" * 9, ByteTokenizer()).first(1).characters == 1  # half a character would be none


def test_unknown_tokens_are_counted():
    assert Corpus.of("one ÄÖ", LETTERS).unknown == 2
    assert Corpus.of("one ÄÖ", ByteTokenizer()).unknown == 0


def test_a_lane_goes_on_where_it_stopped():
    """In an epoch, each lane's windows are one stretch of the text, and the lanes' stretches do not overlap."""
    corpus = Corpus.of(TEXT, LETTERS)
    size, lanes, window = len(TEXT), 3, 8
    batches = contiguous_lanes(corpus, lanes, window, seed=1)
    windows = size // lanes // window
    ring = TEXT * 2
    for epoch in range(2):
        made = [batches(1 + epoch * windows + at) for at in range(windows)]
        texts = [LETTERS.decode(torch.cat([b.inputs[lane] for b in made]).tolist()) for lane in range(lanes)]
        begins = [begin for begin in range(size) if ring[begin : begin + windows * window] == texts[0]]
        step = size // lanes
        assert any(
            all(ring[(b + lane * step) % size :].startswith(text) for lane, text in enumerate(texts)) for b in begins
        )
        for before, after in pairwise(made):
            assert torch.equal(before.targets[:, :-1], before.inputs[:, 1:])
            assert torch.equal(before.targets[:, -1], after.inputs[:, 0])
        assert made[0].reset is not None
        assert made[0].reset[:, 0].all()


@pytest.mark.parametrize("cut", [contiguous_lanes, random_blocks])
def test_batch_n_is_a_function_of_the_seed_and_n(cut):
    """Asked in any order; without that, no resumed run is exact."""
    corpus = Corpus.of(TEXT, LETTERS)
    forwards = [cut(corpus, 3, 8, 1)(n).inputs for n in range(1, 16)]
    batches = cut(corpus, 3, 8, 1)
    assert all(torch.equal(batches(n).inputs, forwards[n - 1]) for n in reversed(range(1, 16)))
    assert not torch.equal(cut(corpus, 3, 8, 2)(1).inputs, forwards[0])
    assert all(not torch.equal(a, b) for a, b in pairwise(forwards))


def test_blocks_are_stretches_of_the_text():
    for n in range(1, 9):
        batch = random_blocks(Corpus.of(TEXT, LETTERS), 4, 10, 0)(n)
        for inputs, targets in zip(batch.inputs, batch.targets, strict=True):
            assert LETTERS.decode([*inputs.tolist(), int(targets[-1])]) in TEXT
            assert torch.equal(inputs[1:], targets[:-1])


@every_backbone
def test_lanes_with_different_document_ends_are_independent(backbone):
    """Each document alone gives what it gives inside its lane, wherever in a window it begins."""
    model = build(backbone).double()
    corpus = Corpus.of(TEXT, LETTERS, document="#")
    batches, state, logits, tokens, begins = contiguous_lanes(corpus, 3, 8, 0), None, [], [], []
    for n in range(1, len(TEXT) // 3 // 8 + 1):
        batch = batches(n)
        distribution, state = model(batch.inputs, state, batch.reset)
        logits.append(distribution.logits)
        tokens.append(batch.inputs)
        begins.append(torch.zeros_like(batch.inputs, dtype=torch.bool) if batch.reset is None else batch.reset)
    logits, tokens, begins = (torch.cat(parts, dim=1) for parts in (logits, tokens, begins))
    assert not torch.equal(begins[0], begins[1])
    for lane in range(3):
        indices = [*begins[lane].nonzero().squeeze(1).tolist(), tokens.shape[1]]
        assert len(indices) > 2  # the lane begins within a document and goes on to another
        for begin_, end in pairwise(indices):
            alone = model(tokens[lane : lane + 1, begin_:end])[0].logits
            torch.testing.assert_close(logits[lane : lane + 1, begin_:end], alone, rtol=0, atol=1e-10)


def test_texts_too_short_are_refused_with_a_remedy(tmp_path):
    corpus = Corpus.of(TEXT, LETTERS)
    with pytest.raises(UserError, match="fewer lanes or a shorter window"):
        contiguous_lanes(corpus, 20, 10, 0)
    with pytest.raises(UserError, match="shorter window"):
        random_blocks(corpus, 2, len(TEXT), 0)
    with pytest.raises(UserError, match=r"two tokens, one to predict from another \(it has 1\)"):
        Corpus.of("a", LETTERS)
    with pytest.raises(UserError, match="regular expression"):
        Corpus.of(TEXT, LETTERS, document="(")
    (tmp_path / "latin").write_bytes(b"caf\xe9")
    with pytest.raises(UserError, match="save it in UTF-8 \\(byte 3 is not\\)"):
        read_text(tmp_path / "latin")
    (tmp_path / "dos").write_bytes("\ufeffa\r\nb".encode())
    assert read_text(tmp_path / "dos") == "a\nb"
