"""Predictions are expressed in a mean of naive forecasts, weighted by their errors at each lead time."""

import itertools
import math

import pytest
import torch
from torch import Tensor

from segue.forecasting.nanotst.cycles import Cycle, detect_cycles
from segue.forecasting.nanotst.features import features_of
from segue.forecasting.nanotst.past import Past, past_of
from segue.forecasting.nanotst.patches import append_unknown, to_patches
from segue.forecasting.nanotst.reference import (
    NaiveErrors,
    Reference,
    lead_times,
    naive_errors,
    weighted_reference,
)
from segue.forecasting.nanotst.scaling import Scale, mean_scale, step_scale
from segue.forecasting.nanotst.seasonal import last_cycle
from segue.forecasting.nanotst.variogram import LAGS, Variogram, variogram
from tests.forecasting.nanotst.conftest import PATCH, lanes, noise, periods, ragged, wave


def everywhere(past: Past, length: int) -> Cycle:
    """A cycle of so many steps at every patch; none for zero."""
    lengths = torch.full_like(past.newest_of_patch, length)
    return Cycle(lengths, (lengths > 0).double())


def errors_of(
    patches: Tensor, observed: Tensor, length: int = 0, other: int = 0
) -> tuple[Past, Variogram, NaiveErrors]:
    """The root mean square errors come back in the unit of the series."""
    past = past_of(patches, observed)
    overall = mean_scale(past)
    differences = variogram(past, overall)
    squares = naive_errors(past, differences, overall, everywhere(past, length), everywhere(past, other))
    unit = differences.unit[..., None]
    return past, differences, NaiveErrors(*(part.sqrt() * unit for part in squares.stacked().unbind(-1)))


def reference_of(*rows: Tensor) -> Reference:
    patches, observed = lanes(*rows)
    return features_of(patches, observed, periods(len(rows)))[1]


def smoothed(differences: Variogram, lag: int, token: int) -> float:
    """The mean square at a lag with one more pair of those one step apart."""
    pairs = differences.pairs[0, token]
    square = (differences.square * differences.unit[..., None] ** 2)[0, token]
    return ((square[lag] * pairs[lag] + square[1]) / (pairs[lag] + 1)).item()


def test_lead_times_count_from_the_newest_value_not_from_the_end_of_the_patch():
    patches, observed = lanes(torch.arange(48).double())
    observed[0, 2, 9:], observed[0, 3] = False, False
    lead = lead_times(past_of(patches, observed))
    steps = torch.arange(1, PATCH + 1)
    assert torch.equal(lead[0, 1], steps)
    assert torch.equal(lead[0, 2], steps + 3)
    assert torch.equal(lead[0, 3], steps + 3 + PATCH)
    far = append_unknown(observed, 50)
    assert lead_times(past_of(append_unknown(patches, 50), far)).max() == LAGS - 1


def test_the_last_value_errs_by_the_variogram_at_the_lead_time():
    """Of a line of slope 3, by 3 h at lead time h; the added pair is one step apart, of 3."""
    _, differences, errors = errors_of(*lanes(3 * torch.arange(480).double()))
    for token in (5, 20, 39):
        for step in range(PATCH):
            lead = step + 1
            expected = math.sqrt(smoothed(differences, lead, token))
            assert errors.last[0, token, step].item() == pytest.approx(expected, rel=1e-9)
            pairs = differences.pairs[0, token, lead].item()
            square = ((3 * lead) ** 2 * pairs + 9) / (pairs + 1)
            assert errors.last[0, token, step].item() == pytest.approx(math.sqrt(square), rel=1e-9)


def test_a_cycle_errs_by_the_variogram_at_as_many_cycles_as_the_lead_time_needs():
    patches, observed = lanes(wave(480, 9) + 0.3 * noise(480))
    _, differences, errors = errors_of(patches, observed, length=5, other=9)
    for token in (10, 39):
        for step in range(PATCH):
            for found, length in ((errors.cycle, 5), (errors.other, 9)):
                reach = -(-(step + 1) // length) * length
                expected = math.sqrt(smoothed(differences, reach, token))
                assert found[0, token, step].item() == pytest.approx(expected, rel=1e-9), (step, length)
    *_, without = errors_of(patches, observed)
    assert (without.cycle == torch.inf).all()
    assert (without.other == torch.inf).all()


def test_the_mean_errs_by_the_deviation_of_noise_and_by_more_than_it_on_a_trend():
    white, line = noise(240), torch.arange(240).double()
    past, _, errors = errors_of(*lanes(white, line))
    deviation = mean_scale(past).unit
    assert errors.mean[0, -1, 0].item() == pytest.approx(deviation[0, -1].item(), rel=0.05)
    actual = line[-1] + 6 - mean_scale(past).location[1, -1]  # what the mean of a line errs by at the middle step
    assert errors.mean[1, -1, 0] > 1.05 * deviation[1, -1]
    assert 0.6 <= errors.mean[1, -1, 0] / actual <= 1.1
    assert (errors.mean >= deviation[..., None] * (1 - 1e-9)).all()


def test_weights_fall_with_the_fourth_power_of_the_squared_errors():
    patches, observed = lanes(noise(48), noise(48, seed=1))
    past = past_of(patches, observed)
    generator = torch.Generator().manual_seed(0)
    squares = [torch.rand(2, 4, PATCH, generator=generator, dtype=torch.float64) + 0.1 for _ in range(4)]
    squares[3] = torch.full_like(squares[3], torch.inf)
    forecasts = [torch.randn(2, 4, PATCH, generator=generator, dtype=torch.float64) for _ in range(4)]
    unit = torch.tensor([[4.0], [0.5]]).double()
    local = Scale(past.last, torch.full_like(past.last, 1e-9))
    reference, path = weighted_reference(past, local, NaiveErrors(*squares), unit, forecasts)
    weights = torch.stack(squares, dim=-1) ** -4.0
    weights = weights / weights.sum(-1, keepdim=True)
    expected = (weights * torch.stack(forecasts, dim=-1)).sum(-1)
    torch.testing.assert_close(path, expected, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(reference.path, expected + past.first[:, None, None], rtol=1e-12, atol=1e-12)
    mean_square = (weights[..., :3] * torch.stack(squares[:3], dim=-1)).sum(-1)
    torch.testing.assert_close(reference.unit, mean_square.sqrt() * unit[..., None], rtol=1e-12, atol=0)
    assert torch.equal(reference.count, past.count)


def test_no_error_is_below_a_hundredth_of_a_step():
    """So an exact repetition has a unit, and two exact ones share the weight."""
    patches, observed = lanes(noise(48))
    past = past_of(patches, observed)
    zero, one = torch.zeros(1, 4, PATCH).double(), torch.ones(1, 4, PATCH).double()
    local = Scale(past.last, torch.full_like(past.last, 7.0))
    unit = torch.tensor([[2.0]]).double()
    reference, path = weighted_reference(past, local, NaiveErrors(one, zero, one, zero), unit, [zero, zero, one, one])
    torch.testing.assert_close(reference.unit, 0.07 * one, rtol=1e-6, atol=0)
    torch.testing.assert_close(path, one / 2, rtol=0, atol=1e-6)


def test_a_walk_is_expressed_in_its_last_value():
    """Within what the others weigh: in the mean a hundredth of the lane's deviation at the first step."""
    values = torch.stack([noise(480, seed).cumsum(0) for seed in range(40)])
    path = reference_of(*values).path[:, -1]
    apart = (path - values[:, -1:]).abs() / values.std(1, keepdim=True)
    assert apart[:, 0].mean() <= 0.01
    assert apart.mean() <= 0.05


def test_noise_is_expressed_in_its_mean_within_the_weight_of_the_last_value():
    """The last value errs by twice the squared deviation, so it weighs 1 / (1 + 2^4) = .06."""
    values = torch.stack([noise(960, seed) for seed in range(40)])
    patches, observed = lanes(*values)
    past = past_of(patches, observed)
    reference = features_of(patches, observed, periods(40))[1]
    mean = mean_scale(past).location[:, -1, None]
    path = reference.path[:, -1] - past.first[:, None]
    share = ((path - mean) / (past.last[:, -1, None] - mean)).median()
    assert 0 <= share <= 0.2  # chance cycles have the same error as the last value, and the same weight
    assert (path - mean).abs().mean() <= 0.25
    assert reference.unit[:, -1].mean().item() == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("period", [24, 48, 100])
def test_a_smooth_cycle_is_expressed_in_its_last_cycle(period):
    """It drifts by .03 in a cycle, and moves by .06 in a step at least."""
    values = wave(480, period) + 0.03 / period * torch.arange(480)
    reference = reference_of(values)
    copied = values[-period:][:PATCH]
    torch.testing.assert_close(reference.path[0, -1, 2:], copied[2:], rtol=0, atol=0.01)
    assert (reference.path[0, -1] - values[-1]).abs().max() > 0.3


def test_the_unit_of_a_walk_grows_like_the_root_of_the_lead_time():
    """The variogram of a walk of unit steps is the lag, so the square of the unit at lead time h is h."""
    patches, observed = lanes(*(noise(480, seed).cumsum(0) for seed in range(60)))
    ahead = [append_unknown(part, 3) for part in (patches, observed)]
    unit = features_of(*ahead, periods(60))[1].unit[:, -4:].square().mean(0)
    lead = torch.arange(1, 49).double().view(4, PATCH)
    torch.testing.assert_close(unit / lead, torch.ones_like(lead), rtol=0, atol=0.25)


def test_a_longer_horizon_changes_no_nearer_step():
    patches, observed = ragged()
    expected = features_of(patches, observed, periods(2, 24.0))[1]
    count = patches.shape[1]
    longer = [
        features_of(append_unknown(patches, more), append_unknown(observed, more), periods(2, 24.0))[1]
        for more in (1, 3, 20)
    ]
    for other in longer:
        torch.testing.assert_close(other.path[:, :count], expected.path, rtol=0, atol=1e-12)
        torch.testing.assert_close(other.unit[:, :count], expected.unit, rtol=1e-12, atol=0)
    for one, other in itertools.pairwise(longer):
        upto = one.path.shape[1]
        torch.testing.assert_close(other.path[:, :upto], one.path, rtol=0, atol=1e-12)
        torch.testing.assert_close(other.unit[:, :upto], one.unit, rtol=1e-12, atol=0)


def test_the_reference_beyond_the_longest_lag_is_finite_and_stays():
    patches, observed = ragged()
    reference = features_of(append_unknown(patches, 60), append_unknown(observed, 60), periods(2))[1]
    assert reference.path.isfinite().all()
    assert reference.unit.isfinite().all()
    assert (reference.unit[:, 24:] > 0).all()


def test_the_path_moves_little_when_one_value_moves_little():
    """No switch between references: the path's move is of the order of the value's, for every size of it."""
    rows = [wave(480, 24) + 0.3 * noise(480), noise(480, seed=1).cumsum(0), noise(480, seed=2)]
    patches, observed = lanes(*rows)
    reference = features_of(patches, observed, periods(3))[1]
    for step in (0, 300, 470, 479):
        for size in (1e-9, 1e-6, 1e-3):
            moved = patches.flatten(1).clone()
            moved[:, step] += size
            other = features_of(moved.view_as(patches), observed, periods(3))[1]
            slope = (other.path - reference.path)[:, -1].abs().amax(1) / size
            assert (slope <= 10).all(), (step, size)
            change = (other.unit / reference.unit - 1)[:, -1].abs() / size
            assert (change <= 10).all(), (step, size)


@pytest.mark.parametrize("value", [3.3, -1e15, 1e-300, 0.0])
def test_equal_values_have_a_unit_of_zero_and_stay(value):
    reference = reference_of(torch.full((60,), value, dtype=torch.float64))
    assert (reference.unit == 0).all()
    assert (reference.path == value).all()
    assert (reference.divisor == 1).all()
    assert reference.divisor.shape == (1, 5, PATCH)


def test_a_single_value_stays_and_has_no_unit():
    values, observed = noise(60)[None], torch.zeros(1, 60, dtype=torch.bool)
    observed[0, 20] = True
    patches, observed = to_patches(values, observed, PATCH)
    reference = features_of(patches, observed, periods(1, 7.0))[1]
    assert (reference.path[0, 1:] == values[0, 20]).all()
    assert (reference.path[0, 0] == values[0, 20]).all()  # before it nothing is known; the lane's first value is zero
    assert (reference.unit == 0).all()


@pytest.mark.parametrize("every", [1, 2, 3, 5])
def test_values_observed_at_every_few_steps_have_an_error_at_every_lead_time(every):
    """No pair of values lies at most lags; none must count as a pair of equal values, which would err by nothing."""
    seen = (torch.arange(480) % every == 479 % every).expand(40, -1)
    white = torch.stack([noise(480, seed) for seed in range(40)])
    unit = features_of(*to_patches(white, seen, PATCH), periods(40))[1].unit[:, -1]
    assert unit.mean().item() == pytest.approx(1.07, abs=0.1)
    walk = white.cumsum(1)
    reference = features_of(*to_patches(walk, seen, PATCH), periods(40))[1]
    assert (reference.unit[:, -1] >= 1).double().mean() >= 0.9
    assert (reference.path[:, -1] - walk[:, -1:]).square().mean().sqrt() <= 2  # twelve steps err by 2.5


def test_two_values_are_a_step_apart_in_the_unit_of_one_step():
    values, observed = torch.zeros(1, 24).double(), torch.zeros(1, 24, dtype=torch.bool)
    values[0, -2:], observed[0, -2:] = torch.tensor([5.0, 8.0]).double(), True
    reference = features_of(*to_patches(values, observed, PATCH), periods(1))[1]
    assert (reference.path[0, -1] >= 5).all()
    assert (reference.path[0, -1] <= 8).all()
    assert (reference.unit[0, -1] > 0).all()
    assert (reference.unit[0, -1] <= 3 + 1e-9).all()


def test_the_weights_of_the_features_are_those_of_the_errors():
    """The whole way, put together by hand."""
    patches, observed = ragged()
    seasons = periods(2, 24.0)
    past = past_of(patches, observed)
    local, overall = step_scale(past), mean_scale(past)
    differences = variogram(past, overall)
    cycle, other = detect_cycles(past, differences, seasons)
    squares = naive_errors(past, differences, overall, cycle, other).stacked()
    least = (0.01 * local.unit / differences.unit).square()[..., None, None]
    weights = torch.maximum(squares, least).clamp(min=1e-30) ** -4.0
    weights = weights / weights.sum(-1, keepdim=True)
    levels = [level[..., None].expand(-1, -1, PATCH) for level in (local.location, overall.location)]
    naive = torch.stack([*levels, last_cycle(past, cycle), last_cycle(past, other)], dim=-1)
    expected = (weights * naive).sum(-1) + past.first[:, None, None]
    _, reference = features_of(patches, observed, seasons)
    torch.testing.assert_close(reference.path[:, 5:], expected[:, 5:], rtol=0, atol=1e-9)


def test_normalise_and_restore_are_inverse_and_keep_a_unit_of_zero():
    generator = torch.Generator().manual_seed(0)
    path = torch.randn(3, 5, 4, generator=generator, dtype=torch.float64) * 7 + 100
    unit = torch.tensor([2.0, 0.3, 0.0])[:, None, None] * torch.arange(1, 21).view(5, 4)
    reference = Reference(path, unit.double(), torch.ones(3, 5).double())
    values = torch.randn(3, 5, 4, generator=generator, dtype=torch.float64)
    back = reference.restore(reference.normalise(values))
    torch.testing.assert_close(back[:2], values[:2], rtol=0, atol=1e-12)
    assert torch.equal(back[2], path[2])  # what has no unit is the path, whatever the network says
    assert torch.equal(reference.normalise(values)[2], (values - path)[2])
    assert reference.normalise(path + reference.unit)[0].mean((0, 1), keepdim=True).flatten().tolist() == pytest.approx(
        [1.0]
    )
    levels = reference.restore(torch.stack([values, 2 * values], dim=-1))
    torch.testing.assert_close(levels[..., 1], reference.restore(2 * values), rtol=0, atol=0)
    since = reference.since(3)
    assert torch.equal(since.path, path[:, 3:])
    assert torch.equal(since.unit, reference.unit[:, 3:])
