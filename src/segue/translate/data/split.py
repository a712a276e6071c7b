"""A split without a leak: pairs that share a source or a target, apart from case and punctuation, stay together.

In collections of sentence pairs, one sentence may have many translations. A random split puts some of them into
training and others into the test. With the English-Spanish pairs of Tatoeba, 29 % of such test rows share a side with
training. So rows are nodes of a graph, joined where they share a normalised side, and each component goes whole to one
part.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from segue.errors import UserError
from segue.translate.data.pairs import Item, Pair, items_of

LEAST = 10
"""The fewest components that a collection needs before some can be held out."""


@dataclass(frozen=True)
class Overlap:
    """Shares of the held-out rows whose normalised source, target, or either, occurs in training."""

    source: float
    target: float
    either: float


@dataclass(frozen=True)
class Split:
    """Three parts of a collection, each in the order of the collection."""

    train: tuple[Pair, ...]
    dev: tuple[Pair, ...]
    test: tuple[Pair, ...]
    components: int
    """The number of components of the whole collection."""
    largest: int
    """Rows of the largest component, which is always in training."""

    @property
    def dev_items(self) -> list[Item]:
        """Each source of the development part with all its references."""
        return items_of(self.dev)

    @property
    def test_items(self) -> list[Item]:
        """Each source of the test part with all its references."""
        return items_of(self.test)


def split_pairs(pairs: Sequence[Pair], dev: int, test: int, seed: int = 0) -> Split:
    """Splits by whole components, drawn at random.

    Args:
        pairs: The collection.
        dev: How many components to hold out for development: most have one source, with its translations.
        test: How many components to hold out for the test.
        seed: Decides the draw.

    Raises:
        UserError: `dev` or `test` is negative, or nothing would be left to learn from.
    """
    for name, value in (("dev", dev), ("test", test)):
        if value < 0:
            raise UserError(name, value, "give 0 or more")
    return _split(pairs, components(pairs), dev, test, seed)


def hold_out(pairs: Sequence[Pair], dev: int, seed: int = 0) -> tuple[tuple[Pair, ...], tuple[Pair, ...]]:
    """A training part, and a development part of `dev` components, at most a tenth of all; they share no text.

    Raises:
        UserError: There are too few components.
    """
    labels = components(pairs)
    count = int(labels.max(initial=-1)) + 1
    if count < LEAST:
        remedy = f"give at least {LEAST} that share no text with each other; a useful model needs thousands"
        groups = f"{count:,} group{'' if count == 1 else 's'} of shared texts"
        raise UserError("pairs", f"{len(pairs):,} in {groups}", remedy)
    split = _split(pairs, labels, min(dev, max(1, count // 10)), 0, seed)
    return split.train, split.dev


def without(pairs: Sequence[Pair], held_out: Sequence[Pair]) -> tuple[Pair, ...]:
    """The pairs that share no normalised side with a held-out pair."""
    known = _sides(held_out)
    return tuple(pair for pair in pairs if not any(normalised(pair[side]) in known[side] for side in range(2)))


def components(pairs: Sequence[Pair]) -> np.ndarray:
    """The index of each pair's component, from 0 in order of appearance, by union-find over normalised sides."""
    parents = list(range(len(pairs)))

    def root(node: int) -> int:
        while parents[node] != node:
            parents[node] = parents[parents[node]]
            node = parents[node]
        return node

    seen: dict[tuple[int, str], int] = {}
    for row, pair in enumerate(pairs):
        for side, text in enumerate(pair):
            first = seen.setdefault((side, normalised(text)), row)
            one, other = root(first), root(row)
            parents[max(one, other)] = min(one, other)
    roots = np.array([root(row) for row in range(len(pairs))], dtype=np.int64)
    return np.unique(roots, return_inverse=True)[1]


def normalised(text: str) -> str:
    """The text in Unicode's NFKC, without case and punctuation, its words one space apart.

    A text of punctuation alone keeps it.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    bare = "".join(" " if unicodedata.category(character)[0] == "P" else character for character in folded)
    return re.sub(r"\s+", " ", bare).strip() or folded.strip()


def overlap(train: Sequence[Pair], held_out: Sequence[Pair]) -> Overlap:
    """Measures which share of the held-out part occurs in training."""
    known = _sides(train)
    if not held_out:
        return Overlap(0.0, 0.0, 0.0)
    shared = np.array([[normalised(pair[side]) in known[side] for side in range(2)] for pair in held_out])
    source, target = shared.mean(axis=0).tolist()
    return Overlap(source, target, float(shared.any(axis=1).mean()))


def overlap_of_rows(pairs: Sequence[Pair], held_out: int, seed: int = 0) -> Overlap:
    """The overlap of a random split that holds out as many rows, for comparison with `split_pairs`."""
    order = np.random.default_rng([seed, 0x2095]).permutation(len(pairs))
    picked = {int(row) for row in order[:held_out]}
    return overlap(
        [pair for row, pair in enumerate(pairs) if row not in picked], [pairs[row] for row in sorted(picked)]
    )


def _sides(pairs: Sequence[Pair]) -> list[set[str]]:
    """All normalised sources, and all normalised targets."""
    return [{normalised(pair[side]) for pair in pairs} for side in range(2)]


def _split(pairs: Sequence[Pair], labels: np.ndarray, dev: int, test: int, seed: int) -> Split:
    sizes = np.bincount(labels)
    if dev + test >= len(sizes):
        remedy = f"give fewer, here or to `test` ({test}): the pairs form only {len(sizes):,} groups"
        raise UserError("dev", dev, remedy)
    largest = int(sizes.argmax())
    order = np.random.default_rng([seed, 0x59117]).permutation(len(sizes))
    drawn = order[order != largest]
    part = np.zeros(len(sizes), dtype=int)
    part[drawn[:test]] = 2
    part[drawn[test : test + dev]] = 1
    train, held_out, tested = (
        tuple(pair for pair, label in zip(pairs, labels, strict=True) if part[label] == which) for which in range(3)
    )
    return Split(train, held_out, tested, len(sizes), int(sizes[largest]))
