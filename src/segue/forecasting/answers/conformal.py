"""Conformal factors: how far bands must widen, or may narrow, to cover what they claim."""

import numpy as np
from jaxtyping import Float64

from segue.forecasting.predictor import LEVELS

MIDDLE = LEVELS.index(0.5)
PAIRS = MIDDLE  # levels mirror each other around the median, so each pair bounds a central interval
CLAIMS = np.array([LEVELS[-1 - pair] - LEVELS[pair] for pair in range(PAIRS)])
"""The share of values that each pair of levels claims to cover, the widest first."""
_EIGHTY = PAIRS - 1 - int(np.abs(CLAIMS[::-1] - 0.8).argmin())
# A lead time is smoothed with those within a third of it, because factors change slowly with it. On five sets the
# choice hardly matters: the interval scores of .01 to .6 differ by at most 1.1 %. One factor for all lead times is .4 %
# worse on M1 quarterly, and .7 % better on NN3 (benchmarks/results/answers-constants-amd-epyc-2026-11-28.csv).
_REACH = 0.3
_OWN = 64.0  # windows with which a series counts as much as the panel; with 16 and fewer, interval scores rise
_WIDEST = 10.0  # a band of width zero misses every value by infinitely many widths
# Standard errors. With 0, .5 and 1, yearly 80 % bands hold 78, 80 and 81 %. Interval scores of buckets of fewer than
# 150 series are 1.003, 1.008 and 1.017 times those of plain bands (1.04 without any powers).
_SLACK = 0.5
_POWERS = (0.0, 0.25, 0.5, 0.75, 1.0)  # of factors: 0 leaves a band as it is, and 1 applies its factor in full


def scores(
    actual: Float64[np.ndarray, "lanes steps"], quantiles: Float64[np.ndarray, "lanes steps levels"]
) -> Float64[np.ndarray, "lanes steps pairs"]:
    """Returns the distance of values from the median, in widths of each band on their side: at most 1 inside the band.

    A score has no unit, so scores of different series can be pooled. NaN where nothing is observed.
    """
    median = quantiles[..., [MIDDLE]]
    off = actual[..., None] - median
    below, above = median - quantiles[..., :MIDDLE], quantiles[..., :MIDDLE:-1] - median
    width = np.where(off < 0, below, above)
    ratio = np.divide(np.abs(off), width, out=np.full(width.shape, np.inf), where=width > 0)
    return np.where(np.isnan(off), np.nan, np.where(off == 0, 0.0, ratio))


def panel_factors(found: Float64[np.ndarray, "series windows steps pairs"]) -> Float64[np.ndarray, "steps pairs"]:
    """Returns the factors with which bands of a panel cover what they claim, as far as its windows agree on them.

    Each window is scored with the factors of all others, raised to several powers. Powers whose interval score is
    within half a standard error of the least are equally good (after Breiman et al. 1984, section 3.4.3). Of
    these, bands that must widen take the largest and bands that may narrow take the least. So no band gets narrower
    if one window does not help to predict the next.

    Args:
        found: The scores; NaN where unknown.
    """
    windows = np.flatnonzero((~np.isnan(found)).any((0, 2, 3)))
    factors = conformal_factors(found)
    if len(windows) < 2:
        return factors
    losses = np.empty((len(windows), len(_POWERS)))
    for row, window in zip(losses, windows, strict=True):
        rest = np.delete(found[..., [_EIGHTY]], window, axis=1)
        others = conformal_factors(rest, CLAIMS[[_EIGHTY]])[:, 0]
        row[:] = [_loss(found[:, window, :, _EIGHTY], others**power) for power in _POWERS]
    more = losses - losses[:, [losses.sum(0).argmin()]]
    near = more.sum(0) <= _SLACK * more.std(0, ddof=1) * np.sqrt(len(windows))
    least, most = (_POWERS[int(np.flatnonzero(near)[end])] for end in (0, -1))
    return np.asarray(factors ** np.where(factors < 1.0, least, most))


def _loss(found: Float64[np.ndarray, "series steps"], factors: Float64[np.ndarray, " steps"]) -> float:
    """The interval score of 80 % bands, but for its unit: a quantile loss of scores (Gneiting & Raftery 2007)."""
    beyond = np.maximum(np.minimum(found, _WIDEST) - factors, 0.0)
    return float(np.nansum(np.where(np.isnan(found), np.nan, 0.2 * factors + beyond)))


def conformal_factors(
    found: Float64[np.ndarray, "series windows steps pairs"], claims: Float64[np.ndarray, " pairs"] = CLAIMS
) -> Float64[np.ndarray, "steps pairs"]:
    """Returns the factors with which bands would have covered what they claim, smoothed over lead times.

    The factor of a level is the (n + 1) * claim-th of its n ascending scores, as split conformal prediction has it (Lei
    et al. 2018, section 2.2). Between two ranks it is interpolated (Hutson 1999), because the next whole rank makes an
    80 % band of eight scores cover 89 %. If the rank is beyond the last, there are too few scores for such a band. Then
    the factor is the largest score, and at least 1. Errors of several series often occur together, in a recession for
    instance. So the n of the share (n + 1) / n is the number of independent scores that these are worth.

    Args:
        found: The scores; NaN where unknown.
        claims: The shares that the pairs of levels claim to cover; 80 % is among them.
    """
    worth = independent(found[..., int(np.abs(claims - 0.8).argmin())])
    ordered = np.sort(np.minimum(found, _WIDEST).reshape(-1, *found.shape[2:]), axis=0)  # NaN comes last
    count = (~np.isnan(ordered)).sum(0)
    fewest = np.maximum(np.minimum(count, worth), 1)
    rank = count * claims * (fewest + 1) / fewest
    lower = np.clip(np.floor(rank).astype(np.int64), 1, np.maximum(count, 1))
    low, high = (
        np.take_along_axis(ordered, np.minimum(one, np.maximum(count, 1))[None] - 1, axis=0)[0]
        for one in (lower, lower + 1)
    )
    factor = low + np.clip(rank - lower, 0.0, 1.0) * (high - low)
    factor = np.where(rank > count, np.fmax(factor, 1.0), factor)
    factor = np.where(count > 0, factor, np.nan)
    return smoothed(np.maximum(factor, 1 / _WIDEST))


def independent(found: Float64[np.ndarray, "series windows steps"]) -> float:
    """Returns how many independent scores of 80 % bands these are worth, from how coverage differs between windows.

    The hits of n independent scores have a variance of p (1 - p) / n (Kish 1965, section 8.2: the design effect). It is
    at least the number of windows.
    """
    eighty = np.minimum(found, _WIDEST)
    known = ~np.isnan(eighty)
    counts = known.sum((0, 2))
    windows = np.flatnonzero(counts)
    if len(windows) < 2:
        return float(max(counts.sum(), 1))
    typical = np.quantile(eighty[known], 0.8)
    hits = (known & (eighty <= typical)).sum((0, 2))[windows] / counts[windows]
    variance = float(hits.var(ddof=1)) / len(windows)
    return max(float(len(windows)), 0.16 / variance) if variance > 0 else float(counts.sum())


def smoothed(factors: Float64[np.ndarray, "steps pairs"]) -> Float64[np.ndarray, "steps pairs"]:
    """Averages the logarithms of factors over similar lead times; 1 where no factor is known."""
    lead = np.log(np.arange(1, len(factors) + 1))
    weight = np.exp(-0.5 * ((lead[:, None] - lead) / _REACH) ** 2)
    known = ~np.isnan(factors)
    logs = np.log(np.where(known, factors, 1.0))
    total = weight @ known.astype(np.float64)
    return np.asarray(np.exp(np.divide(weight @ logs, total, out=np.zeros_like(logs), where=total > 0)))


def own_sizes(
    found: Float64[np.ndarray, "series windows steps pairs"], panel: Float64[np.ndarray, "steps pairs"]
) -> Float64[np.ndarray, " series"]:
    """Returns the factor of each series besides the panel's: its own 80 % quantile of scores, in units of the panel's.

    With few windows this is mostly chance, so its logarithm is multiplied by windows / (windows + 64). The change is
    smooth: one more window never makes a jump.
    """
    ratio = (found[..., _EIGHTY] / panel[:, _EIGHTY]).reshape(len(found), -1)
    windows = (~np.isnan(found[..., _EIGHTY])).any(2).sum(1)
    known = (~np.isnan(ratio)).sum(1)
    rank = np.clip(np.ceil(0.8 * (known + 1)).astype(np.int64), 1, np.maximum(known, 1)) - 1
    own = np.take_along_axis(np.sort(ratio, axis=1), rank[:, None], axis=1)[:, 0]
    own = np.where(known > 0, np.clip(own, 1 / _WIDEST, _WIDEST), 1.0)
    return np.asarray(own ** (windows / (windows + _OWN)))


def series_factors(
    found: Float64[np.ndarray, "series windows steps pairs"],
) -> Float64[np.ndarray, "series steps pairs"]:
    """Returns the factors of each series: its own size times those of the panel.

    The factors of the panel come from scores in units of a size, which the other windows of the same series give. So a
    size is applied to windows that it has not seen, as in the future.
    """
    first = panel_factors(found)
    unit = np.ones(found.shape[:2])
    for window in range(found.shape[1] if found.shape[1] > 1 else 0):
        unit[:, window] = own_sizes(np.delete(found, window, axis=1), first)
    relative = found / unit[..., None, None]
    return np.asarray(own_sizes(found, first)[:, None, None] * panel_factors(relative))


def widened(
    quantiles: Float64[np.ndarray, "lanes steps levels"], factors: Float64[np.ndarray, "lanes steps pairs"]
) -> Float64[np.ndarray, "lanes steps levels"]:
    """Moves each quantile away from the median, or towards it, by the factor of its pair; their order is kept."""
    median = quantiles[..., [MIDDLE]]
    both = np.concatenate([factors, np.ones_like(median), factors[..., ::-1]], axis=-1)
    moved = median + both * (quantiles - median)
    low = np.minimum.accumulate(moved[..., MIDDLE::-1], axis=-1)[..., ::-1]
    high = np.maximum.accumulate(moved[..., MIDDLE:], axis=-1)
    return np.concatenate([low[..., :-1], high], axis=-1)
