"""Seasons that the user gives, or that the rows show where their times suggest none."""

import math
from collections.abc import Iterable, Sequence
from numbers import Real
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64, Int64
from numpy.typing import NDArray

from segue.errors import UserError
from segue.forecasting.table.grid.frequency import Times

MOST_SERIES, MOST_STEPS = 64, 4_000
"""The most series and last steps from which a season is inferred; this takes less than a tenth of a second."""
_MOST_LAG = 1_000
_SCALES = (1, 4, 16)  # steps that are averaged before differences, so that noise does not hide a long, smooth season
_SIGNIFICANT = 4.5
"""The standard errors of white noise that the autocorrelation at a season exceeds.

White noise, random walks, trends with noise and autoregressions of order 1 were tried, 200 series each of 24, 48, 100,
300, 1,000 and 3,000 steps. At most 0.5 % show a season where weights are -0.5 to 0.9. Autoregressions with a weight of
-0.9 swing like a season of 2: at most 8 % of them show one (100 steps), and none does from 1,000 steps on.
"""
_LEAST = 0.15  # the least autocorrelation of a season that helps a forecast
_DIPS = 0.5  # the largest share of it halfway to the season, on average; slow changes of a trend keep all of it
_LASTS = 0.7  # the least share of it that is left several seasons later; in autoregressions it fades
_LAGS_THAT_LAST = 40  # steps after which an autoregression of weight -0.9 has 1 % of its correlation left
_MOST_DEVIATIONS = 3.0  # beyond which changes are cut off
_COMB = 8  # multiples; more of them add noise
_SHORTEST = 0.7  # multiples of a season are nearly as correlated: the season is the shortest lag with this share
_SAME = 0.9  # the share of days or weeks with the same number of rows


def seasons_of(given: float | int | Sequence[float | int] | None) -> tuple[float, ...] | None:
    """Checks the seasons of the user; a season of 1 step is no season.

    Raises:
        UserError: A season is no number of at least 1, or one is given twice.
    """
    if given is None:
        return None
    seasons: list[Any] = list(given) if isinstance(given, Iterable) and not isinstance(given, str) else [given]
    for season in seasons:
        number = isinstance(season, Real) and not isinstance(season, bool) and math.isfinite(season)
        if not number or season < 1:
            raise UserError("season", season, "give a number of steps of at least 1, or several such as 24,168")
        if season > 1e9:
            raise UserError("season", season, "is longer than any series; give fewer steps")
    if len(set(seasons)) < len(seasons):
        raise UserError("season", given, "names a season twice; name each once")
    return tuple(float(season) for season in seasons if season > 1)


def rows_a_cycle(codes: Int64[np.ndarray, " rows"], times: Times) -> tuple[float, ...]:
    """The number of rows of a day, then of a week, where nearly all days or weeks have the same number of two or more.

    If only months have the same number, it is that of a year.

    Args:
        codes: The series of each row, ascending.
        times: Timestamps, ascending within a series, each once.
    """
    if times.dtype.kind != "M":
        return ()
    days = times.astype("datetime64[D]").astype(np.int64)
    counts = [_same_count(codes, cycle) for cycle in (days, (days + 3) // 7, times.astype("datetime64[M]"))]
    day, week, month = counts
    if day > 1:
        return (float(day), float(week)) if week > day else (float(day),)
    return (float(week),) if week > 1 else (12.0 * month,) if month > 1 else ()


def _same_count(codes: Int64[np.ndarray, " rows"], cycle: NDArray[np.generic]) -> int:
    new = np.flatnonzero(np.append(True, (codes[1:] != codes[:-1]) | (cycle[1:] != cycle[:-1])))
    counts = np.diff(new, append=len(codes))[1:-1]
    if len(counts) < 2:
        return 0
    usual = int(np.bincount(counts).argmax())
    return usual if np.mean(counts == usual) >= _SAME else 0


def season_in(
    values: Float64[np.ndarray, "series time"], observed: Bool[np.ndarray, "series time"]
) -> tuple[float, ...]:
    """Infers the season that the series share, from their autocorrelation; empty if none is significant.

    Trends and random walks are taken out by differences, at several scales: between neighbouring means of 1, 4 and 16
    steps. The autocorrelations of all series are averaged. Its longest lag is a third of the length. A season is the
    shortest peak that is significant, and that comes again at its multiples.

    Args:
        values: The last values of the series, zero where not observed.
        observed: Whether each is observed.
    """
    if not observed.any():
        return ()
    for scale in _SCALES:
        season = _season_at(scale, values, observed)
        if season:
            return (float(season),)
    return ()


def _season_at(
    scale: int, values: Float64[np.ndarray, "series time"], observed: Bool[np.ndarray, "series time"]
) -> int:
    """The season in the differences between means of `scale` steps; 0 if there is none."""
    changes, known = _changes(scale, values, observed)
    length = int(known.sum(1).max(initial=0))
    most = min(_MOST_LAG, length // 3)
    least = 2 if scale == 1 else 2 * scale + 1  # the differences of noise are correlated up to twice the scale
    if most < least + 1:
        return 0
    pairs = _independent(changes, known) * length
    correlation = _autocorrelation(changes, known, min(5 * most // 2, known.shape[1] - 1))
    threshold = max(_LEAST, _SIGNIFICANT * math.sqrt(1.5 * scale / pairs))
    inner = correlation[1 : most + 1]
    peak = np.flatnonzero((inner >= correlation[:most]) & (inner >= correlation[2 : most + 2])) + 1
    peak = peak[(peak >= least) & (correlation[peak] >= threshold)]
    for season in peak[correlation[peak] >= _SHORTEST * correlation[peak].max(initial=0)].tolist():
        between = correlation[max(1, season // 4) : season - season // 4 + 1 - (season < 4)].mean()
        if between < _DIPS * correlation[season] and _returns(correlation, season):
            return _refined(correlation, season)
    return 0


def _independent(changes: Float64[np.ndarray, "series time"], known: Bool[np.ndarray, "series time"]) -> float:
    """The effective number of series: as many independent series of even changes hold the same evidence.

    Copies of one series count as one, because the errors of the autocorrelations of two series are correlated by the
    square of the correlation of the series. A series whose changes grow counts less than one, because its last changes
    dominate.
    """
    even = _even(changes, known)
    size = np.sqrt((even**2).sum(1, keepdims=True))
    unit = np.divide(even, size, out=np.zeros_like(even), where=size > 0)
    squares = float(((unit @ unit.T) ** 2).sum())
    varied = np.count_nonzero(size)
    kurtosis = float((unit**4).sum()) * known.shape[1] / max(varied, 1)
    return varied**2 / squares * min(1.0, 3 / kurtosis) if squares > 0 else 1.0


def _returns(correlation: NDArray[np.float64], season: int) -> bool:
    """Whether the autocorrelation lasts: at the later multiples of a season, up to 40 steps or three seasons."""
    count = max(3, _LAGS_THAT_LAST // season)
    multiples = season * np.arange(2, count + 1)
    if season == 2 and multiples[-1] >= len(correlation):
        return False  # too few steps that show a season of 2 apart from a series that swings back
    multiples = multiples[multiples < len(correlation)]
    later = correlation[multiples[len(multiples) // 2 :]]
    return bool(len(later) and later.mean() >= _LASTS * correlation[season])


def _refined(correlation: NDArray[np.float64], season: int) -> int:
    """The season within a tenth of this one whose multiples have the highest autocorrelation."""
    near = np.arange(max(2, season - season // 10), season + season // 10 + 1)
    count = max(1, (len(correlation) - 1) // int(near[-1]))
    comb = correlation[near[:, None] * np.arange(1, min(count, _COMB) + 1)].mean(1)
    return int(near[comb.argmax()])


def _changes(
    scale: int, values: Float64[np.ndarray, "series time"], observed: Bool[np.ndarray, "series time"]
) -> tuple[Float64[np.ndarray, "series changes"], Bool[np.ndarray, "series changes"]]:
    """The differences between neighbouring sums of `scale` values, and whether all of these are observed.

    Values are first divided by the largest one of their series. Autocorrelations of sums are those of means.
    """
    size = np.abs(values).max(axis=1, keepdims=True)
    scaled = np.divide(values, size, out=np.zeros_like(values), where=size > 0)
    total = np.pad(np.cumsum(scaled, axis=1), ((0, 0), (1, 0)))
    count = np.pad(np.cumsum(observed, axis=1), ((0, 0), (1, 0)))
    sums, whole = total[:, scale:] - total[:, :-scale], (count[:, scale:] - count[:, :-scale]) == scale
    return sums[:, scale:] - sums[:, :-scale], whole[:, scale:] & whole[:, :-scale]


def _even(
    changes: Float64[np.ndarray, "series time"], known: Bool[np.ndarray, "series time"]
) -> Float64[np.ndarray, "series time"]:
    """Centres changes, scales them to a usual size and clips them, so that outliers neither hide nor feign a season."""
    count = np.maximum(known.sum(1, keepdims=True), 1)
    middle = np.take_along_axis(np.sort(np.where(known, changes, np.inf), axis=1), count // 2, axis=1)
    centred = np.where(known, changes - np.where(np.isfinite(middle), middle, 0), 0)
    deviation = np.sqrt((centred**2).sum(1, keepdims=True) / count)
    sizes = np.sort(np.where(known, np.abs(centred), np.inf), axis=1)
    usual = 1.5 * np.take_along_axis(sizes, count // 2, axis=1)  # of a normal distribution, the deviation
    usual = np.where((usual > deviation / 100) & np.isfinite(usual), usual, deviation)
    even = np.divide(centred, usual, out=np.zeros_like(centred), where=deviation > 1e-9)
    even = np.clip(even, -_MOST_DEVIATIONS, _MOST_DEVIATIONS)
    return np.asarray(np.where(known, even - even.sum(1, keepdims=True) / count, 0))


def _autocorrelation(
    changes: Float64[np.ndarray, "series time"], known: Bool[np.ndarray, "series time"], lags: int
) -> Float64[np.ndarray, " lags_and_1"]:
    """The mean of the autocorrelations of all series, up to a lag; zero where few pairs are known."""
    centred = _even(changes, known)
    width = 1 << int(2 * known.shape[1] - 1).bit_length()
    power = np.abs(np.fft.rfft(centred, width)) ** 2
    pairs = np.abs(np.fft.rfft(known.astype(np.float64), width)) ** 2
    products = np.fft.irfft(power.sum(0), width)[: lags + 1]
    together = np.fft.irfft(pairs.sum(0), width)[: lags + 1]
    share = np.divide(products, together, out=np.zeros(lags + 1), where=together > together[0] / 8)
    return np.asarray(share / share[0] if share[0] > 0 else share)
