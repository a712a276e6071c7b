"""How well a model puts sources into targets, over all and by the length of the source."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from segue.translate.data.pairs import Item
from segue.translate.evaluation.scores import Scores, Unit, score

EDGES = (1, 5, 7, 9, 12, 16, 21, 31, 46, 61)
"""The shortest source of each bucket; the last one has no end."""
FEW = 30
"""Fewer sentences than this say little: pictures draw them in grey."""


@dataclass(frozen=True)
class Bucket:
    """Sources of about one length."""

    label: str
    """Its bounds."""
    mean_length: float
    """Words, or characters, of a source in the mean."""
    scores: Scores


@dataclass(frozen=True)
class Evaluation:
    """What a model wrote, and how good it is."""

    outputs: tuple[str, ...]
    """One for each item."""
    scores: Scores
    """Over all items."""
    buckets: tuple[Bucket, ...]
    """By the length of the source, the shortest first; empty ones are left out."""
    unit: Unit
    """What lengths of sources count: words, or characters where no source has two words."""
    seconds: float
    """That putting all sources took."""


def evaluate(
    translate: Callable[[list[str]], Sequence[str]], items: Sequence[Item], unit: Unit = "word", *, draws: int = 1000
) -> Evaluation:
    """Puts the source of each item and scores what comes out.

    Args:
        translate: Gives one output for each source.
        items: Sources and references.
        unit: What the token error rate counts.
        draws: How often sentences are drawn anew for the intervals.

    Raises:
        UserError: There are no items.
    """
    begin = time.perf_counter()
    outputs = tuple(translate([item.source for item in items]))
    seconds = time.perf_counter() - begin
    scores = score(outputs, items, unit, draws=draws)
    counted: Unit = "word" if any(len(item.source.split()) > 1 for item in items) else "character"
    return Evaluation(outputs, scores, by_length(outputs, items, unit, counted, draws=draws), counted, seconds)


def by_length(
    outputs: Sequence[str], items: Sequence[Item], unit: Unit, counted: Unit = "word", *, draws: int = 1000
) -> tuple[Bucket, ...]:
    """The scores of each bucket of source lengths, measured in words or characters as `counted` says."""
    lengths = [len(item.source.split() if counted == "word" else item.source) for item in items]
    buckets = []
    for low, high in zip(EDGES, (*EDGES[1:], None), strict=True):
        picked = [place for place, length in enumerate(lengths) if low <= length and (high is None or length < high)]
        if not picked:
            continue
        label = f"{low}+" if high is None else str(low) if high == low + 1 else f"{low}-{high - 1}"
        part = score([outputs[place] for place in picked], [items[place] for place in picked], unit, draws=draws)
        buckets.append(Bucket(label, sum(lengths[place] for place in picked) / len(picked), part))
    return tuple(buckets)
