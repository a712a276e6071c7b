"""Cycles come from the past alone, and are detected as soon as they were seen twice."""

import numpy as np
import pytest
import torch

from segue.forecasting.nanotst.cycles import (
    LONGEST,
    detect_cycles,
    even_steps,
    lagged_products,
    power_of_two,
    running_similarity,
)
from segue.forecasting.nanotst.past import past_of
from segue.forecasting.nanotst.patches import to_patches
from segue.forecasting.nanotst.scaling import step_scale
from tests.forecasting.nanotst.conftest import PATCH, cycles_of, lanes, noise, wave


def test_the_similarity_is_the_autocorrelation_of_the_steps_of_every_prefix():
    """Products summed over the wrong patch, or lags in the wrong order, would detect cycles that are not there."""
    values = noise(60).cumsum(0) + torch.arange(60)
    past = past_of(*lanes(values))
    found, pairs = running_similarity(past, even_steps(past, step_scale(past), torch.float64))
    assert found.shape == (1, 5, LONGEST + 2)
    for token in range(5):
        steps = np.diff(values.numpy()[: (token + 1) * PATCH])
        square = steps.mean() ** 2
        for lag in range(min(20, len(steps))):
            product = (steps[lag:] * steps[: len(steps) - lag]).mean()
            expected = (product - square) / ((steps**2).mean() - square)
            assert found[0, token, lag].item() == pytest.approx(expected, abs=1e-11), (token, lag)
            assert pairs[0, token, lag] == len(steps) - lag
        assert (pairs[0, token, len(steps) :] == 1).all()


@pytest.mark.parametrize("patch", [8, 12, 24, 64])
@pytest.mark.parametrize("tokens", [1, 9])
def test_products_of_all_lags_are_those_of_a_plain_loop(patch, tokens):
    """Patches are cut into blocks whose size depends on theirs: a row cut one step too long moves all lags."""
    steps = torch.stack([noise(tokens * patch), noise(tokens * patch, seed=1)])
    found = lagged_products(steps, patch)
    assert found.shape == (2, tokens, LONGEST + 2)
    expected = np.zeros(found.shape)
    for lane in range(2):
        x = steps[lane].numpy()
        for lag in range(min(LONGEST + 2, len(x))):
            products = np.concatenate([np.zeros(lag), x[lag:] * x[: len(x) - lag]])
            expected[lane, :, lag] = products.reshape(tokens, patch).sum(1)
    np.testing.assert_allclose(found.numpy(), expected, rtol=0, atol=1e-12)


def test_even_steps_are_mean_steps_between_neighbours_with_the_large_ones_cut():
    """Catches a step over a gap that counts whole, one before the lane begins, and a spike that drowns all others."""
    values = torch.tensor([[9.0, 1, 2, 3, 0, 0, 9, 10, 11, 12, 13, 14] + [14.0 + k for k in range(1, 12)] + [1e6]])
    observed = torch.ones(1, 24, dtype=torch.bool)
    observed[0, [0, 4, 5]] = False
    past = past_of(*to_patches(values, observed, PATCH))
    local = step_scale(past)
    steps = even_steps(past, local, torch.float64)[0]
    unit = steps[2]  # a step of one, in the unit of the lane
    assert unit.log2() == unit.log2().round()
    expected = [0, 0, 1, 1, 0, 0, 2] + 16 * [1]
    assert (steps[:-1] / unit).tolist() == expected
    assert (steps[-1] / unit).item() == pytest.approx(5 * local.unit[0, -1].item())


def test_a_power_of_two_is_about_the_largest_and_costs_no_digit():
    lanes = torch.tensor([[3.0, -1e-9], [1e-300, 0.0], [0.0, 0.0], [7e14, -1e15]], dtype=torch.float64)
    found = power_of_two(lanes)
    assert found[:, 0].tolist() == [4.0, 2.0**-997, 1.0, 2.0**50]


@pytest.mark.parametrize("period", [5, 12, 24, 31])
def test_a_cycle_is_detected_as_soon_as_it_was_seen_twice_and_not_before(period):
    past, short, _ = cycles_of(*lanes(wave(240, period) + 0.01 * torch.arange(240)))
    seen = past.age[0] >= 2 * period + 2  # a peak shows with the value after it
    assert ((short.length[0][seen] - period).abs() <= 1).all()  # the first pairs alone may peak a step aside
    assert (short.length[0][past.age[0] >= 3 * period] == period).all()
    assert not short.present[0][past.age[0] < 2 * period - 2].any()
    assert (short.similarity[0][seen] > 0.9).all()


@pytest.mark.parametrize("precision", [torch.float32, torch.float64])
def test_a_random_walk_has_no_convincing_cycle_and_a_line_none(precision):
    past = past_of(*lanes(noise(480).cumsum(0), torch.arange(480).double()))
    short, long = detect_cycles(past, step_scale(past), precision)
    assert (short.similarity[0, 10:] < 0.25).all()
    assert not short.present[1].any()
    assert not long.present[1].any()


@pytest.mark.parametrize("share", [0.1, 0.3])
def test_a_cycle_is_detected_with_values_missing_here_and_there(share):
    """Counting only what has both neighbours, or values held across gaps as observed, takes 12 for 13."""
    missing = torch.rand(20, 360, generator=torch.Generator().manual_seed(5)) < share
    values = torch.stack([wave(360, 12) + 0.1 * noise(360, seed) for seed in range(20)])
    _, short, _ = cycles_of(*to_patches(values, ~missing, PATCH))
    assert (short.length[:, 15:] == 12).double().mean() > 0.95


def test_a_gap_and_a_spike_and_a_drift_hide_no_cycle():
    gap, spike, drift = (wave(360, 12) + 0.1 * noise(360) for _ in range(3))
    observed = torch.ones(3, 360, dtype=torch.bool)
    gap[130:] += 20
    observed[0, 100:130] = False
    spike[150] += 100
    _, short, _ = cycles_of(*to_patches(torch.stack([gap, spike, drift + torch.arange(360)]), observed, PATCH))
    assert (short.length[:, -10:] == 12).all()
