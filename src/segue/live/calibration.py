"""The p-value of a score among the past scores of its lane: a conformal rank with a fitted tail, learnt online.

A lane keeps a histogram of the sizes of its past scores, whose counts fade. The p-value of a score is the share of past
scores that are at least as large (Vovk, Gammerman and Shafer 2005, section 2.2). A rank says nothing below 1/n. There,
and wherever few past scores lie beyond, a tail takes over that is fitted to the largest past scores (Hill 1975).

An anomaly must not blind the next. So a lane has a credit for surprising scores, and what exceeds it enters the
histogram as a score at the bound of what is surprising.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from jaxtyping import Float32, Float64, Int64

EDGES = np.concatenate([np.arange(12) * 0.25, 3.0 * 1.13 ** np.arange(28)])
"""The lower edges of the bins of scores: quarters up to 3, then in steps of 13 % up to 81."""
BOUND = 0.01
"""The p-value of the bound of what is surprising."""

_MEMORY = 4_000.0  # values after which a count has faded to 1/e
_PRIOR = 30.0  # scores of a normal distribution that the histogram begins with
_FEW = 4.0  # past scores beyond a score: with fewer the fitted tail weighs more than their count
_TAIL = 0.05  # the share of largest scores that the tail is fitted to
_INDEX, _EXCESSES = 5.0, 10.0  # the index of the tail before any score has come, and what it weighs in scores
_CREDIT = 5.0  # surprising scores that may come in a row
_INCOME = 3.0 * BOUND  # the credit of each value

_NORMAL = np.array([2.0 - 2.0 * NormalDist().cdf(edge) for edge in EDGES])
_LOGS = np.log(np.maximum(EDGES, 1e-9))
_MIDDLES = np.append((_LOGS[1:] + _LOGS[:-1]) / 2, _LOGS[-1])  # of the bins beyond the first, in logarithms


@dataclass(frozen=True, eq=False)
class Curve:
    """The p-values of some lanes as a function of the score.

    Attributes:
        logs: The logarithm of the p-value at each edge, not increasing.
        index: The index of the tail beyond the last edge.
    """

    logs: Float64[np.ndarray, "lanes edges"]
    index: Float64[np.ndarray, " lanes"]

    @staticmethod
    def of(counts: Float32[np.ndarray, "lanes edges"]) -> "Curve":
        """The curves that histograms show."""
        numbers = counts.astype(np.float64) + _PRIOR * -np.diff(_NORMAL, append=0.0)
        beyond = np.cumsum(numbers[:, ::-1], axis=1)[:, ::-1]  # scores at each edge or above
        total = beyond[:, :1]
        anchor = np.argmax(beyond <= _TAIL * total, axis=1)[:, None]
        inside = np.arange(len(EDGES)) >= anchor
        many = np.take_along_axis(beyond, anchor, axis=1)
        excess = np.cumsum(np.where(inside, numbers * (_MIDDLES - _LOGS[anchor]), 0.0), axis=1)[:, -1:]
        index = (_EXCESSES + many) / (_EXCESSES / _INDEX + excess)
        tail = many / total * np.exp(-index * (_LOGS - _LOGS[anchor]))
        shares = beyond / total
        fitted = np.where(inside, tail, shares)
        values = (beyond + _FEW) / (total + _FEW / np.maximum(fitted, 1e-300))
        logs = np.minimum.accumulate(np.log(np.where(inside, values, shares)), axis=1)
        return Curve(logs, index[:, 0])

    def p_values(self, sizes: Float64[np.ndarray, " lanes"]) -> Float64[np.ndarray, " lanes"]:
        """Returns the p-value of a score of each lane, given without its sign; linear in logarithms between edges."""
        rows, bins = np.arange(len(sizes)), np.searchsorted(EDGES, sizes, side="right") - 1
        after = np.minimum(bins + 1, len(EDGES) - 1)
        width = np.where(after > bins, EDGES[after] - EDGES[bins], 1.0)
        low, high = self.logs[rows, bins], self.logs[rows, after]
        inside = low + (sizes - EDGES[bins]) / width * (high - low)
        beyond = low - self.index * (np.log(np.maximum(sizes, EDGES[-1])) - _LOGS[-1])
        return np.asarray(np.exp(np.where(after > bins, inside, beyond)))

    def sizes(self, p_value: float) -> Float64[np.ndarray, " lanes"]:
        """Returns the score of a p-value in each lane: the inverse of `p_values`, at most the last edge."""
        rows, goal = np.arange(len(self.logs)), np.log(p_value)
        after = np.clip((self.logs > goal).sum(1), 1, len(EDGES) - 1)
        low, high = self.logs[rows, after - 1], self.logs[rows, after]
        share = np.clip((goal - low) / np.where(high < low, high - low, -1.0), 0.0, 1.0)
        return np.asarray(EDGES[after - 1] + share * (EDGES[after] - EDGES[after - 1]))


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
        sizes: Scores without their signs.
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
