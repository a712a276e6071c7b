"""A split that leaks nothing: whoever shares a source or a target, give or take case and punctuation, stays together.

In collections of sentence pairs one sentence has many translations. Rows dealt out at random put some of them into
training and others into the test: of the English-Spanish pairs of Tatoeba, 29 % of such test rows are known on one
side. So rows are nodes of a graph, joined where they share a normalised side, and its components are dealt out whole.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from segue.errors import UserError
from segue.translate.data.pairs import Item, Pair, items_of

LEAST = 10
"""Components that a collection must have, for one of them to be held out."""


@dataclass(frozen=True)
class Overlap:
    """Of the rows held out, the shares whose normalised side occurs in training."""

    source: float
    target: float
    either: float


@dataclass(frozen=True)
class Split:
    """Three parts of a collection, each in its first order."""

    train: tuple[Pair, ...]
    dev: tuple[Pair, ...]
    test: tuple[Pair, ...]
    components: int
    """Of the whole collection."""
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
    """Deals out whole components at random, `dev` and `test` of them.

    Args:
        pairs: The collection.
        dev: Components for development: most often one source each, with its translations.
        test: Components for the test.
        seed: Another seed, another split.

    Raises:
        UserError: `dev` or `test` is negative, or nothing would be left to learn from.
    """
    for name, value in (("dev", dev), ("test", test)):
        if value < 0:
            raise UserError(name, value, "give 0 or more")
    return _deal(pairs, components(pairs), dev, test, seed)


def hold_out(pairs: Sequence[Pair], dev: int, seed: int = 0) -> tuple[tuple[Pair, ...], tuple[Pair, ...]]:
    """A training part, and one for development that shares no text with it: `dev` components, at most a tenth of all.

    Raises:
        UserError: There are too few components.
    """
    labels = components(pairs)
    count = int(labels.max()) + 1
    if count < LEAST:
        remedy = f"give at least {LEAST} that share no text with each other, for a model of use some thousands"
        raise UserError("pairs", f"{len(pairs):,} in {count:,} group{'s' if count > 1 else ''} of shared texts", remedy)
    split = _deal(pairs, labels, min(dev, max(1, count // 10)), 0, seed)
    return split.train, split.dev


def without(pairs: Sequence[Pair], held_out: Sequence[Pair]) -> tuple[Pair, ...]:
    """The pairs that share no normalised side with any that is held out."""
    known = _sides(held_out)
    return tuple(pair for pair in pairs if not any(normalised(pair[side]) in known[side] for side in range(2)))


def components(pairs: Sequence[Pair]) -> np.ndarray:
    """The number of each pair's component, from 0 in order of appearance, by union and find over normalised sides."""
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
    """The text without case, punctuation and spacing, in Unicode's NFKC; as it is if nothing else is in it."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    bare = "".join(" " if unicodedata.category(character)[0] == "P" else character for character in folded)
    return re.sub(r"\s+", " ", bare).strip() or folded.strip()


def overlap(train: Sequence[Pair], held_out: Sequence[Pair]) -> Overlap:
    """How much of what is held out is known from training."""
    known = _sides(train)
    found = np.array([[normalised(pair[side]) in known[side] for side in range(2)] for pair in held_out], dtype=bool)
    source, target = (float(part) for part in found.reshape(-1, 2).mean(axis=0)) if len(found) else (0.0, 0.0)
    return Overlap(source, target, float(found.any(axis=1).mean()) if len(found) else 0.0)


def overlap_of_rows(pairs: Sequence[Pair], held_out: int, seed: int = 0) -> Overlap:
    """The same for as many rows dealt out at random, as most do: what this split avoids."""
    order = np.random.default_rng([seed, 0x2095]).permutation(len(pairs))
    picked = {int(row) for row in order[:held_out]}
    return overlap(
        [pair for row, pair in enumerate(pairs) if row not in picked], [pairs[row] for row in sorted(picked)]
    )


def _sides(pairs: Sequence[Pair]) -> list[set[str]]:
    """All normalised sources, and all normalised targets."""
    return [{normalised(pair[side]) for pair in pairs} for side in range(2)]


def _deal(pairs: Sequence[Pair], labels: np.ndarray, dev: int, test: int, seed: int) -> Split:
    sizes = np.bincount(labels)
    if dev + test >= len(sizes):
        remedy = f"give fewer, here or to `test` ({test}): the pairs form only {len(sizes):,} groups"
        raise UserError("dev", dev, remedy)
    largest = int(sizes.argmax())
    order = np.random.default_rng([seed, 0x59117]).permutation(len(sizes))
    dealt = order[order != largest]
    part = np.zeros(len(sizes), dtype=int)
    part[dealt[:test]] = 2
    part[dealt[test : test + dev]] = 1
    train, held, asked = (
        tuple(pair for pair, label in zip(pairs, labels, strict=True) if part[label] == which) for which in range(3)
    )
    return Split(train, held, asked, len(sizes), int(sizes[largest]))
