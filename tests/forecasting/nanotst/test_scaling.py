"""Scales: closed forms, no leak, and nothing lost to large numbers."""

import numpy as np
import pytest
import torch

from segue.forecasting.nanotst.patches import append_unknown, beginnings, to_patches
from segue.forecasting.nanotst.scaling import HALF_LIFE, running_scale, step_scale, window_scale


@pytest.fixture
def lanes() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    patches = torch.randn(3, 5, 4, generator=generator, dtype=torch.float64) * 7 + 100
    observed = torch.rand(3, 5, 4, generator=generator) < 0.7
    return patches, observed


def fade(token: int, size: int = 4) -> np.ndarray:
    """What each value of the first patches counts for at the end of one."""
    return np.repeat(0.5 ** (np.arange(token, -1, -1) * size / HALF_LIFE), size)


def test_running_scale_is_numpys_mean_and_std_of_all_observed_values_so_far(lanes):
    patches, observed = lanes
    scale = running_scale(patches, observed)
    for lane in range(3):
        for token in range(5):
            known = observed[lane, : token + 1]
            seen, weight = patches[lane, : token + 1][known].numpy(), fade(token)[known.flatten().numpy()]
            mean = np.average(seen, weights=weight)
            assert scale.location[lane, token] == pytest.approx(mean, abs=1e-12)
            std = np.sqrt(np.average((seen - mean) ** 2, weights=weight))
            assert scale.spread[lane, token] == pytest.approx(std, abs=1e-12)
            assert scale.count[lane, token] == len(seen)


def test_window_scale_is_that_of_all_values_everywhere(lanes):
    patches, observed = lanes
    window = window_scale(patches, observed)
    for lane in range(3):
        seen = patches[lane][observed[lane]].numpy()
        assert window.location[lane].tolist() == pytest.approx([seen.mean()] * 5, abs=1e-12)
        assert window.spread[lane].tolist() == pytest.approx([seen.std()] * 5, abs=1e-12)


def test_a_running_scale_does_not_see_the_future_and_a_window_scale_does(lanes):
    patches, observed = lanes
    other = patches.clone()
    other[:, -1] += 50.0
    assert torch.equal(running_scale(patches, observed).spread[:, :-1], running_scale(other, observed).spread[:, :-1])
    assert (window_scale(patches, observed).spread[:, 0] != window_scale(other, observed).spread[:, 0]).all()


def test_step_scale_is_the_last_value_and_the_naive_forecasts_error_lately(lanes):
    patches, observed = lanes
    scale = step_scale(patches, observed)
    for lane in range(3):
        for token in range(5):
            known = observed[lane, : token + 1]
            seen, weight = patches[lane, : token + 1][known].numpy(), fade(token)[known.flatten().numpy()]
            error = np.average(np.abs(np.diff(seen)), weights=weight[1:])
            assert scale.location[lane, token] == seen[-1]
            assert scale.spread[lane, token] == pytest.approx(error, abs=1e-12)
            assert scale.count[lane, token] == len(seen)


def test_a_lane_not_yet_begun_has_a_step_scale_of_zeros_whatever_lies_there():
    patches = torch.tensor([[[7.0, 8.0], [9.0, 1.0]]])
    scale = step_scale(patches, torch.tensor([[[False, False], [False, True]]]))
    assert (scale.location.tolist(), scale.spread.tolist(), scale.count.tolist()) == ([[0, 1]], [[0, 0]], [[0, 1]])


def test_a_tiny_ripple_on_a_huge_level_keeps_its_spread():
    # E[x^2] - E[x]^2 would answer zero, or the root of a negative number, here
    ripple = torch.tensor([0.0, 1.0, 0.0, 1.0]).double().view(1, 1, 4)
    scale = running_scale(ripple + 1e12, torch.ones(1, 1, 4, dtype=torch.bool))
    assert scale.spread.item() == pytest.approx(0.5, rel=1e-12)


@pytest.mark.parametrize("value", [0.1, -3.3e15, 1e-300])
def test_equal_values_have_a_spread_of_exactly_zero_and_come_back_exactly(value):
    patches = torch.full((1, 3, 4), value, dtype=torch.float64)
    scale = running_scale(patches, torch.ones(1, 3, 4, dtype=torch.bool))
    assert (scale.spread == 0).all()
    assert torch.equal(scale.restore(torch.randn(1, 3, 4)), patches)


def test_normalise_and_restore_are_inverse(lanes):
    patches, observed = lanes
    scale = running_scale(patches, observed)
    torch.testing.assert_close(scale.restore(scale.normalise(patches)), patches, rtol=0, atol=1e-12)


def test_patches_end_with_the_last_value():
    patches, observed = to_patches(torch.arange(1.0, 6.0)[None], torch.ones(1, 5, dtype=torch.bool), 4)
    np.testing.assert_array_equal(patches[0], [[0, 0, 0, 1], [2, 3, 4, 5]])
    np.testing.assert_array_equal(observed[0], [[False, False, False, True], [True] * 4])
    assert append_unknown(observed, 2)[0, 2:].sum() == 0


def test_a_lane_begins_at_its_first_observed_patch_and_only_there():
    observed = torch.tensor([[[0, 0], [0, 1], [0, 0], [1, 1]], [[0, 0]] * 4], dtype=torch.bool)
    assert beginnings(observed).tolist() == [[False, True, False, False], [False] * 4]
