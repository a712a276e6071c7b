"""Seasons that the user gives, or that the rows show where their times suggest none."""

import math
from collections.abc import Iterable, Sequence
from numbers import Real
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64, Int64
from numpy.typing import NDArray

from segue.errors import UserError
from segue.forecasting.table.frequency import Times

MOST_SERIES, MOST_STEPS = 64, 4_000
"""The most series and last steps from which a season is inferred; this takes less than a tenth of a second."""
_MOST_LAG = 1_000
_SCALES = (1, 4, 16)  # steps that are averaged before differences, so that noise does not hide a long, smooth season
_SIGNIFICANT = 4.5
"""How many standard errors of white noise the autocorrelation at a season has.

Of 200 series each of 100, 300 and 1,000 steps, white noise, random walks and autoregressions of order 1 with weights of
-0.9 to 0.9 show a season in at most 1 % of the series.
"""
_LEAST = 0.2  # autocorrelation; less is no season that helps a forecast
_LASTS = 0.5  # the part of it that is left several seasons later; in autoregressions it fades
_SHORTEST = 0.7  # a multiple of a season has nearly the same autocorrelation; the shortest one with this part is it
_SAME = 0.9  # the share of days or weeks with the same number of rows


def seasons_of(given: float | Sequence[float] | None) -> tuple[float, ...] | None:
    """Checks the seasons of the user; a season of 1 is none.

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
    correlation = _autocorrelation(changes, known, min(4 * most, known.shape[1] - 1))
    threshold = max(_LEAST, _SIGNIFICANT * math.sqrt(1.5 * scale / length))
    inner = correlation[1 : most + 1]
    peak = np.flatnonzero((inner >= correlation[:most]) & (inner >= correlation[2 : most + 2])) + 1
    peak = peak[(peak >= least) & (correlation[peak] >= threshold)]
    for season in peak[correlation[peak] >= _SHORTEST * correlation[peak].max(initial=0)].tolist():
        dips = correlation[1:season].min() < _LASTS * correlation[season]
        if dips and _returns(correlation, season):
            return int(season)
    return 0


def _returns(correlation: NDArray[np.float64], season: int) -> bool:
    """Whether the autocorrelation is nearly as high at the next multiples of a season, and 12 steps later at least."""
    multiples = season * np.arange(2, max(3, 12 // season) + 1)
    multiples = multiples[multiples < len(correlation)]
    return bool(len(multiples) and correlation[multiples].min() >= _LASTS * correlation[season])


def _changes(
    scale: int, values: Float64[np.ndarray, "series time"], observed: Bool[np.ndarray, "series time"]
) -> tuple[Float64[np.ndarray, "series changes"], Bool[np.ndarray, "series changes"]]:
    """The differences between neighbouring means of `scale` values, and whether all of these are observed."""
    size = np.abs(values).max(axis=1, keepdims=True)
    scaled = np.divide(values, size, out=np.zeros_like(values), where=size > 0)
    total = np.pad(np.cumsum(scaled, axis=1), ((0, 0), (1, 0)))
    count = np.pad(np.cumsum(observed, axis=1), ((0, 0), (1, 0)))
    means, whole = total[:, scale:] - total[:, :-scale], (count[:, scale:] - count[:, :-scale]) == scale
    return means[:, scale:] - means[:, :-scale], whole[:, scale:] & whole[:, :-scale]


def _autocorrelation(
    changes: Float64[np.ndarray, "series time"], known: Bool[np.ndarray, "series time"], lags: int
) -> Float64[np.ndarray, " lags"]:
    """The mean of the autocorrelations of all series, up to a lag; zero where fewer than a quarter of pairs is known."""
    count = np.maximum(known.sum(1, keepdims=True), 1)
    centred = np.where(known, changes - (changes * known).sum(1, keepdims=True) / count, 0)
    deviation = np.sqrt((centred**2).sum(1, keepdims=True) / count)
    centred = np.divide(centred, deviation, out=np.zeros_like(centred), where=deviation > 1e-9)
    centred = np.clip(centred, -5, 5)  # one outlier is no season
    width = 1 << int(2 * known.shape[1] - 1).bit_length()
    power = np.abs(np.fft.rfft(centred, width)) ** 2
    pairs = np.abs(np.fft.rfft(known.astype(np.float64), width)) ** 2
    products = np.fft.irfft(power.sum(0), width)[: lags + 1]
    together = np.fft.irfft(pairs.sum(0), width)[: lags + 1]
    share = np.divide(products, together, out=np.zeros(lags + 1), where=together > together[0] / 8)
    return np.asarray(share / share[0] if share[0] > 0 else share)
