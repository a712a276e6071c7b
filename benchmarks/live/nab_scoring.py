"""The scoring rule of the Numenta Anomaly Benchmark (Lavin and Ahmad, 2015, section II), standard profile.

A detector gives each row of a file a score in [0, 1]; rows at or above one threshold are detections. Each labelled
window is credited once, for its best placed detection, and early ones are worth more. A detection outside of every
window costs up to `FALSE_POSITIVE`, less if a window has just ended. A window without detection costs 1. The sum over a
corpus is moved and scaled so that a detector without any detection has 0, and one that detects each window at its first
row, and nothing else, has 100.

The rule says nothing of the first rows of each file, the probation: they neither cost nor earn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

FALSE_POSITIVE = 0.11
"""The cost of a false detection in the standard profile; a missed window costs 1."""

PROBATION, LONGEST_PROBATION = 0.15, 750
"""The share of the rows of a file that is not scored, and the most rows."""

STEEPNESS = 5.0
FAR = 3.0  # widths behind a window; from here on a false detection costs the whole

OUTSIDE, UNSCORED = -1, -2


@dataclass(frozen=True, eq=False)
class Labelled:
    """A file of the benchmark without its values: its length and its windows, as first and last rows.

    Attributes:
        rows: The number of rows.
        windows: Pairs of the first and the last row of each window, ascending, without overlap.
    """

    rows: int
    windows: tuple[tuple[int, int], ...]

    @property
    def probation(self) -> int:
        """The number of first rows that are not scored."""
        return min(int(PROBATION * self.rows), LONGEST_PROBATION)

    @cached_property
    def membership(self) -> NDArray[np.int64]:
        """The number of each row's window, or `OUTSIDE`, or `UNSCORED`."""
        found = np.full(self.rows, OUTSIDE)
        for number, (first, last) in enumerate(self.windows):
            found[first : last + 1] = number
        found[: self.probation] = UNSCORED
        return found

    @cached_property
    def worth(self) -> NDArray[np.float64]:
        """What a detection of each row is worth: at most 1 within a window, and at least -FALSE_POSITIVE outside."""
        found = np.full(self.rows, -FALSE_POSITIVE)
        for first, last in self.windows:
            width = last - first + 1
            behind = np.arange(1, self.rows - last)
            found[last + 1 :] = FALSE_POSITIVE * scaled_sigmoid(behind / max(width - 1, 1))
            inside = np.arange(first, last + 1)
            found[first : last + 1] = scaled_sigmoid((inside - last - 1) / width) / scaled_sigmoid(np.array([-1.0]))
        return found


def scaled_sigmoid(position: NDArray[np.float64]) -> NDArray[np.float64]:
    """The worth of a detection by its position: -1 is the first row of a window, and 0 its end; in [-1, 1]."""
    return np.where(position > FAR, -1.0, np.tanh(-STEEPNESS / 2 * np.minimum(position, FAR)))


@dataclass(frozen=True, eq=False)
class Sweep:
    """The score of a corpus at every threshold that makes a difference.

    Attributes:
        thresholds: Descending; the first is above every score, and detects nothing.
        scores: The normalised score of the corpus at each threshold.
    """

    thresholds: NDArray[np.float64]
    scores: NDArray[np.float64]

    @property
    def best(self) -> tuple[float, float]:
        """The threshold that NAB's optimiser chooses, with labels in sight, and its score."""
        index = int(self.scores.argmax())
        return float(self.thresholds[index]), float(self.scores[index])

    def at(self, threshold: float) -> float:
        """The score at a threshold that was fixed beforehand."""
        return float(self.scores[np.count_nonzero(self.thresholds >= threshold) - 1]) if threshold <= 1 else 0.0


def sweep(files: Sequence[Labelled], scores: Sequence[NDArray[np.float64]]) -> Sweep:
    """Scores a corpus at every threshold.

    Args:
        files: The files of the corpus; at least one window is scored.
        scores: The scores of a detector in [0, 1], one array for each file.

    Raises:
        ValueError: A file has another number of scores, or a score is outside of [0, 1], or no window is scored.
    """
    for file, own in zip(files, scores, strict=True):
        if own.shape != (file.rows,) or not ((own >= 0) & (own <= 1)).all():
            raise ValueError(f"{file.rows} scores in [0, 1] are due, one for each row")
    first = np.cumsum([0, *(len(file.windows) for file in files)])
    kept = [file.membership != UNSCORED for file in files]
    values = np.concatenate([own[mask] for own, mask in zip(scores, kept, strict=True)])
    worth = np.concatenate([file.worth[mask] for file, mask in zip(files, kept, strict=True)])
    window = np.concatenate(
        [
            np.where(f.membership >= 0, f.membership + start, -1)[m]
            for f, m, start in zip(files, kept, first, strict=False)
        ]
    )
    count = len(np.unique(window[window >= 0]))
    if not count:
        raise ValueError("no window is scored; give files with anomalies")
    order = np.argsort(-values, kind="stable")
    gains = _gains(worth[order], window[order])
    ends = np.flatnonzero(np.diff(values[order], append=-1.0) != 0)  # the last row of each threshold
    raw = np.concatenate([[0.0], np.cumsum(gains)[ends]])  # above that of a detector without detections
    return Sweep(np.concatenate([[1.1], values[order][ends]]), 100 * raw / (2 * count))


def _gains(worth: NDArray[np.float64], window: NDArray[np.int64]) -> NDArray[np.float64]:
    """What each detection adds to the sum, in the order of the rows: a window counts its best only."""
    gains = worth.copy()
    for number in np.unique(window[window >= 0]):
        rows = np.flatnonzero(window == number)
        best = np.maximum.accumulate(worth[rows])
        gains[rows] = np.diff(best, prepend=-1.0)  # a window without detection costs 1
    return gains
