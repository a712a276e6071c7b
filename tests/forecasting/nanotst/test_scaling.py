"""Scales: closed forms, no leak, and nothing lost to large numbers."""

import itertools
import math

import numpy as np
import pytest
import torch

from segue.forecasting.nanotst.past import Past, past_of
from segue.forecasting.nanotst.patches import append_unknown, beginnings, patches_ahead, to_patches
from segue.forecasting.nanotst.scaling import (
    HALF_LIFE,
    faded_sum,
    fading,
    mean_scale,
    relations,
    squash,
    step_scale,
)
from tests.forecasting.nanotst.conftest import PATCH, ragged


@pytest.fixture
def lanes() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    patches = torch.randn(3, 5, 4, generator=generator, dtype=torch.float64) * 7 + 100
    observed = torch.rand(3, 5, 4, generator=generator) < 0.7
    return patches, observed


def all_of(patches: torch.Tensor) -> Past:
    return past_of(patches, torch.ones_like(patches, dtype=torch.bool))


def fade(token: int, size: int = 4) -> np.ndarray:
    """What each value of the first patches counts for at the end of one."""
    return np.repeat(0.5 ** (np.arange(token, -1, -1) * size / HALF_LIFE), size)


def test_the_mean_scale_is_numpys_mean_and_std_of_all_observed_values_so_far(lanes):
    patches, observed = lanes
    past = past_of(patches, observed)
    scale = mean_scale(past)
    for lane in range(3):
        for token in range(5):
            known = observed[lane, : token + 1]
            seen, weight = patches[lane, : token + 1][known].numpy(), fade(token)[known.flatten().numpy()]
            mean = np.average(seen, weights=weight)
            assert (scale.location[lane, token] + past.first[lane]).item() == pytest.approx(mean, abs=1e-12)
            std = np.sqrt(np.average((seen - mean) ** 2, weights=weight))
            assert scale.unit[lane, token].item() == pytest.approx(std, abs=1e-12)
            assert past.count[lane, token] == len(seen)


def test_no_scale_sees_the_future(lanes):
    patches, observed = lanes
    other = patches.clone()
    other[:, -1] += 50.0
    for scale_of in (mean_scale, step_scale):
        now, then = scale_of(past_of(patches, observed)), scale_of(past_of(other, observed))
        assert torch.equal(now.unit[:, :-1], then.unit[:, :-1])
        assert torch.equal(now.location[:, :-1], then.location[:, :-1])
        assert (now.unit[:, -1] != then.unit[:, -1]).all()


def test_step_scale_is_the_last_value_and_the_naive_forecasts_error_lately(lanes):
    patches, observed = lanes
    past = past_of(patches, observed)
    scale = step_scale(past)
    for lane in range(3):
        for token in range(5):
            known = observed[lane, : token + 1]
            seen, weight = patches[lane, : token + 1][known].numpy(), fade(token)[known.flatten().numpy()]
            error = np.average(np.abs(np.diff(seen)), weights=weight[1:])
            assert scale.location[lane, token] == seen[-1] - past.first[lane].item()
            assert scale.unit[lane, token].item() == pytest.approx(error, abs=1e-12)
            assert past.count[lane, token] == len(seen)


def test_a_lane_not_yet_begun_has_a_step_scale_of_zeros_whatever_lies_there():
    patches = torch.tensor([[[7.0, 8.0], [9.0, 1.0]]])
    past = past_of(patches, torch.tensor([[[False, False], [False, True]]]))
    scale = step_scale(past)
    assert (scale.location.tolist(), scale.unit.tolist(), past.count.tolist()) == ([[0, 0]], [[0, 0]], [[0, 1]])
    assert (past.first.tolist(), past.begin.tolist(), past.newest_of_patch.tolist()) == ([1], [3], [[-1, 3]])
    assert (past.held == 0).all()


def test_a_tiny_ripple_on_a_huge_level_keeps_its_deviation():
    # E[x^2] - E[x]^2 would answer zero, or the root of a negative number, here
    ripple = torch.tensor([0.0, 1.0, 0.0, 1.0]).double().view(1, 1, 4)
    assert mean_scale(all_of(ripple + 1e12)).unit.item() == pytest.approx(0.5, rel=1e-12)


@pytest.mark.parametrize("value", [0.1, -3.3e15, 1e-300])
def test_equal_values_have_a_unit_of_exactly_zero_and_are_at_zero(value):
    past = all_of(torch.full((1, 3, 4), value, dtype=torch.float64))
    for scale in (mean_scale(past), step_scale(past)):
        assert (scale.unit == 0).all()
        assert (scale.divisor == 1).all()
        assert (scale.location == 0).all()
        assert (scale.normalise(past.by_patch(past.held)) == 0).all()
    assert past.first.item() == value


def test_normalised_values_are_distances_from_the_location_in_units(lanes):
    patches, observed = lanes
    past = past_of(patches, observed)
    scale = mean_scale(past)
    normal = scale.normalise(past.by_patch(past.held))
    back = normal * scale.unit[..., None] + scale.location[..., None] + past.first[:, None, None]
    torch.testing.assert_close(back[observed], patches[observed], rtol=0, atol=1e-12)


def test_the_mean_is_a_faded_sum_over_all_that_was_seen():
    patches, observed = ragged()
    past = past_of(patches, observed)
    mean = mean_scale(past).location
    for lane, upto in itertools.product(range(2), (5, 11, 24)):
        first = patches[lane][observed[lane]][0]
        weights = 0.5 ** ((upto - torch.arange(upto + 1).double()) * PATCH / 256)[:, None] * observed[lane, : upto + 1]
        seen = patches[lane, : upto + 1] - first
        expected = (seen * weights).sum() / weights.sum()
        assert mean[lane, upto].item() == pytest.approx(expected.item(), rel=1e-9)


def test_weights_fade_by_half_in_a_half_life_and_the_future_has_none():
    weight = fading(4, 128, torch.device("cpu"))
    torch.testing.assert_close(weight[:, 3], torch.tensor([2**-1.5, 0.5, 2**-0.5, 1.0]).double())
    assert (weight.tril(-1) == 0).all()
    sums = torch.tensor([[1.0, 10.0, 100.0, 1000.0]]).double()
    assert faded_sum(sums, 256).tolist() == [[1, 10.5, 105.25, 1052.625]]


def test_relations_are_moves_and_distances_in_current_deviations():
    patches = torch.tensor([[[0.0, 2.0], [4.0, 6.0]]], dtype=torch.float64)
    past = all_of(patches)
    related = relations(mean_scale(past), step_scale(past))
    share = 1 / (1 + 2 ** (2 / HALF_LIFE))  # of the first patch in the second: 0, 2 and 4, 6
    mean = 1 * share + 5 * (1 - share)
    unit = (1 + share * (1 - mean) ** 2 + (1 - share) * (5 - mean) ** 2) ** 0.5  # around 1 it was 1; a step is 2
    assert related[0, 0].tolist() == pytest.approx([0.0, 0.0, math.asinh(1.0), math.log(2.0)])
    expected = [math.asinh((mean - 1) / unit), math.log(unit), math.asinh((6 - mean) / unit), math.log(2 / unit)]
    assert related[0, 1].tolist() == pytest.approx(expected)


def test_squashing_is_the_inverse_hyperbolic_sine():
    """Catches a square that overflows and a sign that is dropped; near zero it is exact to the last place of 1."""
    values = torch.tensor([0.0, -1e-9, 1e-4, -0.3, 1.0, 60.0, -1e9, 1e18], requires_grad=True)
    squashed = squash(values)
    torch.testing.assert_close(squashed, values.asinh(), rtol=1e-6, atol=1.2e-7)
    (slope,) = torch.autograd.grad(squashed.sum(), values)
    torch.testing.assert_close(slope[1:], ((values**2 + 1).rsqrt())[1:], rtol=1e-5, atol=0)
    assert squash(torch.tensor([3e38, torch.inf])).tolist() == pytest.approx([42.14, 42.14], abs=0.01)


def test_patches_end_with_the_last_value():
    patches, observed = to_patches(torch.arange(1.0, 6.0)[None], torch.ones(1, 5, dtype=torch.bool), 4)
    np.testing.assert_array_equal(patches[0], [[0, 0, 0, 1], [2, 3, 4, 5]])
    np.testing.assert_array_equal(observed[0], [[False, False, False, True], [True] * 4])
    assert append_unknown(observed, 2)[0, 2:].sum() == 0


def test_the_last_patch_of_the_context_predicts_the_first_patch_ahead():
    assert [patches_ahead(horizon, 4) for horizon in (1, 4, 5, 8, 9)] == [0, 0, 1, 1, 2]


def test_a_lane_begins_at_its_first_observed_patch_and_only_there():
    observed = torch.tensor([[[0, 0], [0, 1], [0, 0], [1, 1]], [[0, 0]] * 4], dtype=torch.bool)
    assert beginnings(observed).tolist() == [[False, True, False, False], [False] * 4]
