"""The verdict of a backtest: one sentence on whether a model is better than the best of its rivals."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from numpy.typing import NDArray

from segue.forecasting.evaluation.evidence import weigh

LEAST_WINDOWS = 3
"""The fewest windows that a warning rests on. Two have one degree of freedom, and any two may agree."""

_RELEVANT = 0.05
"""The least share of the model's error by which a rival that is called better must be below it.

A smaller gain is not worth another model. On random walks the last value is the best possible forecast, and NanoTST's
error is a little above it.
"""

_ONLY = 0.1
"""The verdict says "only" of a band that holds less than its claim by more than this share of the values."""

_TIMES = 3.0
"""Errors that differ by this factor or more are compared in times, not in per cent."""


@dataclass(frozen=True)
class Verdict:
    """How a model's error compares with that of the best of its rivals; `str` of it is the verdict in words.

    Attributes:
        model: The name of the model.
        rival: The name of the best of the other models.
        season: The steps of the rival's season if it is a naive forecast, 1 if it is the last value; else None.
        measure: The score that is compared: `MASE`, or `WAPE` or `MAE` where that is undefined.
        error: The score of the model.
        rival_error: The score of the rival.
        difference: The model's score over the rival's, less 1: below 0 where the model is better.
        spread: How much of the difference chance may explain, in the unit of `difference`. It follows from the spread
            of paired errors over windows (`segue.forecasting.evaluation.evidence`). NaN with one window.
        windows: The number of windows of all series.
        windows_below: The number of these in which the model's error is below the rival's.
        windows_above: The number of these in which it is above.
        series: The number of series with windows.
        series_below: The number of these in which the model's error is below the rival's.
        series_above: The number of these in which it is above.
        covered: The claim of each band in per cent, and the share of values that the model's band holds.
        beaten: Whether the rival is better by more than the spread and by 5 % of the model's error at least, over
            three windows or more.
    """

    model: str
    rival: str
    season: int | None
    measure: str
    error: float
    rival_error: float
    difference: float
    spread: float
    windows: int
    windows_below: int
    windows_above: int
    series: int
    series_below: int
    series_above: int
    covered: tuple[tuple[str, float], ...]
    beaten: bool

    def __str__(self) -> str:
        return f"{self.comparison} {self.bands}".rstrip()

    @property
    def comparison(self) -> str:
        """The sentence on the errors."""
        best = "the best of the others" if self.season is None else "the best naive forecast"
        errors = f"{self.model}'s error ({self.measure} {short(self.error)})"
        rival = f"{self.rival} ({short(self.rival_error)})"
        if not (math.isfinite(self.error) and math.isfinite(self.rival_error)):
            return f"{errors} cannot be compared with that of {rival}."
        if self.rival_error == 0 < self.error:
            return f"{errors} is above that of {best}, {self.rival}, which is 0, in {self.counts(1.0)}."
        if self.difference == 0:
            return f"{errors} equals that of {best}, {rival}, in {self.counts(0.0)}."
        how = _size(self.difference)
        return f"{errors} is {how} that of {best}, {rival}, in {self.counts(self.difference)}{self._chance()}."

    @property
    def bands(self) -> str:
        """The sentence on the bands; empty if no band was asked for."""
        parts = [
            f"the {claim} % band {'held' if number == 0 else ''} "
            f"{'only ' if share < float(claim) / 100 - _ONLY else ''}{_percent(share)}"
            f"{' of the values' if number == 0 else ''}"
            for number, (claim, share) in enumerate(self.covered)
            if math.isfinite(share)
        ]
        text = ", ".join(" ".join(part.split()) for part in parts)
        return text and f"{text[0].upper()}{text[1:]}."

    @property
    def warning(self) -> str | None:
        """The warning that a rival is clearly better; None where none is."""
        if not self.beaten:
            return None
        instead = "it" if self.season is None else f"the model seasonal-naive:{self.season}"
        better = f"{self.rival} was better than {self.model} by more than the spread"
        return f"{better}; forecast series like these with {instead}"

    def counts(self, difference: float) -> str:
        """In how many windows, and in how many series, the error is on the side of a difference; see `difference`."""
        below, above, windows = self.windows_below, self.windows_above, self.windows
        ahead = below if difference < 0 else above if difference > 0 else windows - below - above
        text = f"{ahead:,} of {windows:,} windows" if windows > 1 else "the only window" if ahead else "no window"
        if self.series > 1 and difference:
            ahead = self.series_below if difference < 0 else self.series_above
            text += f" and {ahead:,} of {self.series:,} series"
        return text

    def _chance(self) -> str:
        """The words on the spread."""
        over = "windows" if self.series == 1 else "windows and series"
        if math.isnan(self.spread):
            return "; a single window shows no spread"
        if self.spread >= abs(self.difference):
            share = f" ({_percent(self.spread)})" if self.spread < 1 else ""
            return f"; the spread over {over} is larger{share}, so this may be chance"
        if self.difference >= _TIMES - 1:
            return f"; given the spread over {over}, it is at least {_times(1 + self.difference - self.spread)}"
        return f"; the spread over {over} is {_percent(self.spread)}"


def judge(
    names: Sequence[str],
    seasons: Sequence[int | None],
    scores: Mapping[str, NDArray[np.float64]],
    errors: Float64[np.ndarray, "models series windows"],
    floor: Float64[np.ndarray, "series windows"],
    covered: Mapping[str, float],
    overlap: int = 1,
) -> Verdict | None:
    """Compares the first model with the best of the others; None if there are no others.

    Args:
        names: The models.
        seasons: The season of each that is a naive forecast; None for the others.
        scores: The overall scores of all models, by name, the preferred one first.
        errors: The mean absolute error of each window; NaN where a series has no such window.
        floor: The error in each window that counts as exact.
        covered: The claim of each band of the first model in per cent, and the share of values that it holds.
        overlap: The number of neighbouring windows that overlap.
    """
    if len(names) < 2:
        return None
    measure = next((name for name, all_of in scores.items() if np.isfinite(all_of).all()), next(iter(scores)))
    score = scores[measure]
    best = 1 + int(np.argmin(np.where(np.isnan(score[1:]), np.inf, score[1:])))
    mine, theirs = float(score[0]), float(score[best])
    first, second = errors[0], errors[best]
    evidence = weigh(first, second, floor, len(names) - 1, overlap)
    difference = _ratio(mine, theirs) - 1
    spread = _spread(difference, evidence.mean, evidence.margin)
    ahead = evidence.mean > max(evidence.margin, _RELEVANT / 2) and difference > (0 if math.isnan(spread) else spread)
    sides, whole = _sides(first, second), _sides(_over_windows(first), _over_windows(second))
    return Verdict(
        model=names[0],
        rival=names[best],
        season=seasons[best],
        measure=measure,
        error=mine,
        rival_error=theirs,
        difference=difference,
        spread=spread,
        windows=sides[0],
        windows_below=sides[1],
        windows_above=sides[2],
        series=whole[0],
        series_below=whole[1],
        series_above=whole[2],
        covered=tuple(covered.items()),
        beaten=bool(ahead and theirs <= (1 - _RELEVANT) * mine and evidence.windows >= LEAST_WINDOWS),
    )


def _ratio(mine: float, theirs: float) -> float:
    if theirs > 0:
        return mine / theirs
    return 1.0 if mine == theirs else math.inf


def _spread(difference: float, mean: float, margin: float) -> float:
    """The spread in the unit of the ratio of errors: how far the ratio moves if `margin` is taken off.

    A paired difference d belongs to a ratio of errors of (1 + d) / (1 - d), whose logarithm is twice atanh(d).
    """
    if math.isnan(margin) or not math.isfinite(difference):
        return math.nan
    toward = -1.0 if difference > 0 else 1.0
    near, far = (math.atanh(min(max(at, -0.999), 0.999)) for at in (mean, mean + toward * margin))
    return abs((1 + difference) * math.expm1(2 * (far - near)))


def _sides(first: NDArray[np.float64], second: NDArray[np.float64]) -> tuple[int, int, int]:
    """How many pairs there are, and in how many of them the first is below, and above."""
    pairs = ~(np.isnan(first) | np.isnan(second))
    return int(pairs.sum()), int((first < second)[pairs].sum()), int((first > second)[pairs].sum())


def _over_windows(errors: NDArray[np.float64]) -> NDArray[np.float64]:
    defined = ~np.isnan(errors)
    count = defined.sum(axis=1)
    return np.asarray(np.where(defined, errors, 0.0).sum(axis=1) / np.where(count > 0, count, np.nan))


def _size(difference: float) -> str:
    """The difference in words, such as `32 % below`."""
    if difference <= 0:
        return f"{_percent(-difference)} below"
    return f"{_percent(difference)} above" if difference < _TIMES - 1 else _times(1 + difference)


def _times(ratio: float) -> str:
    if not math.isfinite(ratio):
        return "infinitely many times"
    return f"{ratio:.1f} times" if ratio < 9.95 else f"{ratio:,.0f} times"


def _percent(share: float) -> str:
    percent = 100 * share
    return f"{percent:.0f} %" if percent >= 0.95 or percent == 0 else f"{percent:.1g} %"


def short(number: float) -> str:
    """Formats a score with three significant digits, and with all digits before the decimal point."""
    if not math.isfinite(number) or (number and not 1e-3 <= abs(number) < 1e6):
        return f"{number:.3g}"
    decimals = max(0, 2 - math.floor(math.log10(abs(number)))) if number else 0
    return f"{number:,.{min(decimals, 3)}f}"
