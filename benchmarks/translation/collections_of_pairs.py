"""The collections that translation is measured on: what is learnt, what is chosen by, and what is scored."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from segue.translate.data.pairs import Item, Pair, items_of, read_pairs
from segue.translate.data.split import split_pairs


@dataclass(frozen=True)
class Collection:
    train: tuple[Pair, ...]
    dev: tuple[Pair, ...]
    test: list[Item]


def english_spanish(data: Path) -> Collection:
    """Tatoeba's pairs (manythings.org/anki), split without a leak; a source has all its references."""
    return _split(read_pairs(data / "parallel" / "en_es_tatoeba.tsv").pairs, dev=500, test=2000)


def phonemes(data: Path) -> Collection:
    """CMUdict without stress; all pronunciations of a word are accepted, homophones stay together."""
    return _split(_dictionary(data, stress=False), dev=1000, test=10_000)


def stressed(data: Path) -> Collection:
    """The same with the stress of vowels."""
    return _split(_dictionary(data, stress=True), dev=1000, test=10_000)


def multi30k(data: Path) -> Collection:
    """German to English, with the parts of its makers: test2016."""
    parts = [_lines(data / "parallel" / "multi30k", name) for name in ("train", "val", "test_2016_flickr")]
    return Collection(parts[0], parts[1], [Item(source, (target,)) for source, target in parts[2]])


COLLECTIONS: dict[str, Callable[[Path], Collection]] = {
    "english-spanish": english_spanish,
    "phonemes": phonemes,
    "phonemes-stress": stressed,
    "multi30k": multi30k,
}


def pronunciations(text: str, stress: bool) -> list[Pair]:
    """Pairs of CMUdict: `word(2) P R OW1 N # a remark`."""
    pairs = []
    for line in text.splitlines():
        word, _, sounds = line.partition(" #")[0].strip().partition(" ")
        if not sounds or line.startswith(";;;"):
            continue
        found = Pair(re.sub(r"\(\d+\)$", "", word), sounds if stress else re.sub(r"\d", "", sounds))
        pairs.append(found)
    return list(dict.fromkeys(pairs))  # without stress, some pronunciations are one


def _dictionary(data: Path, stress: bool) -> list[Pair]:
    return pronunciations((data / "seq" / "cmudict.dict").read_text(encoding="utf-8"), stress)


def _split(pairs: list[Pair] | tuple[Pair, ...], dev: int, test: int) -> Collection:
    split = split_pairs(pairs, dev, test, seed=0)
    return Collection(split.train, split.dev, items_of(split.test))


def _lines(folder: Path, name: str) -> tuple[Pair, ...]:
    sides = [(folder / f"{name}.{language}").read_text(encoding="utf-8").splitlines() for language in ("de", "en")]
    return tuple(Pair(source.strip(), target.strip()) for source, target in zip(*sides, strict=True))
