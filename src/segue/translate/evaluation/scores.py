"""Scores of a system's outputs: BLEU and chrF by sacrebleu, exact match, token error rate.

Each has an interval from a bootstrap over sentences.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from jaxtyping import Float64

from segue.errors import UserError
from segue.translate.data.pairs import Item
from segue.translate.evaluation.units import Unit, units

_DRAWS = 1000
_ENDS = (0.025, 0.975)


@dataclass(frozen=True)
class Score:
    """A score in per cent and its 95 % interval, by a bootstrap over sentences."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.2f} ({self.low:.2f} to {self.high:.2f})"


@dataclass(frozen=True)
class Scores:
    """The scores of a set of outputs. BLEU and chrF are `None` where sacrebleu is not installed."""

    sentences: int
    """How many sources there are."""
    bleu: Score | None
    """Of the corpus, by all references (Papineni et al. 2002; sacrebleu)."""
    bleu_first: float | None
    """BLEU by only the first reference of each source, as most papers publish it."""
    chrf: Score | None
    """F-score of character n-grams, by all references (Popovic 2015); still informative where BLEU is near 0."""
    exact_match: Score
    """Outputs that equal one of the references; a run of white space counts as one space."""
    token_error_rate: Score
    """Insertions, deletions and substitutions per token of the nearest reference. For phonemes: the PER."""
    length_ratio: float
    """Tokens of the outputs per token of the nearest references; far below 1 outputs end too early or omit words."""
    signatures: tuple[str, ...]
    """The settings of sacrebleu in its own notation, so that others can compute the same scores."""


def score(outputs: Sequence[str], items: Sequence[Item], unit: Unit = "word", *, draws: int = _DRAWS) -> Scores:
    """Scores outputs, one for each item.

    Args:
        outputs: The outputs of the system, as plain text.
        items: Their sources and references.
        unit: The unit of the token error rate.
        draws: Bootstrap samples of the intervals.

    Raises:
        UserError: There is no item, or not one output for each.
    """
    if len(outputs) != len(items) or not items:
        raise UserError(
            "outputs", f"{len(outputs)} for {len(items)} items", "give one output for each item, at least 1"
        )
    edits, lengths, output_lengths = _nearest(outputs, items, unit)
    exact = np.array([_is_one_of(output, item.references) for output, item in zip(outputs, items, strict=True)])
    bleu, chrf, first, signatures = _sacrebleu(outputs, items, draws)
    return Scores(
        sentences=len(items),
        bleu=bleu,
        bleu_first=first,
        chrf=chrf,
        exact_match=ratio(exact, np.ones_like(exact), draws),
        token_error_rate=ratio(edits, lengths, draws),
        length_ratio=float(output_lengths.sum() / lengths.sum()),
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
    """The sum of the parts divided by the sum of the wholes, in per cent, with its bootstrap interval."""
    random = np.random.default_rng(0)
    samples = (random.integers(len(parts), size=len(parts)) for _ in range(draws))
    drawn = np.array([parts[rows].sum() / wholes[rows].sum() for rows in samples])
    low, high = np.quantile(drawn, _ENDS)
    return Score(100 * float(parts.sum() / wholes.sum()), 100 * float(low), 100 * float(high))


def _nearest(outputs: Sequence[str], items: Sequence[Item], unit: Unit) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each output: the edits to its nearest reference, that reference's length, and the output's own length."""
    counts = []
    for output, item in zip(outputs, items, strict=True):
        tokens = units(output, unit)
        references = [units(reference, unit) for reference in item.references]
        options = [(edit_distance(tokens, reference), max(1, len(reference))) for reference in references]
        counts.append((*min(options, key=lambda option: (option[0] / option[1], option[0])), len(tokens)))
    edits, lengths, output_lengths = np.array(counts, dtype=np.float64).T
    return edits, lengths, output_lengths


def _is_one_of(output: str, references: Sequence[str]) -> float:
    """One where an output equals a reference, up to the amount of white space; else zero."""
    return float(" ".join(output.split()) in {" ".join(reference.split()) for reference in references})


def _sacrebleu(
    outputs: Sequence[str], items: Sequence[Item], draws: int
) -> tuple[Score | None, Score | None, float | None, tuple[str, ...]]:
    """BLEU and chrF by all references, BLEU by the first, and signatures; None where sacrebleu is not installed."""
    try:
        metrics: Any = import_module("sacrebleu.metrics")
    except ImportError:
        return None, None, None, ()
    most = max(len(item.references) for item in items)
    streams = [
        [item.references[index] if index < len(item.references) else None for item in items] for index in range(most)
    ]
    scores, signatures = [], []
    for metric in (metrics.BLEU(), metrics.CHRF()):
        result = metric.corpus_score(list(outputs), streams)
        scores.append(Score(float(result.score), *_interval(metric, outputs, streams, draws)))
        signatures.append(f"{result.name} {metric.get_signature().format()}")
    first = metrics.BLEU().corpus_score(list(outputs), [[item.references[0] for item in items]])
    return scores[0], scores[1], first.score, tuple(signatures)


def _interval(
    metric: Any, outputs: Sequence[str], streams: Sequence[Sequence[str | None]], draws: int
) -> tuple[float, float]:
    """The 95 % interval of bootstrap samples, from the counts that sacrebleu keeps for itself.

    The interval that sacrebleu reports is symmetric about the mean, and can fall below zero.
    """
    counts = np.array(metric._extract_corpus_statistics(list(outputs), streams), dtype=np.float64)
    random = np.random.default_rng(0)
    samples = (random.integers(len(counts), size=len(counts)) for _ in range(draws))
    low, high = np.quantile([metric._compute_score_from_stats(counts[rows].sum(0)).score for rows in samples], _ENDS)
    return float(low), float(high)
