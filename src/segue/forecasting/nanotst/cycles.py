"""Cycles detected in a lane's own past, anew at every patch, from the values observed up to its end.

A cycle is a lag at which the lane resembles itself more than at shorter lags. The measure is the similarity of moves.
It is the correlation of the move over k steps with the move over the same k steps one lag before, where k is an eighth
of the lag. Half of the second difference of the variogram is the covariance of such moves, so the variogram holds all
of them. Moves over an eighth of a cycle are large beside noise, and a trend cancels. The valley before a peak is
measured with the same k, because the similarity of noise depends on k.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Float64, Int
from torch import Tensor

from segue.forecasting.nanotst.past import Past, at
from segue.forecasting.nanotst.scaling import fading
from segue.forecasting.nanotst.variogram import LAGS, LONGEST, Variogram

_PARTS = 8  # moves of a cycle: with 6 or 12 slightly fewer cycles are found (docs/notebook/forecasting.md)
_RISE = 0.3  # of the similarity: the least rise from the valley; 0.2 to 0.5 find 98.6 to 99.4 % of trial cycles
_CONVINCING = 0.5  # of the best score: a shorter cycle needs so much, since noise alone makes low peaks at short lags,
_TIMES = 4  # or the best one is a multiple of it, of at most so many times its length
_ALIKE, _EQUAL = 1.25, 1e-3  # times the variance, and share of the largest one: a shorter cycle with no more is taken
_DEEP = 0.05  # of the largest variance: moves that vary less span a cycle themselves, and measure nothing
_REACH = 1.1  # times half of the past: the longest cycle, so the older of two copies may lack a tenth of its steps
_SUGGESTED = 0.3  # is added to the score of a season that calendar or user suggest: two standard errors of 45 pairs
_NEAR = 0.01  # of a suggested season: cycles within this distance, or half a step, are the suggested one
# Lengths are tried in steps of a 48th of their size, a sixth of a move; then they are refined. With a 24th a week of
# hours was tried as 167 steps, where it repeats so much worse that the day was taken (docs/notebook/forecasting.md).
_GRID = 48
# Standard errors of what is missing that a score loses. Of trial cycles with a tenth missing, 1.4, .9 and .8 % have a
# wrong length with 2, 3 and 4 of them, and 14 % with none (docs/notebook/forecasting.md).
_UNSURE = 3.0
_ROUNDING = 1e-5  # of the pairs: single precision counts some 400 of them to 1e-6, and one missing is 2e-3
_APART = 1.5  # times as long, or more: the other cycle must differ so much from the first


@dataclass(frozen=True, eq=False)
class Cycle:
    """A cycle of each lane as it appears at each patch.

    Attributes:
        length: The length in steps; zero where there is no cycle.
        similarity: The correlation of moves one cycle apart; zero where there is no cycle.
    """

    length: Int[Tensor, "lanes tokens"]
    similarity: Float[Tensor, "lanes tokens"]

    @property
    def present(self) -> Bool[Tensor, "lanes tokens"]:
        """True where there is a cycle."""
        return self.length > 0


class Likeness(NamedTuple):
    """How much a lane resembles itself at each length that is tried, with moves over an eighth of the length.

    Attributes:
        similarity: The correlation of moves one length apart.
        valley: The least similarity at shorter lags.
        least: The least variance of differences from one move before the length to one after, over that of moves.
        before: The largest variance of differences at shorter lags, in squared units of the lane.
    """

    similarity: Float[Tensor, "lanes tokens lengths"]
    valley: Float[Tensor, "lanes tokens lengths"]
    least: Float[Tensor, "lanes tokens lengths"]
    before: Float[Tensor, "lanes tokens lengths"]


def detect_cycles(past: Past, differences: Variogram, seasons: Float64[Tensor, "lanes periods"]) -> tuple[Cycle, Cycle]:
    """Detects the most convincing cycle, and the most convincing other one, at least 1.5 times as long or as short.

    The score of a cycle is its similarity less its error by chance, so fewer pairs must be more alike. The error is
    2 / sqrt(pairs) or, for moves of more than four steps, sqrt(moves / pairs): one standard error, since moves that
    overlap count once. The score also falls with the error that missing pairs cause, and rises for a suggested season.
    Of cycles that repeat the lane equally well the shortest is taken.

    Args:
        past: The lanes.
        differences: Their variograms.
        seasons: Periods that are more likely than others, zero where none.
    """
    length, differences = lengths().to(past.begin.device), _filled(past, differences)
    similarity, valley, least, before = likeness(differences.variance, length)
    fits = (length <= _REACH * past.age[..., None] / 2) & (length > 1)
    top = (similarity[..., 1:] >= similarity[..., :-1])[..., :-1] & (similarity[..., 1:-1] >= similarity[..., 2:])
    peak = F.pad(top, (1, 1)) & (similarity - valley > (_RISE * similarity).clamp(min=0.1))

    suggested = _suggested(length, seasons) & _in_a_valley(differences.variance, length)
    pairs, moves = differences.pairs.index_select(-1, length), _moves(length)
    seen = pairs.clamp(min=1)
    chance = torch.maximum(2 * seen.rsqrt(), (moves / seen).sqrt())
    unsure = _UNSURE * _relative_error(past, seen, length)
    score = similarity - chance - unsure * least + _SUGGESTED * suggested
    score = torch.where((peak | (suggested & (pairs > 0))) & fits & (score > 0), score, -1.0)

    variance = _least_variance(differences.variance, length)
    first = _first(score, variance, before, length, suggested)
    span = length[first][..., None]
    # The score of a longer cycle counts by the share of the first cycle's variance that it removes. Two days after a
    # day remove nothing; a week removes much.
    left = variance.gather(-1, first[..., None])
    gain = 1 - variance / torch.where(left > 0, left, 1.0)
    longer, shorter = length >= _APART * span, length * _APART <= span
    other = _first(score * (longer * gain.clamp(min=0) + shorter), variance, before, length, suggested)
    other = torch.where(first > 0, other, 0)
    return (
        _refined(first, length, similarity, past, differences),
        _refined(other, length, similarity, past, differences),
    )


def _filled(past: Past, differences: Variogram) -> Variogram:
    """Gives the largest variance to lags of which the lane has no pair; zero would be the variance of a clean cycle."""
    lags = torch.arange(LAGS, device=past.begin.device)
    unknown = (differences.pairs == 0) & (lags < past.age[..., None])
    variance, square = (
        torch.where(unknown, part.amax(-1, keepdim=True), part) for part in (differences.variance, differences.square)
    )
    return replace(differences, variance=variance, square=square)


def lengths() -> Int[Tensor, " lengths"]:
    """The lengths that are tried: zero, all short ones, and long ones in steps of a 48th."""
    tried = [0, 1]
    while tried[-1] < LONGEST:
        tried.append(tried[-1] + max(1, tried[-1] // _GRID))
    return torch.tensor(tried[:-1])


def likeness(variance: Float[Tensor, "lanes tokens lags"], length: Int[Tensor, " lengths"]) -> Likeness:
    """Computes the likeness at each length from the variances of differences at all lags.

    With the variance V of differences, moves over k steps have the covariance (V(lag - k) + V(lag + k)) / 2 - V(lag)
    one lag apart, and the variance V(k). The valley is the least similarity at lag - k, lag - 2 k, ..., for the same k.
    Lag k itself does not count, because there the moves share a value, and noise alone gives a similarity of -0.5.
    """
    moves = _moves(length)
    # the variance at lag + k, lag, lag - k, ...: one more on both sides than there are similarities
    at_part = [variance.index_select(-1, (length - part * moves).abs()) for part in range(-1, _PARTS + 1)]
    own, *shorter = [
        (longer + less) / 2 - here for longer, here, less in zip(at_part, at_part[1:], at_part[2:], strict=False)
    ]
    before, valley = torch.zeros_like(own), torch.full_like(own, torch.inf)
    for part, covariance in enumerate(shorter, start=1):
        lag = length - part * moves
        alternate = (length == 2) & (lag == 1)  # the only shorter lag of two steps is that of the move itself
        counts = (lag > moves) | alternate
        before = torch.maximum(before, at_part[part + 1] * counts)
        covariance = covariance + at_part[part + 1] / 2 * alternate  # noise alone counts as zero
        valley = torch.minimum(valley, torch.where(counts, covariance, torch.inf))
    divisor = torch.maximum(variance.index_select(-1, moves), _DEEP * torch.maximum(before, at_part[1]))
    divisor = torch.where(divisor > 0, divisor, 1.0)
    least = torch.minimum(torch.minimum(at_part[0], at_part[1]), at_part[2])
    return Likeness(own / divisor, valley / divisor, least / divisor, before)


def _relative_error(
    past: Past, pairs: Float[Tensor, "lanes tokens lengths"], length: Int[Tensor, " lengths"]
) -> Float[Tensor, "lanes tokens lengths"]:
    """The standard error that missing pairs cause in the variance at each length, relative to that variance.

    Each lag lacks other pairs. Moves along a slow wave are small beside the variance a few steps apart, so differences
    between the variances of neighbouring lags looked like cycles of 3 to 7 steps. A pair is missing where a value is
    observed and the one before it, within the lane, is not: values at every weekday lack no pair a week apart.
    """
    count = past.weight.cumsum(1)
    own, until = past.by_patch(past.weight).sum(-1), past.by_patch(count)[..., -1]
    # the values of the first `length` steps have no older partner
    first = at(count, (past.begin[:, None] + length - 1).clamp(0, count.shape[1] - 1))
    newer = (until[..., None] - torch.maximum((until - own)[..., None], first[:, None])).clamp(min=0)
    possible = fading(newer.shape[1], past.patch, newer.device).T @ newer
    return ((possible.to(pairs.dtype) / pairs - 1 - _ROUNDING).clamp(min=0) / pairs).sqrt()


def _least_variance(
    variance: Float[Tensor, "lanes tokens lags"], length: Int[Tensor, " lengths"]
) -> Float[Tensor, "lanes tokens lengths"]:
    """The least variance within half a step of the grid of each length; one step off, a saw tooth differs."""
    half, least = length // (2 * _GRID), variance.index_select(-1, length)
    for step in range(1, LONGEST // (2 * _GRID) + 1):
        for lag in (length - half.clamp(max=step), length + half.clamp(max=step)):
            least = torch.minimum(least, variance.index_select(-1, lag))
    return least


def _moves(length: Int[Tensor, "*lengths"]) -> Int[Tensor, "*lengths"]:
    """The steps of a move: an eighth of the lag, at least one."""
    return (length // _PARTS).clamp(min=1)


def _suggested(
    length: Int[Tensor, " lengths"], seasons: Float64[Tensor, "lanes periods"]
) -> Bool[Tensor, "lanes 1 lengths"]:
    """True at the lengths near a suggested season of more than one step."""
    away = (length - seasons[..., None]).abs()  # (lanes, periods, lengths)
    near = (away <= (_NEAR * seasons[..., None]).clamp(min=0.5)) & (seasons[..., None] > 1)
    return near.any(1, keepdim=True)


def _in_a_valley(
    variance: Float[Tensor, "lanes tokens lags"], length: Int[Tensor, " lengths"]
) -> Bool[Tensor, "lanes tokens lengths"]:
    """True where the variance is less than one move before and one move after."""
    here, moves = variance.index_select(-1, length), _moves(length)
    around = (variance.index_select(-1, (length + part * moves).abs()) for part in (-1, 1))
    return (here < next(around)) & (here < next(around))


def _first(
    score: Float[Tensor, "lanes tokens lengths"],
    variance: Float[Tensor, "lanes tokens lengths"],
    before: Float[Tensor, "lanes tokens lengths"],
    length: Int[Tensor, " lengths"],
    suggested: Bool[Tensor, "lanes tokens lengths"],
) -> Int[Tensor, "lanes tokens"]:
    """The index of the shortest length that repeats the lane as well as the best; zero where no score is above zero.

    Multiples of a cycle are cycles, too. Under noise they have larger scores, because moves over an eighth of them are
    larger, but they have the same variance. Of several cycles a suggested one is taken. A slow wave hardly moves over a
    few steps, so a shorter cycle must also repeat the lane better than some lag that is shorter still.
    """
    best, index = score.max(-1, keepdim=True)
    best_length = length[index]
    times = (best_length + length // 2) // length.clamp(min=1)
    divides = ((best_length - times * length).abs() <= _moves(best_length) / 2) & (times <= _TIMES)
    convincing = (score >= _CONVINCING * best) | divides
    alike = variance <= _ALIKE * variance.gather(-1, index) + _EQUAL * variance.amax(-1, keepdim=True)
    returns = (variance <= before) | (length == best_length)
    equal = (score > 0) & convincing & alike & returns
    return (equal.int() + (equal & suggested).int()).argmax(-1)


def _refined(
    index: Int[Tensor, "lanes tokens"],
    lengths: Int[Tensor, " lengths"],
    similarity: Float[Tensor, "lanes tokens lengths"],
    past: Past,
    differences: Variogram,
) -> Cycle:
    """Moves a cycle to the least variance within an eighth of its length: noise moves peaks more than valleys.

    The variance leaves out a constant difference, as a trend makes. So a saw tooth that fell once has equal variances
    at many lags. Where the mean square is as small as the least variance, there is no trend, and the least square
    decides.
    """
    chosen = lengths[index][..., None]
    around = torch.arange(-LONGEST // _PARTS, LONGEST // _PARTS + 1, device=index.device)
    lag = (chosen + around).clamp(0, LAGS - 1)
    near = (around.abs() <= _moves(chosen)) & (lag > 1) & (lag <= _REACH * past.age[..., None] / 2)
    variance, square = (
        torch.where(near, part.gather(-1, lag), torch.inf) for part in (differences.variance, differences.square)
    )
    trendless = square.amin(-1, keepdim=True) <= _ALIKE * variance.amin(-1, keepdim=True)
    least = lag.gather(-1, torch.where(trendless, square, variance).argmin(-1, keepdim=True))[..., 0]
    own = similarity.gather(-1, index[..., None])[..., 0].clamp(-1, 1)
    return Cycle(torch.where(index > 0, least, 0), torch.where(index > 0, own, 0.0))
