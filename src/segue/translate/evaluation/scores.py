"""Scores of a system's output: BLEU and chrF as the field computes them, exact match, token error rate.

Each comes with the interval that a bootstrap over sentences gives.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

import numpy as np
from jaxtyping import Float64

from segue.errors import UserError
from segue.translate.data.pairs import Item

Unit = Literal["word", "character"]
_DRAWS = 1000
_ENDS = (0.025, 0.975)


@dataclass(frozen=True)
class Score:
    """A figure in per cent and its 95 % interval, over sentences drawn anew."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.2f} ({self.low:.2f} to {self.high:.2f})"


@dataclass(frozen=True)
class Scores:
    """How well a set of sources was put into targets. BLEU and chrF are `None` where sacrebleu is not installed."""

    sentences: int
    """Sources that were put."""
    bleu: Score | None
    """Of the corpus, by all references (Papineni et al. 2002; sacrebleu)."""
    bleu_first: float | None
    """By the first reference of each source alone, as most publish it."""
    chrf: Score | None
    """F-score of character n-grams, by all references (Popovic 2015): tells more than BLEU where BLEU is near 0."""
    exact_match: Score
    """Outputs that are one of the references, to the letter, where a run of white space counts as one space."""
    token_error_rate: Score
    """Insertions, deletions and substitutions per token of the nearest reference. Of phonemes: the PER."""
    length_ratio: float
    """Tokens of the outputs per token of the nearest references: far below 1, the system breaks off or forgets."""
    signatures: tuple[str, ...]
    """What sacrebleu calls its settings, so that others can compute the same."""


def score(outputs: Sequence[str], items: Sequence[Item], unit: Unit = "word", *, draws: int = _DRAWS) -> Scores:
    """Scores outputs, one for each item.

    Args:
        outputs: What the system wrote, as plain text.
        items: What it was given, and the references.
        unit: What the token error rate counts: words between white space, or characters.
        draws: How often sentences are drawn anew for the intervals.

    Raises:
        UserError: There is nothing to score, or not one output for each item.
    """
    if len(outputs) != len(items) or not items:
        raise UserError(
            "outputs", f"{len(outputs)} for {len(items)} items", "give one output for each item, at least 1"
        )
    edits, lengths, written = _nearest(outputs, items, unit)
    exact = np.array([_is_one_of(output, item.references) for output, item in zip(outputs, items, strict=True)])
    bleu, chrf, first, signatures = _sacrebleu(outputs, items, draws)
    return Scores(
        sentences=len(items),
        bleu=bleu,
        bleu_first=first,
        chrf=chrf,
        exact_match=ratio(exact, np.ones_like(exact), draws),
        token_error_rate=ratio(edits, lengths, draws),
        length_ratio=float(written.sum() / lengths.sum()),
        signatures=signatures,
    )


def edit_distance(output: Sequence[str], reference: Sequence[str]) -> int:
    """The least number of insertions, deletions and substitutions between two sequences (Levenshtein 1966)."""
    above = list(range(len(reference) + 1))
    for row, token in enumerate(output, start=1):
        here = [row]
        for column, other in enumerate(reference, start=1):
            here.append(min(above[column] + 1, here[-1] + 1, above[column - 1] + (token != other)))
        above = here
    return above[-1]


def ratio(
    parts: Float64[np.ndarray, " sentences"], wholes: Float64[np.ndarray, " sentences"], draws: int = _DRAWS
) -> Score:
    """The sum of the parts per sum of the wholes, in per cent, with the bootstrap's interval."""
    random = np.random.default_rng(0)
    places = (random.integers(len(parts), size=len(parts)) for _ in range(draws))
    drawn = np.array([parts[place].sum() / wholes[place].sum() for place in places])
    low, high = np.quantile(drawn, _ENDS)
    return Score(100 * float(parts.sum() / wholes.sum()), 100 * float(low), 100 * float(high))


def _nearest(outputs: Sequence[str], items: Sequence[Item], unit: Unit) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Edits to the nearest reference, its tokens, and the output's, of each sentence."""
    found = []
    for output, item in zip(outputs, items, strict=True):
        tokens = _tokens(output, unit)
        references = [_tokens(reference, unit) for reference in item.references]
        options = [(edit_distance(tokens, reference), max(1, len(reference))) for reference in references]
        found.append((*min(options, key=lambda option: (option[0] / option[1], option[0])), len(tokens)))
    edits, lengths, written = np.array(found, dtype=np.float64).T
    return edits, lengths, written


def _is_one_of(output: str, references: Sequence[str]) -> float:
    """One where an output is a reference, but for how much white space is where; else zero."""
    return float(" ".join(output.split()) in {" ".join(reference.split()) for reference in references})


def _tokens(text: str, unit: Unit) -> list[str]:
    return text.split() if unit == "word" else list(text)


def _sacrebleu(
    outputs: Sequence[str], items: Sequence[Item], draws: int
) -> tuple[Score | None, Score | None, float | None, tuple[str, ...]]:
    """BLEU and chrF by all references, BLEU by the first, and signatures; nothing where sacrebleu is not installed."""
    try:
        metrics: Any = import_module("sacrebleu.metrics")
    except ImportError:
        return None, None, None, ()
    most = max(len(item.references) for item in items)
    streams = [
        [item.references[place] if place < len(item.references) else None for item in items] for place in range(most)
    ]
    found, signatures = [], []
    for metric in (metrics.BLEU(), metrics.CHRF()):
        result = metric.corpus_score(list(outputs), streams)
        found.append(Score(float(result.score), *_interval(metric, outputs, streams, draws)))
        signatures.append(f"{result.name} {metric.get_signature().format()}")
    first = metrics.BLEU().corpus_score(list(outputs), [[item.references[0] for item in items]])
    return found[0], found[1], first.score, tuple(signatures)


def _interval(
    metric: Any, outputs: Sequence[str], streams: Sequence[Sequence[str | None]], draws: int
) -> tuple[float, float]:
    """Where 95 % of the scores of sentences drawn anew lie.

    What sacrebleu tells is half of that range about their mean, which can fall below zero; but its counts serve, which
    it does not show.
    """
    counts = np.array(metric._extract_corpus_statistics(list(outputs), streams), dtype=np.float64)
    random = np.random.default_rng(0)
    places = (random.integers(len(counts), size=len(counts)) for _ in range(draws))
    low, high = np.quantile([metric._compute_score_from_stats(counts[place].sum(0)).score for place in places], _ENDS)
    return float(low), float(high)
