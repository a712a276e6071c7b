"""Cycles come from the past alone, and are detected as soon as they were seen twice, under noise, too."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from segue.forecasting.nanotst.cycles import Cycle, lengths, likeness
from segue.forecasting.nanotst.scaling import mean_scale
from segue.forecasting.nanotst.variogram import LAGS, LONGEST, variogram
from tests.forecasting.nanotst.conftest import PATCH, cycles_of, lanes, noise, periods, shape, wave

PERIODS = (5, 7, 10, 12, 24, 31, 48, 96, 144, 168, 200, 288, 336, 360)
WEEK = 84


def repeats_well(seen: Tensor, truth: Tensor, found: int, period: int) -> bool:
    """Whether copying with the length found errs at most 1.5 times the last cycle's error, + .01 deviations."""
    if not found:
        return False

    def error(length: int) -> float:
        copied = seen[-length:][torch.arange(period) % length]
        return (copied - truth).abs().mean().item()

    return abs(found - period) <= 1 or error(found) <= 1.5 * error(period) + 0.01


@pytest.mark.parametrize("share", [0.0, 0.02, 0.05, 0.1, 0.3])
@pytest.mark.parametrize("kind", ["sine", "saw tooth", "bumps"])
def test_a_cycle_is_detected_once_seen_twice_under_noise(kind, share):
    """Noise of 2 % of the deviation is as large as the steps of a slow sine: a cycle of two steps must not win."""
    missed = []
    for period in PERIODS:
        length = -(-(2 * period + max(4, period // 8)) // PATCH) * PATCH
        clean = torch.stack([shape(kind, length + period, period, seed * period // 4) for seed in range(4)])
        random = torch.stack([noise(length, seed + period) for seed in range(4)])
        seen, truth = clean[:, :length] + share * random, clean[:, length:]
        _, cycle, _ = cycles_of(*lanes(*seen))
        for lane, found in enumerate(cycle.length[:, -1].tolist()):
            if not repeats_well(seen[lane], truth[lane], found, period):
                missed.append((period, found))
    assert len(missed) <= (1 if share == 0.3 else 0), missed  # of 56


def test_a_slow_wave_under_a_trace_of_noise_is_no_cycle_of_a_few_steps():
    """Moves over a step correlate along a slow wave, which hardly moves: by chance 3 steps looked like a cycle."""
    for period in (240, 288, 300):
        values = torch.stack(
            [shape("sine", 2 * period, period, seed) + 0.02 * noise(2 * period, seed) for seed in range(80)]
        )
        _, cycle, _ = cycles_of(*lanes(*values))
        assert ((cycle.length[:, -1] - period).abs() <= 0.02 * period).all()


@pytest.mark.parametrize("precision", [torch.float32, torch.float64])
@pytest.mark.parametrize("period", [5, 12, 24, 31])
def test_a_cycle_is_detected_as_soon_as_it_was_seen_twice_and_none_before_fits(period, precision):
    past, cycle, other = cycles_of(*lanes(wave(240, period) + 0.01 * torch.arange(240)), precision=precision)
    seen = past.age[0] >= 2 * period
    assert ((cycle.length[0][seen] - period).abs() <= 1).all()
    assert (cycle.length[0][past.age[0] >= 3 * period] == period).all()
    assert (cycle.similarity[0][seen] > 0.9).all()
    for found in (cycle, other):
        assert (found.length <= 1.1 * past.age / 2).all()
    long = past.age[0] >= 5 * period
    assert (other.length[0][long] == 2 * period).all()  # the next best is a multiple


def test_the_similarity_of_a_sine_is_a_cosine_in_closed_form():
    """Of variances 1 - cos(2 pi l / p), moves over k steps one lag apart have the correlation cos(2 pi lag / p)."""
    length = lengths()
    for period in (12.0, 24.0, 52.18):
        angle = 2 * math.pi / period
        variance = 1 - torch.cos(angle * torch.arange(LAGS).double())
        cosine = torch.cos(angle * length.double())
        similarity, valley, nearby, before = likeness(variance[None, None], length)
        moves = (length // 8).clamp(min=1)
        deep = variance[moves] >= 0.05 * 2  # below that, a share of the largest variance is the divisor
        torch.testing.assert_close(similarity[0, 0][deep], cosine[deep], rtol=0, atol=1e-11)
        around = [variance[(length + part * moves).abs()] for part in (-1, 0, 1)]
        least = torch.stack(around).amin(0) / variance[moves]
        torch.testing.assert_close(nearby[0, 0][deep], least[deep], rtol=0, atol=1e-11)
        at = round(period)
        lags = torch.tensor([at - part * (at // 8) for part in range(1, 7)])
        torch.testing.assert_close(valley[0, 0, length == at][0], torch.cos(angle * lags.double()).min())
        torch.testing.assert_close(before[0, 0, length == at][0], variance[lags].max())
    whole = likeness((1 - torch.cos(math.pi / 12 * torch.arange(LAGS).double()))[None, None], length)[0]
    assert whole[0, 0, length == 24].item() == pytest.approx(1.0, abs=1e-12)


def test_the_similarity_is_the_correlation_of_moves_over_raw_values():
    """A plain loop over values; their pairs differ a little at both ends of the lane."""
    values = (noise(1440).cumsum(0) * 0.1 + wave(1440, 24) + 0.3 * noise(1440, seed=1)).numpy()
    past, _, _ = cycles_of(*lanes(torch.from_numpy(values)))
    # weights fade, so they fade here; cutting does not reach these values
    weight = np.repeat(0.5 ** (np.arange(119, -1, -1) * PATCH / 256), PATCH)
    tried = lengths()
    similarity = likeness(variogram(past, mean_scale(past)).variance[:, -1:], tried).similarity
    for lag in (5, 12, 17, 24, 31, 48, 96):
        k = max(1, lag // 8)
        newer = values[lag + k :] - values[lag:-k]
        older = values[k:-lag] - values[: -lag - k]
        counts = weight[lag + k :]
        covariance = np.cov(newer, older, aweights=counts, ddof=0)
        expected = covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1])
        assert similarity[0, 0, tried == lag].item() == pytest.approx(expected, abs=0.03), lag


def test_white_noise_has_a_similarity_of_zero_beyond_a_move():
    """And of - 0.5 at a lag of one move, where both moves share a value: that lag is no valley."""
    length = lengths()
    found = likeness(torch.ones(1, 1, LAGS).index_fill(2, torch.tensor(0), 0.0).double(), length)
    assert (found.similarity[0, 0, 2:] == 0).all()
    assert found.similarity[0, 0, 1] == -0.5
    assert (found.valley[0, 0, 2:] == 0).all()


def test_lengths_are_all_short_ones_and_then_ever_fewer():
    tried = lengths()
    assert tried[:49].tolist() == list(range(49))
    assert tried[-1] < LONGEST <= tried[-1] + tried[-1] // 24
    gaps = tried.diff()
    assert (gaps <= (tried[:-1] / 24).clamp(min=1)).all()
    assert (gaps >= 1).all()


def last_similarity(values: Tensor) -> Tensor:
    return cycles_of(*lanes(*values))[1].similarity[:, -1].clamp(min=0)


def test_noise_and_walks_have_no_convincing_cycle_and_lines_and_curves_none():
    """Of 100 lanes of 480 values, median and 95 % quantile of the similarity: noise .13 and .19, walks .37 and .71.

    A walk has slow waves that are cycles for a while; what weighs them is their error (`test_reference.py`).
    """
    white = torch.stack([noise(480, seed) for seed in range(100)])
    for values, median, high in ((white, 0.2, 0.25), (white.cumsum(1), 0.45, 0.8)):
        similarity = last_similarity(values)
        assert similarity.median() <= median
        assert similarity.quantile(0.95) <= high
    trend = white + 0.05 * torch.arange(480)
    assert last_similarity(trend).max() <= 0.35


@pytest.mark.parametrize("precision", [torch.float32, torch.float64])
def test_lines_and_curves_have_no_cycle_for_all_the_rounding(precision):
    """The variance of a line is what rounding leaves, and that repeats itself by chance."""
    time = torch.arange(480).double()
    rows = (time, 3e5 - 0.01 * time, time / 3, 1e9 * time, time.square(), torch.exp(time / 60))
    _, cycle, other = cycles_of(*lanes(*rows), precision=precision)
    for found in (cycle, other):
        assert not found.present.any()
        assert (found.similarity == 0).all()


def test_the_day_comes_first_until_the_week_was_seen_twice_which_repeats_better():
    heights = torch.tensor([1.0, 1.2, 1.1, 1.3, 1.0, 0.2, 0.1], dtype=torch.float64)
    values = wave(6 * WEEK, 12) * heights[torch.arange(6 * WEEK) // 12 % 7] + 0.001 * noise(6 * WEEK)
    past, cycle, other = cycles_of(*lanes(values))
    age = past.age[0]
    assert (cycle.length[0, 1:][age[1:] < 1.8 * WEEK] == 12).all()
    assert (cycle.length[0][age > 4.2 * WEEK] == WEEK).all()
    assert (cycle.length[0, -1], other.length[0, -1]) == (WEEK, 12)


def test_the_week_is_the_other_cycle_of_days_that_resemble_each_other_as_soon_as_it_was_seen_twice():
    """Two, three or four days repeat the lane no better than one, so they are no other cycle."""
    heights = torch.tensor([1.0, 1.0, 1.0, 1.0, 1.0, 0.4, 0.4], dtype=torch.float64)
    for day in (24, 48):
        days = torch.arange(15 * day) // day
        values = shape("bumps", 15 * day, day, 0) * heights[days % 7] + 0.01 * noise(15 * day)
        _, cycle, other = cycles_of(*lanes(values))
        assert {cycle.length[0, -1].item(), other.length[0, -1].item()} == {day, 7 * day}


def test_a_saw_tooth_that_fell_once_has_the_period_at_which_it_repeats_without_a_step():
    """Less a constant difference, it repeats at longer lags, too."""
    for period in (36, 96, 204, 300):
        values = shape("saw tooth", 2 * period, period, 0) + 0.02 * noise(2 * period)
        _, cycle, _ = cycles_of(*lanes(values))
        assert abs(cycle.length[0, -1].item() - period) <= 1


def lengths_when(values: Tensor, *suggested: float) -> tuple[Tensor, Tensor]:
    patches, observed = lanes(*values)
    _, cycle, other = cycles_of(patches, observed, periods(len(values), *suggested))
    return cycle.length, other.length


@pytest.mark.parametrize("suggested", [(24.0,), (24.2,), (0.0, 24.0), (24.0, 365.25)])
def test_a_weak_season_is_found_when_it_is_suggested(suggested):
    """Of a sine half as large as its noise; alone, 12 of 60 lanes have it, others one of the chance cycles of noise."""
    values = torch.stack([0.7 * wave(480, 24) + noise(480, seed) for seed in range(60)])
    alone, _ = lengths_when(values)
    assert ((alone[:, -1] - 24).abs() <= 1).double().mean() <= 0.25
    found, other = lengths_when(values, *suggested)
    close = ((found[:, -1] - 24).abs() <= 1) | ((other[:, -1] - 24).abs() <= 1)
    assert close.double().mean() >= 0.55


@pytest.mark.parametrize("period", [7, 12, 24, 48, 96])
def test_a_wrong_suggestion_changes_nothing_where_a_cycle_is_strong(period):
    """Catches a short season taken for the cycle because a slow wave hardly moves over it, and one nearby.

    A season within an eighth of a multiple suggests that multiple, which repeats as well.
    """
    values = torch.stack([1.4 * wave(480, period) + 0.1 * noise(480, seed) for seed in range(6)])
    alone, _ = lengths_when(values)
    seen = 2 * period // PATCH + 1
    wrong = [
        s
        for s in (2, 3, 5, 7, 10, 11, 13, 17, 30, 52.18, 84, 100, 365.25)
        if abs(s - round(s / period) * period) > max(1, s / 8)
    ]
    for season in wrong:
        found, _ = lengths_when(values, float(season))
        assert torch.equal(found[:, seen:], alone[:, seen:]), season


def test_a_multiple_of_a_cycle_that_is_suggested_is_a_cycle_too():
    values = torch.stack([wave(480, 12) + 0.1 * noise(480, seed) for seed in range(6)])
    cycle, other = lengths_when(values, 60.0)
    assert (cycle[:, -1] == 60).all()
    assert (other[:, -1] == 12).all()


def test_zeros_and_ones_and_no_columns_suggest_nothing():
    patches, observed = lanes(noise(360), 0.7 * wave(360, 24) + noise(360, seed=1))
    _, *expected = cycles_of(patches, observed, periods(2))
    for suggested in ((0.0,), (1.0,), (0.0, 1.0, 0.0)):
        _, *found = cycles_of(patches, observed, periods(2, *suggested))
        for one, other in zip(found, expected, strict=True):
            assert torch.equal(one.length, other.length)
            assert torch.equal(one.similarity, other.similarity)


def test_suggestions_belong_to_their_lane():
    values = torch.stack([0.7 * wave(480, 24) + noise(480, seed) for seed in (3, 3)])
    values = torch.stack([values[0], values[0]])
    patches, observed = lanes(*values)
    _, cycle, _ = cycles_of(patches, observed, torch.tensor([[0.0], [24.0]]).double())
    assert torch.equal(cycle.length[0], lengths_when(values)[0][0])
    assert torch.equal(cycle.length[1], lengths_when(values, 24.0)[0][0])


def test_no_cycle_is_of_one_step_or_of_more_than_half_of_the_past_and_a_tenth():
    rows = [wave(480, p) + share * noise(480, p) for p in (2, 3, 4, 24, 200) for share in (0.0, 0.05, 1.0)]
    for season in (0.0, 2.0, 3.0, 300.0):
        past, cycle, other = cycles_of(*lanes(*rows), periods(len(rows), season))
        for found in (cycle, other):
            assert (found.length != 1).all()
            assert (found.length <= 1.1 * past.age / 2).all()
            assert (found.similarity.abs() <= 1).all()
            assert (found.similarity[~found.present] == 0).all()


@pytest.mark.parametrize("period", [2, 3])
def test_the_shortest_cycles_are_detected(period):
    values = torch.stack(
        [wave(120, period + 1e-9).roll(1) * (period > 2) + (-1.0) ** torch.arange(120) * (period == 2)]
    )
    _, cycle, _ = cycles_of(*lanes(values[0] + 0.1 * noise(120)))
    assert (cycle.length[0] == period).all()


def same(one: Cycle, other: Cycle) -> bool:
    return torch.equal(one.length, other.length) and torch.allclose(one.similarity, other.similarity, atol=1e-9)


def test_the_beginning_of_a_lane_has_the_same_cycles_whatever_follows():
    rows = (wave(480, 24) + 0.3 * noise(480), noise(480, seed=1).cumsum(0))
    patches, observed = lanes(*rows)
    later = patches.clone()
    later[:, 17:] = 1e6 * noise(later[:, 17:].numel(), seed=3).view_as(later[:, 17:])
    _, *prefix = cycles_of(patches[:, :17], observed[:, :17])
    for changed in (patches, later):
        _, *whole = cycles_of(changed, observed)
        for found, expected in zip(whole, prefix, strict=True):
            assert same(Cycle(found.length[:, :17], found.similarity[:, :17]), expected)
