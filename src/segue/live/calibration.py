"""The p-value of a score among the past scores of its lane: a conformal rank with a fitted tail, learnt online.

A lane keeps a histogram of the sizes of its past scores, whose counts fade. The p-value of a score is the share of past
scores that are at least as large (Vovk, Gammerman and Shafer 2005, section 2.2). A rank cannot be below 1/n. There, and
wherever few past scores are larger, the p-value comes from a tail that is fitted to the largest past scores.

An anomaly must not hide the next one. So a lane has a credit for surprising scores. Beyond it, a surprising score
enters the histogram as the least surprising score, at the bound.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from jaxtyping import Float32, Float64, Int64
from numpy.typing import NDArray

EDGES = np.concatenate([np.arange(4) * 0.25, 1.0 + np.arange(24) * 0.125, 4.0 * 1.15 ** np.arange(23)])
"""The lower edges of the bins of scores: quarters up to 1, eighths up to 4, then in steps of 15 % up to 87."""
BOUND = 0.01
"""The p-value below which a score is surprising."""

# Memory, prior, few and credit were set by hand, then halved and doubled on seven kinds of scores. Of 1,000 values .92
# have p < .001; .90 to 1.01 with half or twice the memory, prior or few. The credit decides more: with half of it 1.12,
# and the worst kind 3.3 instead of 2.2; with twice .82, and 100 equal scores in a row are half as strange at their end
# (benchmarks/results/live-constants-amd-epyc-2026-11-28.csv).
_MEMORY = 4_000.0  # values after which a count has faded to 1/e
_PRIOR = 30.0  # scores of a normal distribution that the histogram begins with
_FEW = 4.0  # past scores beyond a score; with fewer, the fitted tail weighs more than their count
_TAIL = 0.05  # the share of largest scores that the tail is fitted to
_EXCESS, _SHAPE, _EXCESSES = 0.22, 0.3, 15.0
"""The tail before the first score: its mean excess as a share of its beginning, its shape, and its weight in scores.

How many of 1,000 values without anomalies get a p-value below 0.001? Measured after 1,000 values of 50 streams of known
scores: 0.7 for normal ones, 1.0 for Laplace's, 1.4 for Student's with 3 degrees, 2.2 where the deviation itself wanders
(`benchmarks/live/tails.py`). A power law (Hill 1975) gives 0.35, 0.7, 1.1 and 1.4.
"""
_CREDIT = 5.0  # surprising scores that count in full in a row
_INCOME = 3.0 * BOUND  # the credit of each value

_NORMAL = np.array([2.0 - 2.0 * NormalDist().cdf(edge) for edge in EDGES])
_MIDDLES = np.append((EDGES[1:] + EDGES[:-1]) / 2, EDGES[-1])


@dataclass(frozen=True, eq=False)
class Curve:
    """The p-values of some lanes as a function of the score.

    Attributes:
        logs: The logarithm of the p-value at each edge, not increasing.
    """

    logs: Float64[np.ndarray, "lanes edges"]

    @staticmethod
    def of(counts: Float32[np.ndarray, "lanes edges"]) -> "Curve":
        """The curves that histograms show."""
        numbers = counts.astype(np.float64) + _PRIOR * -np.diff(_NORMAL, append=0.0)
        beyond = np.cumsum(numbers[:, ::-1], axis=1)[:, ::-1]  # scores at each edge or above
        total = beyond[:, :1]
        anchor = _begins(beyond, _TAIL * total)
        inside = np.arange(len(EDGES)) >= anchor
        many = np.take_along_axis(beyond, anchor, axis=1)
        fitted = many / total * _tail(np.where(inside, numbers, 0.0), many, EDGES[anchor])
        fitted = np.maximum(fitted, 1e-300)  # a p-value is above zero, however far out a score lies
        few = (beyond + _FEW) / (total + _FEW / fitted)
        return Curve(np.minimum.accumulate(np.log(np.where(inside, few, beyond / total)), axis=1))

    def p_values(self, sizes: Float64[np.ndarray, " lanes"]) -> Float64[np.ndarray, " lanes"]:
        """Returns the p-value of an absolute score of each lane; its logarithm is linear between edges."""
        rows, bins = np.arange(len(sizes)), np.searchsorted(EDGES, sizes, side="right") - 1
        bins = np.minimum(bins, len(EDGES) - 2)
        low, high = self.logs[rows, bins], self.logs[rows, bins + 1]
        share = (sizes - EDGES[bins]) / (EDGES[bins + 1] - EDGES[bins])
        return np.asarray(np.exp(low + share * (high - low)))

    def sizes(self, p_value: float) -> Float64[np.ndarray, " lanes"]:
        """Returns the score of a p-value in each lane: the inverse of `p_values`, at most the last edge."""
        rows, goal = np.arange(len(self.logs)), np.log(p_value)
        after = np.clip((self.logs > goal).sum(1), 1, len(EDGES) - 1)
        low, high = self.logs[rows, after - 1], self.logs[rows, after]
        share = np.clip((goal - low) / np.where(high < low, high - low, -1.0), 0.0, 1.0)
        return np.asarray(EDGES[after - 1] + share * (EDGES[after] - EDGES[after - 1]))


def _begins(beyond: Float64[np.ndarray, "lanes edges"], most: Float64[np.ndarray, "lanes 1"]) -> NDArray[np.int64]:
    """The edge at which the tail of each lane begins, (lanes, 1): the first with at most so many scores beyond.

    If less than one score lies beyond, many scores have the same size, and the tail begins with them.
    """
    first = np.argmax(beyond <= most, axis=1)[:, None]
    return np.asarray(np.where(np.take_along_axis(beyond, first, axis=1) < 1.0, np.maximum(first - 1, 0), first))


def _tail(
    numbers: Float64[np.ndarray, "lanes edges"],
    many: Float64[np.ndarray, "lanes 1"],
    begin: Float64[np.ndarray, "lanes 1"],
) -> Float64[np.ndarray, "lanes edges"]:
    """The share of the scores beyond `begin` that lie beyond each edge, by a generalised Pareto distribution.

    It is fitted by its first two moments (Hosking and Wallis 1987), together with some excesses of a prior.
    Its shape is at least 0.05, so no score is impossible.
    """
    excesses, first = np.where(numbers > 0, _MIDDLES - begin, 0.0), _EXCESS * begin
    second = first**2 * (1.0 + 1.0 / (1.0 - 2.0 * _SHAPE))
    weight = _EXCESSES + many
    mean = (_EXCESSES * first + np.cumsum(numbers * excesses, axis=1)[:, -1:]) / weight
    square = (_EXCESSES * second + np.cumsum(numbers * excesses**2, axis=1)[:, -1:]) / weight
    shape = np.maximum(0.5 * (1.0 - mean**2 / (square - mean**2)), 0.05)
    scale = mean * (1.0 - shape)
    return np.asarray(np.exp(-np.log1p(shape * np.maximum(EDGES - begin, 0.0) / scale) / shape))


def learnt(
    counts: Float32[np.ndarray, "lanes edges"],
    spent: Float32[np.ndarray, " lanes"],
    sizes: Float64[np.ndarray, " lanes"],
    p_values: Float64[np.ndarray, " lanes"],
    bounds: Float64[np.ndarray, " lanes"],
) -> tuple[Float32[np.ndarray, "lanes edges"], Float32[np.ndarray, " lanes"]]:
    """Returns histograms and spent credits after one more score of each lane.

    Args:
        counts: The histograms so far.
        spent: The credit that each lane has spent.
        sizes: Absolute scores.
        p_values: Their p-values.
        bounds: The score whose p-value is `BOUND`.
    """
    surprising = p_values < BOUND
    refused = surprising & (spent + 1.0 > _CREDIT)
    taken = np.where(refused, bounds, sizes)
    bins: Int64[np.ndarray, " lanes"] = np.searchsorted(EDGES, taken, side="right") - 1
    faded = counts * np.float32(1.0 - 1.0 / _MEMORY)
    faded[np.arange(len(bins)), bins] += np.float32(1.0)
    paid = np.where(surprising & ~refused, 1.0, 0.0) - _INCOME
    return faded, np.maximum(spent + paid, 0.0).astype(np.float32)
