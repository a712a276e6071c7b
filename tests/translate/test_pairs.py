"""Pairs of texts: read from files as people have them, split without a leak, joined, and batched by their tokens."""

import unicodedata
from collections import Counter
from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from segue.errors import UserError
from segue.text.characters import CharacterTokenizer
from segue.text.named import tokenizer_from_json
from segue.text.sides import SidesTokenizer
from segue.text.words import WordTokenizer
from segue.translate.data.batches import Batches
from segue.translate.data.join import join_pairs, with_joined
from segue.translate.data.pairs import Item, Pair, items_of, read_pairs, require_text, write_pairs
from segue.translate.data.split import components, hold_out, normalised, overlap, overlap_of_rows, split_pairs, without
from segue.translate.data.vocabulary import BEGIN, END, UNKNOWN, kind_of, learn_vocabulary
from segue.translate.training.config import PairsConfig


def read(tmp_path, text, name="pairs.tsv", **options):
    (tmp_path / name).write_bytes(text.encode() if isinstance(text, str) else text)
    result = read_pairs(tmp_path / name, **options)
    return list(result.pairs), result.skipped


def test_a_file_is_read_as_it_is_written(tmp_path):
    """Quotes are text in TSV and quotes in CSV; line ends of any system, byte order mark and empty lines go unseen."""
    expected = [Pair('"Go," he said.', "Vé"), Pair("a, b", "c")]
    tsv = '\ufeff"Go," he said.\tVe\u0301 \r\n\r\na, b\tc'
    assert read(tmp_path, tsv) == (expected, 0)
    assert read(tmp_path, '"""Go,"" he said.",Vé\n"a, b",c\n', "pairs.csv") == (expected, 0)
    assert unicodedata.is_normalized("NFC", read(tmp_path, tsv)[0][0].target)


def test_columns_are_named_or_numbered(tmp_path):
    """By its name a column needs a header; by its number it may have one."""
    three = "id,en,es\n1,Go.,Ve.\n2,Run!,¡Corre!\n"
    expected = [Pair("Go.", "Ve."), Pair("Run!", "¡Corre!")]
    assert read(tmp_path, three, "a.csv", source="en", target="es") == (expected, 0)
    turned = [Pair(target, source) for source, target in expected]
    assert read(tmp_path, three, "a.csv", source="3", target="2") == (turned, 0)
    assert read(tmp_path, three.split("\n", 1)[1], "a.csv", source="3", target="2") == (turned, 0)
    assert read(tmp_path, "Go.\tVe.\tCC-BY\n", source="1", target="2")[0] == expected[:1]


@pytest.mark.parametrize(
    "header",
    ["english\tspanish", "Source\tTarget", "src\ttgt", "EN\tes", " en \t de ", "word\tphonemes", "input\toutput"],
)
def test_a_header_is_no_pair_and_is_reported(tmp_path, header):
    """Catches a model that learns 'english' -> 'spanish'; further down such a row is a pair like any other."""
    (tmp_path / "a.tsv").write_text(f"{header}\nGo.\tVe.\n{header}\n")
    result = read_pairs(tmp_path / "a.tsv")
    names = Pair(*(name.strip() for name in header.split("\t")))
    assert (result.header, result.pairs, result.skipped) == (names, (Pair("Go.", "Ve."), names), 0)
    (tmp_path / "b.csv").write_text(f"id,{header.replace(chr(9), ',')}\n1,Go.,Ve.\n")
    result = read_pairs(tmp_path / "b.csv", source="2", target="3")
    assert (result.header, result.pairs) == (names, (Pair("Go.", "Ve."),))
    assert read_pairs(tmp_path / "b.csv", source=names.source, target=names.target).header is None  # it was asked for


@pytest.mark.parametrize("first", ["Go.\tVe.", "english\tinglés", "en\ten", "spanish\tis a language"])
def test_a_first_pair_is_no_header(tmp_path, first):
    (tmp_path / "a.tsv").write_text(f"{first}\nRun!\t¡Corre!\n", encoding="utf-8")
    result = read_pairs(tmp_path / "a.tsv")
    assert (result.header, len(result.pairs)) == (None, 2)


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("a\tb\nonly one\n", {}, r"'only one' in row 2 of .*pairs.tsv: give 2 columns, not 1"),
        ("a\tb\tc\n", {}, r"'a \| b \| c' in row 1 of .*: give 2 columns, not 3"),
        ("a\tb\n\nc\t \n", {}, r"'c \| ' in row 3 of .*: give a text on both sides \(the target is empty\), or leave"),
        ("a\tb\n\t\n", {}, r"row 2 of .*: give a text on both sides \(both are empty\)"),
        (" \tb\n", {}, r"row 1 of .*\(the source is empty\)"),
        ("a\t" + "b" * 11, {"longest": 10}, r"row 1 of .*: give at most 10 characters a side, not 11"),
        ("", {}, "it is empty"),
        ("a\n", {"skip_bad": True}, r"at least one whole pair \(1 rows are malformed\)"),
        (b"a\tb\n\xff\tc\n", {}, r"save it in UTF-8 \(byte 4 is not\)"),
        ("a\tb\n", {"source": "1"}, "give both"),
        ("en\tes\n", {"source": "en", "target": "de"}, r"target de: name a column of the first row \(en, es\)"),
        ("a\tb\n", {"source": "1", "target": "3"}, "target 3: name a column .*a number from 1 to 2"),
    ],
)  # fmt: skip
def test_what_is_malformed_is_reported_with_its_row(tmp_path, text, options, message):
    with pytest.raises(UserError, match=message):
        read(tmp_path, text, **options)


def test_malformed_rows_can_be_left_out(tmp_path):
    """A row of nothing but a tab is one; an empty line is none."""
    assert read(tmp_path, "a\tb\nc\n\td\n\t\n\ne\tf\n", skip_bad=True) == ([Pair("a", "b"), Pair("e", "f")], 3)


def test_what_is_written_is_read_again(tmp_path):
    pairs = [Pair('a "b"', "c\td"), Pair("e\nf", "g")]
    write_pairs(tmp_path / "p.tsv", pairs)
    assert list(read_pairs(tmp_path / "p.tsv").pairs) == [Pair('a "b"', "c d"), Pair("e f", "g")]


def test_a_source_has_all_its_references_once():
    pairs = [Pair("a", "x"), Pair("b", "y"), Pair("a", "z"), Pair("a", "x")]
    assert items_of(pairs) == [Item("a", ("x", "z")), Item("b", ("y",))]


def test_a_text_alone_meets_the_same_demands():
    assert require_text(" Ve\u0301 ", "text") == "Vé"
    for bad, message in (("  ", "not empty"), ("x" * 1_001, "at most 1,000 characters")):
        with pytest.raises(UserError, match=message):
            require_text(bad, "text")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Don't  go!", "don t go"), ("¿Qué?", "qué"), ("?!", "?!"), ("ﬁne\u00a0STRASSE", "fine strasse"), ("A1", "a1")],
)  # fmt: skip
def test_normalised_texts_by_hand(text, expected):
    assert normalised(text) == expected


TEXTS = st.sampled_from(["a", "A!", "b", "c", "d", "e."])


@given(st.lists(st.builds(Pair, TEXTS, TEXTS), min_size=1, max_size=12))
def test_components_are_those_of_brute_force(pairs):
    """Two rows hang together if a chain of shared sides leads from one to the other: here by powers of a matrix."""
    sides = [[normalised(side) for side in pair] for pair in pairs]
    linked = np.array([[a[0] == b[0] or a[1] == b[1] for b in sides] for a in sides], dtype=int)
    linked_at_all = np.linalg.matrix_power(linked, len(pairs)) > 0
    labels = components(pairs)
    assert (linked_at_all == (labels[:, None] == labels)).all()


def some_pairs(count: int, seed: int = 0) -> list[Pair]:
    """Pairs that share many a side."""
    random = np.random.default_rng(seed)
    return [Pair(f"s{random.integers(count)}", f"t{random.integers(count)}.") for _ in range(count)]


@pytest.mark.parametrize("seed", range(3))
def test_a_split_leaks_nothing_and_loses_nothing(seed):
    pairs = some_pairs(300, seed)
    split = split_pairs(pairs, 10, 20, seed)
    assert Counter((*split.train, *split.dev, *split.test)) == Counter(pairs)
    parts = (split.train, split.dev, split.test)
    for (i, one), (j, other) in product(enumerate(parts), repeat=2):
        if i != j:
            for side in range(2):
                assert not {normalised(p[side]) for p in one} & {normalised(p[side]) for p in other}
    assert overlap(split.train, (*split.dev, *split.test)).either == 0
    assert overlap_of_rows(pairs, 60, seed).either > 0.5  # or the split had nothing to prevent
    labels = components(pairs)
    assert [len(set(labels[[pairs.index(pair) for pair in part]])) for part in parts[1:]] == [10, 20]
    assert split.largest == np.bincount(labels).max()
    assert split != split_pairs(pairs, 10, 20, seed + 1)


def test_the_largest_group_is_learnt_from():
    """It may be most of the collection; catches a test that swallows the training part."""
    pairs = [Pair("hub", f"t{i}") for i in range(50)] + [Pair(f"s{i}", f"u{i}") for i in range(5)]
    split = split_pairs(pairs, 2, 3)
    assert (len(split.train), len(split.dev), len(split.test)) == (50, 2, 3)
    with pytest.raises(UserError, match="the pairs form only 6 groups"):
        split_pairs(pairs, 3, 3)


def test_no_more_than_a_tenth_is_held_out():
    pairs = [Pair(f"s{i}", f"t{i}") for i in range(100)]
    train, dev = hold_out(pairs, 500)
    assert (len(train), len(dev)) == (90, 10)
    with pytest.raises(UserError, match="2 in 1 group of shared texts: give at least 10 that share no text"):
        hold_out([Pair("a", "b"), Pair("a", "c")], 5)
    with pytest.raises(UserError, match="pairs 0 in 0 groups of shared texts: give at least 10"):
        hold_out([], 5)
    with pytest.raises(UserError, match="9 in 9 groups of shared texts: give at least 10"):
        hold_out(pairs[:9], 5)
    assert len(hold_out(pairs[:10], 5)[1]) == 1


def test_pairs_that_share_a_text_with_held_out_ones_are_left_out():
    """On either side, whatever its case and points; the same text on the other side is another."""
    held_out = [Pair("Go!", "Ve."), Pair("Run.", "Corre.")]
    pairs = [Pair("go", "anda"), Pair("leave", "ve"), Pair("Ve", "Go"), Pair("stop", "para"), Pair("run", "corre")]
    assert without(pairs, held_out) == (Pair("Ve", "Go"), Pair("stop", "para"))
    assert overlap(without(pairs, held_out), held_out).either == 0


def test_joined_pairs_keep_their_sides_together():
    """Source part k and target part k are of one pair, no pair is in one twice, and every length comes."""
    pairs = [Pair(f"s{i}", f"t{i}") for i in range(6)]
    joined = join_pairs(pairs, 200, (2, 4))
    assert {len(pair.source.split()) for pair in joined} == {2, 3, 4}
    for source, target in joined:
        assert source.replace("s", "t") == target
        assert len(set(source.split())) == len(source.split())
    assert joined == join_pairs(pairs, 200, (2, 4))
    assert with_joined(pairs, 0.5, 3)[:6] == pairs
    assert len(with_joined(pairs, 0.5, 3)) == 12
    with pytest.raises(UserError, match="from 1 to 6"):
        join_pairs(pairs, 1, 7)


def some_examples(count: int) -> list[tuple[list[int], list[int]]]:
    """The first source token identifies the example."""
    random = np.random.default_rng(0)
    return [([100 + i] * random.integers(1, 12), [1] + [7] * random.integers(1, 12) + [2]) for i in range(count)]


def rows_of(batch):
    return [int(row) - 100 for row in batch.source[:, 0]]


def test_an_epoch_has_each_pair_once_within_the_budget():
    examples = some_examples(200)
    batches = Batches(examples, 60, seed=3)
    for epoch in range(2):
        seen = []
        for batch in batches.epoch(epoch):
            rows = rows_of(batch)
            seen += rows
            assert max(batch.source.numel(), batch.target.numel()) <= 60
            for row, source, size, target, length in zip(
                rows, batch.source, batch.source_length, batch.target, batch.target_length, strict=True
            ):
                assert (source[:size].tolist(), target[:length].tolist()) == examples[row]
                assert not source[size:].any()
                assert not target[length:].any()
        assert sorted(seen) == list(range(200))


def test_a_batch_is_a_function_of_seed_and_number():
    """Asked for in any order, by any instance; another epoch and another seed have other orders."""
    examples = some_examples(50)
    count = len(list(Batches(examples, 40, 0).epoch(0)))
    first = [rows_of(batch) for n in range(1, 3 * count) for batch in [Batches(examples, 40, 0)(n)]]
    again = Batches(examples, 40, 0)
    assert [rows_of(again(n)) for n in reversed(range(1, 3 * count))] == first[::-1]
    assert first[:count] == [rows_of(batch) for batch in again.epoch(0)]
    assert first[:count] != first[count : 2 * count]
    assert first[0] != rows_of(Batches(examples, 40, 1)(1))


def test_batches_are_of_like_lengths():
    """Sorting in pools leaves little padding; catches a sort that shuffles after it, or by the wrong side."""
    batches = Batches(some_examples(2000), 200, 0)
    real = sum(int(batch.source_length.sum()) for batch in batches.epoch(0))
    assert sum(batch.source.numel() for batch in batches.epoch(0)) < 1.1 * real


def test_a_pair_longer_than_the_budget_is_a_batch_of_its_own():
    batches = list(Batches([([5] * 30, [1, 2]), ([6], [1, 2])], 10, 0).epoch(0))
    assert sorted(batch.source.shape for batch in batches) == [torch.Size([1, 1]), torch.Size([1, 30])]


def test_what_a_token_is_follows_from_the_text():
    words = "\n".join(["abc", "de", "fgh"] * 10)
    phonemes = "\n".join(["B AW1 T", "K AO1 R S"] * 40)
    sentences = "\n".join(f"this is line {i} of {i * i} lines" for i in range(300))
    assert [kind_of(text) for text in (words, phonemes, sentences)] == ["character", "word", "bpe"]


@pytest.mark.parametrize("size", [-5, 0, 2])
def test_a_vocabulary_of_no_words_is_refused(size):
    """Catches a 0 that is taken for all words, and a model that reads and writes line ends alone."""
    with pytest.raises(UserError, match=f"vocabulary {size}: give at least 3"):
        PairsConfig(vocabulary=size)
    pairs = [Pair("go left", "ga links")] * 3
    assert learn_vocabulary(pairs, "word", "word", size).size == learn_vocabulary(pairs, "word", "word", 2).size
    assert learn_vocabulary(pairs, "word", "word", 3).size == learn_vocabulary(pairs, "word", "word", 2).size + 1


def test_sides_of_two_kinds_have_tokens_of_their_own():
    """Letter A and phoneme A are two tokens; what neither knows is one. Through tokenizer.json, too."""
    vocabulary = learn_vocabulary([Pair("AB", "A B")], "character", "word")
    restored = tokenizer_from_json(vocabulary.tokenizer.to_json())
    for tokenizer in (vocabulary.tokenizer, restored):
        assert isinstance(tokenizer, SidesTokenizer)
        assert tokenizer.size == CharacterTokenizer("AB").size + WordTokenizer(["\n", "A", "B"]).size
        read, written = tokenizer.encode_source("ABx"), tokenizer.encode("B A x")
        assert not set(read[:2]) & set(written)
        assert read[2] == written[2] == tokenizer.unknown
        assert (tokenizer.decode(read), tokenizer.decode(written)) == ("AB\ufffd", "B A <unk>")
    source, target = vocabulary.source("BAx"), vocabulary.target("A B")
    assert (source[-2:], target[0], target[-1]) == ([UNKNOWN, END], BEGIN, END)
    assert (vocabulary.decode(source), vocabulary.decode(target)) == ("BA\ufffd", "A B")
    joint = learn_vocabulary([Pair("AB", "BA")], "character", "character")
    assert joint.source("A")[:-1] == joint.encode("A")
