"""Tokenizers that take all memory, never end, or stop the process, in the formats that `tokenizer.json` may have."""

import json
import random
from pathlib import Path
from typing import Any

_LONG = {"type": "Sequence", "normalizers": [{"type": "Replace", "pattern": {"String": ""}, "content": "x" * 999}] * 9}
_NORMALIZERS = (_LONG, {"type": "Prepend", "prepend": "x" * 10**6}, {"type": "NFKD"}, {"type": "Precompiled"})
_PATTERNS = (r"(a+)+$", r"(?=", r"(a|a)*b", r"\p{L}{1,9999}{1,9999}", r"((a{0,100}){0,100}){0,100}", "")


def forge_tokenizer(path: Path, draw: random.Random) -> None:
    """Writes a hostile tokenizer; half of them begin from what is there."""
    saved: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    makers = (_words, _characters, _sides, _other) if "model" not in saved else (_parts, _pairs, _pairs, _other)
    value = draw.choice(makers)(saved, draw)
    path.write_text(value if isinstance(value, str) else json.dumps(value))


def _words(saved: dict[str, Any], draw: random.Random) -> Any:
    words = saved.get("words", ["\n", "a", "b"])
    many = 2 ** draw.choice([4, 18, 21])
    return draw.choice(
        [
            lambda: {"kind": "word", "words": [*words, words[0]]},
            lambda: {"kind": "word", "words": words[:-1]},
            lambda: {"kind": "word", "words": [*words[:-1], draw.choice([None, 3, ["a"], {}])]},
            lambda: {"kind": "word", "words": "".join(words)},
            lambda: {"kind": "word", "words": dict.fromkeys(words, 1)},
            lambda: '{"kind": "word", "words": [' + ",".join(f'"{i:x}"' for i in range(many)) + "]}",
        ]
    )()


def _characters(saved: dict[str, Any], draw: random.Random) -> Any:
    known = saved.get("characters", "abc")
    changed = draw.choice([known + known[:1], known[1:], known + "\ud800", list(known), 7, None, "x" * 2**24, ""])
    return {"kind": "character", "characters": changed}


def _sides(saved: dict[str, Any], draw: random.Random) -> Any:
    inner = saved
    for _ in range(draw.choice([1, 2, 20, 300])):
        inner = {"kind": "sides", "source": inner, "target": {"kind": "byte"}}
    return draw.choice([inner, {"kind": "sides", "source": saved}, {"kind": "sides", "source": 3, "target": []}])


def _other(saved: dict[str, Any], draw: random.Random) -> Any:
    return draw.choice([{"kind": draw.choice([None, 3, "morse", [], {}])}, [], 7, "[" * 10_000, {"model": saved}])


def _parts(saved: dict[str, Any], draw: random.Random) -> Any:
    """Another part of the `tokenizers` package: a normaliser, a pattern, a template, a token of its own."""
    split = {"type": "Split", "pattern": {"Regex": draw.choice(_PATTERNS)}, "behavior": "Isolated", "invert": False}
    changed = draw.choice(
        [
            {"normalizer": draw.choice(_NORMALIZERS)},
            {"pre_tokenizer": split},
            {"pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, saved["pre_tokenizer"]]}},
            {"pre_tokenizer": None},
            {"decoder": {"type": "Replace", "pattern": {"String": "a"}, "content": "b" * 10**6}},
            {"post_processor": {"type": "TemplateProcessing", "single": [], "pair": [], "special_tokens": {}}},
            {"truncation": {"max_length": 0, "stride": 9, "strategy": "LongestFirst", "direction": "Right"}},
            {"padding": {"strategy": {"Fixed": 10**12}, "direction": "Right", "pad_id": 0, "pad_token": "x"}},
            {"added_tokens": [{"id": 10**9, "content": "a", "special": False}]},
        ]
    )
    return {**saved, **changed}


def _pairs(saved: dict[str, Any], draw: random.Random) -> Any:
    """Another vocabulary or other merges."""
    model = saved["model"]
    vocabulary, merges = model["vocab"], model["merges"]
    many = 2 ** draw.choice([10, 19])
    changed = draw.choice(
        [
            {"dropout": draw.choice([0.5, -1, 1e9])},
            {"unk_token": "x"},
            {"end_of_word_suffix": "x" * 10**6},
            {"ignore_merges": True},
            {"cache_capacity": 10**18},
            {"type": draw.choice(["WordPiece", "Unigram", "WordLevel", None])},
            {"vocab": {**vocabulary, "x" * 9: draw.choice([10**9, -1, 2**32, 0, 1.5, None])}},
            {"vocab": dict(list(vocabulary.items())[:-1])},
            {"vocab": {f"{i:x}": i for i in range(many)}},
            {"merges": [*merges, draw.choice(["a", "a b c", ["a"], ["zz", "zz"], 3, None])]},
            {"merges": merges[:-1]},
            {"merges": merges * 1000},
            {"merges": draw.choice([{}, None, "a b"])},
        ]
    )
    return {**saved, "model": {**model, **changed}}
