"""Tokenizers: decoding gives back the text in any script, also after a stay on disk."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.errors import UserError
from segue.folder import TOKENIZER
from segue.manifest import write_manifest
from segue.text.bytes import ByteTokenizer
from segue.text.characters import CharacterTokenizer
from segue.text.named import learn_tokenizer, load_tokenizer, tokenizer_from_json
from segue.text.pairs import PairTokenizer
from segue.text.protocol import Tokenizer
from segue.text.words import WordTokenizer

TEXT = "It was the best of times,\r\nit was the worst of times;\n\n\tnaïve Σοφία 時間 👩‍🚀 e\u0301 \x00 end\n"
NAMES = ("byte", "character", "word", "bpe")
BPE = PairTokenizer.of(TEXT, 300)

every_kind = pytest.mark.parametrize("name", NAMES)


@given(st.text())
def test_bytes_and_pairs_give_back_any_unicode(text):
    """Also text that the pairs were not learnt from: catches a prefix space, a normaliser, a lost control character."""
    for tokenizer in (ByteTokenizer(), BPE):
        tokens = tokenizer.encode(text)
        assert tokenizer.decode(tokens) == text
        assert all(0 <= token < tokenizer.size for token in tokens)


@given(st.text())
def test_characters_give_back_the_text_they_were_learnt_from(text):
    tokenizer = CharacterTokenizer.of(text)
    assert tokenizer.decode(tokenizer.encode(text)) == text
    assert tokenizer.size == len(set(text) - {"\ufffd"}) + 1


@given(st.lists(st.lists(st.text("abcé時", min_size=1), max_size=5), max_size=5))
def test_words_give_back_a_text_whose_white_space_is_plain(lines):
    text = "\n".join(" ".join(line) for line in lines)
    tokenizer = WordTokenizer.of(text)
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_words_are_counted_as_the_benchmarks_count_them():
    """WikiText's own layout: words between spaces, an end per line, <unk> in the text is the unknown word."""
    text = " = Robert <unk> = \n \n He is <unk> , he is .\n"
    tokenizer = WordTokenizer.of(text)
    assert len(tokenizer.encode(text)) == len(text.split()) + text.count("\n") == 14
    assert tokenizer.size == len(set(text.split())) + 1
    assert tokenizer.encode("<unk> unheard-of is") == [0, 0, tokenizer.encode("is")[0]]


def test_a_bounded_vocabulary_keeps_the_most_frequent_words():
    tokenizer = WordTokenizer.of("b b b a a c", size=4)
    assert tokenizer.words == ("\n", "b", "a")
    assert tokenizer.size == 4
    assert tokenizer.decode(tokenizer.encode("a b c")) == "a b <unk>"


def test_rare_words_are_left_to_the_unknown_one():
    assert WordTokenizer.of("b b a c\na", least=2).words == ("\n", "a", "b")


def test_an_unknown_character_is_one_token_and_can_be_counted():
    """Catches a KeyError deep in an evaluation, or a character dropped silently, which would better the score."""
    tokenizer = CharacterTokenizer.of("abc")
    tokens = tokenizer.encode("axbé")
    assert tokens == [1, 0, 2, 0]
    assert tokens.count(tokenizer.unknown) == 2
    assert tokenizer.decode(tokens) == "a\ufffdb\ufffd"


def test_a_character_cut_in_two_is_replaced():
    """A sampled continuation can end, or begin, within a character."""
    assert ByteTokenizer().decode("é".encode()[:1]) == "\ufffd"
    assert BPE.decode(BPE.encode("\U0001d11e")[:1]) == "\ufffd"


@every_kind
def test_a_tokenizer_is_the_same_after_a_stay_on_disk(name, tmp_path):
    tokenizer = learn_tokenizer(name, TEXT, 300)
    assert isinstance(tokenizer, Tokenizer)
    (tmp_path / TOKENIZER).write_text(tokenizer.to_json(), encoding="utf-8")
    write_manifest(tmp_path)
    again = load_tokenizer(tmp_path)
    assert again.encode(TEXT) == tokenizer.encode(TEXT)
    assert (again.size, again.unknown, again.to_json()) == (tokenizer.size, tokenizer.unknown, tokenizer.to_json())


@every_kind
def test_learning_twice_gives_the_same_tokens(name):
    """A run resumes by learning its tokenizer again."""
    assert learn_tokenizer(name, TEXT, 300).to_json() == learn_tokenizer(name, TEXT, 300).to_json()


def test_pairs_are_the_frequent_ones():
    """'ab' stands 8 times, so it is the first pair after the 256 bytes; catches a size that is ignored."""
    tokenizer = PairTokenizer.of("ab" * 8 + " xy", 257)
    assert tokenizer.size == 257
    assert tokenizer.encode("abab") == [256, 256]
    assert len(tokenizer.encode("xy")) == 2


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"kind": "morse"}', '{"kind": "word"}', '{"model": 3}'])
def test_a_broken_file_is_reported_in_one_line(text, tmp_path):
    with pytest.raises(UserError, match="name a folder that holds a whole model"):
        load_tokenizer(tmp_path)
    (tmp_path / TOKENIZER).write_text(text)
    write_manifest(tmp_path)
    with pytest.raises(UserError, match="this is not a tokenizer"):
        load_tokenizer(tmp_path)


def test_mistakes_name_their_remedy(monkeypatch):
    with pytest.raises(UserError, match="size 255: give at least 256"):
        learn_tokenizer("bpe", TEXT, 255)
    pairs = BPE.to_json()
    monkeypatch.setitem(__import__("sys").modules, "tokenizers", None)
    with pytest.raises(UserError, match=r"run pip install -c constraints.txt -e '\.\[train\]'"):
        tokenizer_from_json(pairs)


def changed(**parts):
    return json.dumps({**json.loads(BPE.to_json()), **parts})


def changed_model(**parts):
    return changed(model={**json.loads(BPE.to_json())["model"], **parts})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (changed(normalizer={"type": "Replace", "pattern": {"String": ""}, "content": "xx"}), "writes no normalizer"),
        (changed(pre_tokenizer={"type": "Split", "pattern": {"Regex": "(?="}}), "writes no pre_tokenizer"),
        (changed(post_processor={"type": "TemplateProcessing"}), "writes no post_processor"),
        (changed(added_tokens=[{"id": 10**9, "content": "a"}]), "writes no added_tokens"),
        (changed(padding={"strategy": {"Fixed": 10**12}}), "writes no padding"),
        (changed(surprise=1), "writes no surprise"),
        (changed_model(type="Unigram"), "writes no type Unigram"),
        (changed_model(dropout=0.5), "writes no dropout 0.5"),
        (changed_model(vocab={"a": 0, "b": 2**31}), "merges of another form|not numbered from 0"),
        (changed_model(merges=[["zz", "zz"]]), "a merge of tokens outside the vocabulary, zz zz"),
        (changed_model(merges=["a b c"]), "a merge that is not a pair"),
        ('{"kind": "word", "words": ["a", "a"]}', "occurs twice"),
        ('{"kind": "word", "words": ["a", 3]}', "not text"),
        ('{"kind": "word", "words": "ab"}', "not a list of at most 1,048,576"),
        ('{"kind": "character", "characters": "aba"}', "occurs twice"),
        ('{"kind": "character", "characters": ["a"]}', "characters that are not text"),
        ('{"kind": "sides", "source": {"kind": "sides"}, "target": {"kind": "byte"}}', "unknown kind 'sides'"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_a_tokenizer_that_segue_does_not_write_is_refused(text, why, tmp_path):
    """Rules that lengthen a text without end, patterns that panic, a vocabulary that takes all memory."""
    (tmp_path / TOKENIZER).write_text(text)
    write_manifest(tmp_path)
    with pytest.raises(UserError, match=f"tokenizer.json: save the model again, this is not a tokenizer .*({why})"):
        load_tokenizer(tmp_path)


def test_a_tokenizer_of_millions_of_words_is_refused_by_its_size(tmp_path):
    (tmp_path / TOKENIZER).write_text("x" * (2**24 + 1))
    write_manifest(tmp_path)
    with pytest.raises(UserError, match=r"tokenizer\.json: save the model again \(more than 16,777,216 bytes\)"):
        load_tokenizer(tmp_path)


def test_merges_of_earlier_versions_of_the_package_are_read():
    """Before version 0.20 a merge was one text, not a pair."""
    merges = [" ".join(pair) for pair in json.loads(BPE.to_json())["model"]["merges"]]
    assert tokenizer_from_json(changed_model(merges=merges)).encode(TEXT) == BPE.encode(TEXT)
