"""Predictions are expressed in the best of three naive forecasts."""

import pytest
import torch

from segue.forecasting.nanotst.cycles import Cycle
from segue.forecasting.nanotst.features import features_of
from segue.forecasting.nanotst.past import past_of
from segue.forecasting.nanotst.reference import Reference, persistence_error
from segue.forecasting.nanotst.scaling import HALF_LIFE, mean_error, mean_scale, step_scale
from segue.forecasting.nanotst.seasonal import seasonal_copies
from tests.forecasting.nanotst.conftest import PATCH, cycles_of, lanes, noise, wave


def test_a_walk_is_expressed_in_steps_from_its_last_value():
    values = noise(240).cumsum(0)
    patches, observed = lanes(values)
    features, reference = features_of(patches, observed)
    torch.testing.assert_close(reference.path[0, -1], values[-1].expand(PATCH), rtol=0, atol=1e-12)
    assert torch.equal(reference.unit, step_scale(past_of(patches, observed)).unit)
    assert (features.mean_is_reference == 0).all()
    assert (features.cycle_is_reference == 0).all()
    assert (features.log_unit == 0).all()


def test_noise_is_expressed_in_its_distance_from_the_mean_which_is_a_feature_of_every_lane():
    white, walk = noise(480), noise(480, seed=1).cumsum(0)
    patches, observed = lanes(white, walk)
    features, reference = features_of(patches, observed)
    past = past_of(patches, observed)
    mean = mean_scale(past).location
    error = mean_error(past, mean)
    torch.testing.assert_close(reference.path[0, -1], (mean[0, -1] + white[0]).expand(PATCH), rtol=0, atol=1e-12)
    assert reference.unit[0, -1].item() == pytest.approx(error[0, -1].item())
    assert error[0, -1].item() == pytest.approx((2 / torch.pi) ** 0.5, abs=0.1)  # of a standard normal
    assert features.mean_is_reference[:, -1, 0].tolist() == [1, 0]
    level = (mean + torch.stack([white, walk])[:, :1])[..., None]
    torch.testing.assert_close(reference.restore(features.mean), level.expand(-1, -1, PATCH), rtol=0, atol=1e-9)


def test_a_smooth_cycle_is_expressed_in_itself_though_it_moves_slowly():
    """One step of a wave of 48 steps is 0.08 in the mean, a cycle's drift 0.12; 4, 7 and 10 steps are 0.4 and more."""
    patches, observed = lanes(wave(480, 48) + 0.0025 * torch.arange(480))
    past, short, _ = cycles_of(patches, observed)
    features, reference = features_of(patches, observed)
    assert short.length[0, -1] == 48
    assert features.cycle_is_reference[0, -1] == 1
    assert torch.equal(reference.path[0, -1], seasonal_copies(past, short).last[0, -1] + past.first[0])


def test_the_last_value_is_judged_by_parts_of_a_patch_that_are_shorter_than_the_cycle():
    """Of a line, x[t] - x[t - ahead] is ahead, whatever is missing; of patches of 12 the parts are 1, 4, 7 and 10."""
    patches, observed = lanes(torch.arange(120).double())
    local = step_scale(past_of(patches, observed))  # one step, here not over a gap
    observed[0, 3, 4:9] = False
    past = past_of(patches, observed)
    expected = {0: 1.0, 4: 1.0, 5: 5 / 2, 12: 22 / 4}
    for length, error in expected.items():
        steps = torch.full_like(past.newest_of_patch, length)
        assert persistence_error(past, Cycle(steps, steps.double()), local)[0, -1].item() == pytest.approx(error)


def test_the_error_of_the_last_value_fades_and_needs_pairs():
    """Steps of 1, then of 3, every third one observed: no pair lies 4, 7 or 10 steps apart. Of every step, all do."""
    values = torch.where(torch.arange(240) < 120, 1.0, 3.0).double().cumsum(0)
    patches, observed = lanes(values, values)
    local = step_scale(past_of(patches, observed))
    observed[1] &= (torch.arange(240) % 3 == 0).unflatten(0, observed[1].shape)
    past = past_of(patches, observed)
    length = torch.full_like(past.newest_of_patch, 24)
    error = persistence_error(past, Cycle(length, length.double()), local)
    weight = torch.exp2(-(19 - torch.arange(20).double()) * PATCH / HALF_LIFE).repeat_interleave(PATCH)
    parts = [local.unit[0, -1]]
    for ahead in (4, 7, 10):
        parts.append(((values[ahead:] - values[:-ahead]) * weight[ahead:]).sum() / weight[ahead:].sum())
    assert error[0, -1].item() == pytest.approx(torch.stack(parts).mean().item(), rel=1e-12)
    assert error[1, -1] == local.unit[1, -1]


def test_normalise_and_restore_are_inverse_and_keep_a_unit_of_zero():
    generator = torch.Generator().manual_seed(0)
    path = torch.randn(3, 5, 4, generator=generator, dtype=torch.float64) * 7 + 100
    unit = torch.tensor([2.0, 0.3, 0.0])[:, None].expand(3, 5).double()
    reference = Reference(path, unit, torch.ones(3, 5).double())
    values = torch.randn(3, 5, 4, generator=generator, dtype=torch.float64)
    back = reference.restore(reference.normalise(values))
    torch.testing.assert_close(back[:2], values[:2], rtol=0, atol=1e-12)
    assert torch.equal(back[2], path[2])  # what has no unit is the path, whatever the network says
    assert torch.equal(reference.normalise(values)[2], (values - path)[2])
    levels = reference.restore(torch.stack([values, 2 * values], dim=-1))
    torch.testing.assert_close(levels[..., 1], reference.restore(2 * values), rtol=0, atol=0)
    assert torch.equal(reference.since(3).path, path[:, 3:])
