"""Evaluation of a system on items: its outputs, and their scores over all and by the length of the source."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from segue.translate.data.pairs import Item
from segue.translate.evaluation.scores import Scores, score
from segue.translate.evaluation.units import Unit, units

EDGES = (1, 5, 7, 9, 12, 16, 21, 31, 46, 61)
"""The shortest source of each bucket; the last bucket has no upper bound."""
FEW = 30
"""Scores of fewer sentences are uncertain: pictures draw them in grey."""


@dataclass(frozen=True)
class Bucket:
    """Sources of about one length."""

    label: str
    """Its bounds, for example `5-6`."""
    scores: Scores


@dataclass(frozen=True)
class Evaluation:
    """The outputs of a system, and their scores."""

    outputs: tuple[str, ...]
    """One for each item."""
    scores: Scores
    """Over all items."""
    buckets: tuple[Bucket, ...]
    """By the length of the source, the shortest first; empty ones are left out."""
    unit: Unit
    """The unit of source lengths: words, or characters where no source has two words."""
    seconds: float
    """The time that all sources took."""


def evaluate(
    translate: Callable[[list[str]], Sequence[str]], items: Sequence[Item], unit: Unit = "word", *, draws: int = 1000
) -> Evaluation:
    """Scores the outputs of a system for the source of each item.

    Args:
        translate: The system; a function that returns one output for each source.
        items: Sources and references.
        unit: The unit of the token error rate.
        draws: Bootstrap samples of the intervals.

    Raises:
        UserError: There are no items.
    """
    begin = time.perf_counter()
    outputs = tuple(translate([item.source for item in items]))
    seconds = time.perf_counter() - begin
    scores = score(outputs, items, unit, draws=draws)
    length_unit: Unit = "word" if any(len(item.source.split()) > 1 for item in items) else "character"
    buckets = by_length(outputs, items, unit, length_unit, draws=draws)
    return Evaluation(outputs, scores, buckets, length_unit, seconds)


def by_length(
    outputs: Sequence[str], items: Sequence[Item], unit: Unit, length_unit: Unit = "word", *, draws: int = 1000
) -> tuple[Bucket, ...]:
    """The scores of each bucket of source lengths, which are counted in `length_unit`."""
    lengths = [len(units(item.source, length_unit)) for item in items]
    buckets = []
    for low, high in zip(EDGES, (*EDGES[1:], None), strict=True):
        picked = [index for index, length in enumerate(lengths) if low <= length and (high is None or length < high)]
        if not picked:
            continue
        label = f"{low}+" if high is None else str(low) if high == low + 1 else f"{low}-{high - 1}"
        part = score([outputs[index] for index in picked], [items[index] for index in picked], unit, draws=draws)
        buckets.append(Bucket(label, part))
    return tuple(buckets)
