"""Cycles come from the past alone, and are found as soon as they were seen twice."""

import math

import numpy as np
import pytest
import torch

from segue.forecasting.nanotst.cycles import Past, find_cycles, past_of, running_similarity
from segue.forecasting.nanotst.patches import to_patches
from segue.forecasting.nanotst.scaling import step_scale

PATCH = 12


def lanes(*rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    values = torch.stack(rows).double()
    return to_patches(values, torch.ones_like(values, dtype=torch.bool), PATCH)


def past_in(patches: torch.Tensor, observed: torch.Tensor) -> Past:
    return past_of(patches, observed, step_scale(patches, observed))


def wave(length: int, period: float) -> torch.Tensor:
    return torch.sin(2 * math.pi * torch.arange(length, dtype=torch.float64) / period)


def noise(length: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(length, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_the_similarity_is_the_autocorrelation_of_the_steps_of_every_prefix():
    """Products summed over the wrong patch, or lags in the wrong order, would find cycles that are not there."""
    values = noise(60).cumsum(0) + torch.arange(60)
    past = past_in(*lanes(values))
    found = running_similarity(past)
    assert found.shape == (1, 5, 60 // 2 + 2)
    for token in range(5):
        steps = np.diff(values.numpy()[: (token + 1) * PATCH])
        square = steps.mean() ** 2
        for lag in range(min(20, len(steps))):
            product = (steps[lag:] * steps[: len(steps) - lag]).mean()
            expected = (product - square) / ((steps**2).mean() - square)
            assert found[0, token, lag].item() == pytest.approx(expected, abs=1e-11), (token, lag)


@pytest.mark.parametrize("period", [5, 12, 24, 31])
def test_a_cycle_is_found_as_soon_as_it_was_seen_twice_and_not_before(period):
    past = past_in(*lanes(wave(240, period) + 0.01 * torch.arange(240)))
    short, _ = find_cycles(past)
    seen = past.age[0] >= 2 * period + 2  # a peak shows with the value after it
    assert ((short.length[0][seen] - period).abs() <= 1).all()  # the first pairs alone may peak a step aside
    assert (short.length[0][past.age[0] >= 3 * period] == period).all()
    assert not short.found[0][past.age[0] < 2 * period - 2].any()
    assert (short.similarity[0][seen] > 0.9).all()


def test_a_random_walk_has_no_convincing_cycle_and_a_line_none():
    past = past_in(*lanes(noise(480).cumsum(0), torch.arange(480).double()))
    short, long = find_cycles(past)
    assert (short.similarity[0, 10:] < 0.25).all()
    assert not short.found[1].any()
    assert not long.found[1].any()


@pytest.mark.parametrize("share", [0.1, 0.3])
def test_a_cycle_is_found_with_values_missing_here_and_there(share):
    """Counting only what has both neighbours, or values held across gaps as observed, takes 12 for 13."""
    missing = torch.rand(20, 360, generator=torch.Generator().manual_seed(5)) < share
    values = torch.stack([wave(360, 12) + 0.1 * noise(360, seed) for seed in range(20)])
    short, _ = find_cycles(past_in(*to_patches(values, ~missing, PATCH)))
    assert (short.length[:, 15:] == 12).double().mean() > 0.95


def test_a_gap_and_a_spike_and_a_drift_hide_no_cycle():
    gap, spike, drift = (wave(360, 12) + 0.1 * noise(360) for _ in range(3))
    observed = torch.ones(3, 360, dtype=torch.bool)
    gap[130:] += 20
    observed[0, 100:130] = False
    spike[150] += 100
    short, _ = find_cycles(past_in(*to_patches(torch.stack([gap, spike, drift + torch.arange(360)]), observed, PATCH)))
    assert (short.length[:, -10:] == 12).all()
