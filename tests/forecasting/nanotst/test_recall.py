"""Cycles are looked up exactly; predictions stand in the better naive forecast."""

import itertools

import numpy as np
import pytest
import torch
from segue.forecasting.nanotst.level import mean_level
from segue.forecasting.nanotst.persistence import persistence_error
from test_cycles import PATCH, lanes, noise, past_in, wave

from segue.forecasting.nanotst.cycles import Cycle, find_cycles
from segue.forecasting.nanotst.features import look_up, recall, repetition_error, residuals, told_size
from segue.forecasting.nanotst.lines import HALF_LIVES, fitted_lines
from segue.forecasting.nanotst.patches import to_patches
from segue.forecasting.nanotst.scaling import HALF_LIFE, running_scales, step_scale

WEEK = 84


def days(length: int) -> torch.Tensor:
    """A cycle of twelve steps, whose height follows one of seven times twelve."""
    heights = torch.tensor([1.0, 1.2, 1.1, 1.3, 1.0, 0.2, 0.1], dtype=torch.float64)
    return wave(length, 12) * heights[torch.arange(length) // 12 % 7] + 0.001 * noise(length)


def test_the_week_takes_the_place_of_the_day_where_it_repeats_better():
    values = days(6 * WEEK)
    patches, observed = lanes(values)
    local = step_scale(patches, observed)
    told, reference = recall(patches, observed, local)
    expected = values[-WEEK:][:PATCH]  # what follows the last patch, a week ago
    torch.testing.assert_close(reference.path[0, -1], expected, rtol=0, atol=1e-12)
    gaps = (values[WEEK:] - values[:-WEEK]).abs()[-256:]
    least = 0.01 * local.spread[0, -1].item()
    assert reference.unit[0, -1].item() == pytest.approx(max(gaps.mean().item(), least), rel=1e-6)
    assert told.shape[-1] == told_size(PATCH)


def test_a_walk_is_expressed_in_steps_from_its_last_value():
    values = noise(240).cumsum(0)
    patches, observed = lanes(values)
    local = step_scale(patches, observed)
    _, reference = recall(patches, observed, local)
    torch.testing.assert_close(reference.path[0, -1], values[-1].expand(PATCH), rtol=0, atol=1e-12)
    assert torch.equal(reference.unit, local.spread)


def test_noise_is_expressed_in_its_distance_from_the_mean_which_every_lane_is_told():
    white, walk = noise(480), noise(480, seed=1).cumsum(0)
    patches, observed = lanes(white, walk)
    told, reference = recall(patches, observed, step_scale(patches, observed))
    mean, error = mean_level(past_in(patches, observed))
    torch.testing.assert_close(reference.path[0, -1], (mean[0, -1] + white[0]).expand(PATCH), rtol=0, atol=1e-12)
    assert reference.unit[0, -1].item() == pytest.approx(error[0, -1].item())
    assert error[0, -1].item() == pytest.approx((2 / torch.pi) ** 0.5, abs=0.1)  # of a standard normal
    place = (mean + torch.stack([white, walk])[:, :1])[..., None]
    told = told[..., 4 * PATCH + 7 : 5 * PATCH + 7]
    torch.testing.assert_close(reference.restore(told), place.expand(-1, -1, PATCH), rtol=0, atol=1e-9)


def test_the_mean_and_its_error_are_sums_over_all_that_was_seen():
    patches, observed = ragged()
    mean, error = mean_level(past_in(patches, observed))
    for lane, upto in itertools.product(range(2), (5, 11, 24)):
        first = patches[lane][observed[lane]][0]
        weights = 0.5 ** ((upto - torch.arange(upto + 1).double()) * PATCH / 256)[:, None] * observed[lane, : upto + 1]
        seen = patches[lane, : upto + 1] - first
        means = [(seen[: k + 1] * weights[: k + 1]).sum() / weights[: k + 1].sum() for k in range(upto + 1)]
        apart = torch.stack([(part - own).abs() for part, own in zip(seen, means, strict=True)])
        apart = (apart * weights)[observed[lane, : upto + 1]].sum() / (weights.sum() - 1)
        assert mean[lane, upto].item() == pytest.approx(means[-1].item(), rel=1e-9)
        assert error[lane, upto].item() == pytest.approx(apart.item(), rel=1e-9)


def test_the_last_value_is_judged_by_parts_of_a_patch_that_are_shorter_than_the_cycle():
    """Of a line, x[t] - x[t - ahead] is ahead, whatever is missing; of patches of 12 the parts are 1, 4, 7 and 10."""
    patches, observed = lanes(torch.arange(120).double())
    local = step_scale(patches, observed)  # one step, here not over a gap
    observed[0, 3, 4:9] = False
    past = past_in(patches, observed)
    expected = {0: 1.0, 4: 1.0, 5: 5 / 2, 12: 22 / 4}
    for length, error in expected.items():
        steps = torch.full_like(past.newest, length)
        assert persistence_error(past, Cycle(steps, steps.double()), local)[0, -1].item() == pytest.approx(error)


def test_the_error_of_the_last_value_fades_and_needs_pairs():
    """Steps of 1, then of 3, every third one observed: no pair lies 4, 7 or 10 steps apart. Of every step, all do."""
    values = torch.where(torch.arange(240) < 120, 1.0, 3.0).double().cumsum(0)
    patches, observed = lanes(values, values)
    local = step_scale(patches, observed)
    observed[1] &= (torch.arange(240) % 3 == 0).unflatten(0, observed[1].shape)
    past = past_in(patches, observed)
    length = torch.full_like(past.newest, 24)
    error = persistence_error(past, Cycle(length, length.double()), local)
    weight = torch.exp2(-(19 - torch.arange(20).double()) * PATCH / HALF_LIFE).repeat_interleave(PATCH)
    parts = [local.spread[0, -1]]
    for ahead in (4, 7, 10):
        parts.append(((values[ahead:] - values[:-ahead]) * weight[ahead:]).sum() / weight[ahead:].sum())
    assert error[0, -1].item() == pytest.approx(torch.stack(parts).mean().item(), rel=1e-12)
    assert error[1, -1] == local.spread[1, -1]


def test_a_smooth_cycle_is_expressed_in_itself_though_it_moves_slowly():
    """One step of a wave of 48 steps is 0.08 in the mean, a cycle's drift 0.12; 4, 7 and 10 steps are 0.4 and more."""
    patches, observed = lanes(wave(480, 48) + 0.0025 * torch.arange(480))
    past = past_in(patches, observed)
    _, reference = recall(patches, observed, step_scale(patches, observed))
    short, _ = find_cycles(past)
    assert short.length[0, -1] == 48
    assert torch.equal(reference.path[0, -1], look_up(past, short).last[0, -1] + past.first[0])


@pytest.mark.parametrize("hidden", [0, 1, 3])
def test_looking_up_goes_whole_cycles_back_from_the_last_observed_value(hidden):
    """Steps that are themselves to be predicted must never be read."""
    values = torch.arange(96).double()
    patches, observed = lanes(values)
    observed[:, 8 - hidden :] = False
    length, newest = 10, 96 - hidden * PATCH - 1
    found = look_up(past_in(patches, observed), Cycle(torch.full((1, 8), length), torch.ones(1, 8)))
    for step in range(PATCH):
        source = 96 + step - length
        while source > newest:
            source -= length
        assert found.last[0, -1, step] == values[source]
        assert found.typical[0, -1, step].item() == pytest.approx(values[source].item(), abs=1e-9)  # on a straight line
    assert found.drift[0, -1].item() == pytest.approx(length)


def test_a_typical_cycle_is_the_mean_of_the_last_four_on_the_level_of_the_last():
    values = wave(120, 10) + 0.3 * noise(120) + torch.arange(120).double().square() / 100
    found = look_up(past_in(*lanes(values)), Cycle(torch.full((1, 10), 10), torch.ones(1, 10)))
    cycles = values[-40:].view(4, 10).flip(0)
    departures = cycles - cycles.mean(1, keepdim=True)
    expected = (departures.mean(0) + cycles[0].mean() - values[0])[torch.arange(PATCH) % 10]
    torch.testing.assert_close(found.typical[0, -1], expected, rtol=0, atol=1e-10)
    eight = values[-80:].view(8, 10).flip(0)
    expected += (eight - eight.mean(1, keepdim=True)).mean(0)[torch.arange(PATCH) % 10]
    expected -= departures.mean(0)[torch.arange(PATCH) % 10]
    torch.testing.assert_close(found.usual[0, -1], expected, rtol=0, atol=1e-10)
    assert found.drift[0, -1].item() == pytest.approx((cycles[0].mean() - cycles[1].mean()).item())


def test_a_missing_value_is_looked_up_in_the_cycle_before():
    values = 100 * (torch.arange(120) // 10) + torch.arange(120.0) % 10
    observed = torch.ones(1, 120, dtype=torch.bool)
    observed[0, [112, 113, 103]] = False
    past = past_in(*to_patches(values[None], observed, PATCH))
    found = look_up(past, Cycle(torch.full((1, 10), 10), torch.ones(1, 10)))
    assert found.last[0, -1, :5].tolist() == [1100, 1101, 1002, 903, 1104]


def test_the_error_of_repetition_is_that_of_seasonal_naive_over_the_last_256_steps():
    values = wave(480, 10) + 0.3 * noise(480)
    observed = torch.rand(1, 480, generator=torch.Generator().manual_seed(1)) < 0.9
    length = torch.tensor([[3, 10, 10, 7] * 10])
    past, cycle = past_in(*to_patches(values[None], observed, PATCH)), Cycle(length, torch.ones(1, 40))
    error, residual = repetition_error(past, cycle), residuals(past, cycle)
    known = torch.where(observed[0], values, torch.nan)
    for token, lag in enumerate(length[0].tolist()):
        seen = known[: (token + 1) * PATCH]
        gaps = torch.cat([torch.full((lag,), torch.nan), seen[lag:] - seen[:-lag]])
        expected = gaps[-256:].abs().nanmean().item()
        assert error[0, token].item() == pytest.approx(expected, rel=1e-12), token
        torch.testing.assert_close(residual[0, token], gaps[-PATCH:].nan_to_num(0.0), rtol=0, atol=1e-12)


def test_nothing_of_the_future_is_told():
    patches, observed = lanes(days(5 * WEEK), noise(5 * WEEK).cumsum(0))
    local = step_scale(patches, observed)
    told, reference = recall(patches, observed, local)
    changed = patches.clone()
    changed[:, 20:] = 1e6 * noise(patches[:, 20:].numel(), seed=3).view_as(patches[:, 20:])
    other, its_reference = recall(changed, observed, step_scale(changed, observed))
    torch.testing.assert_close(other[:, :20], told[:, :20], rtol=0, atol=1e-10)
    torch.testing.assert_close(its_reference.path[:, :20], reference.path[:, :20], rtol=0, atol=1e-10)


def ragged() -> tuple[torch.Tensor, torch.Tensor]:
    """A cycle and a walk that begin inside a patch, with missing values and a long gap."""
    values = torch.stack([wave(300, 24) + 0.1 * noise(300), noise(300, seed=1).cumsum(0)])
    observed = torch.rand(2, 300, generator=torch.Generator().manual_seed(2)) < 0.8
    observed[0, :17], observed[1, :41], observed[:, 150:190] = False, False, False
    return to_patches(values, observed, PATCH)


def test_what_lies_in_gaps_and_before_a_lane_began_has_no_influence():
    """Catches padding taken for values, and a lane that depends on how many patches were put before it."""
    patches, observed = ragged()
    told, reference = recall(patches, observed, step_scale(patches, observed))
    filled = torch.where(observed, patches, 7e8)
    filled, seen = (torch.nn.functional.pad(part, (0, 0, 3, 0)) for part in (filled, observed))
    other, its_reference = recall(filled, seen, step_scale(filled, seen))
    torch.testing.assert_close(other[:, 3:], told, rtol=0, atol=1e-12)
    torch.testing.assert_close(its_reference.path[:, 3:], reference.path, rtol=0, atol=1e-12)
    torch.testing.assert_close(its_reference.unit[:, 3:], reference.unit, rtol=1e-12, atol=0)


def test_a_beginning_of_a_lane_with_gaps_is_told_the_same():
    patches, observed = ragged()
    told, reference = recall(patches, observed, step_scale(patches, observed))
    for count in (1, 2, 9, 17):
        early = patches[:, :count], observed[:, :count]
        other, its_reference = recall(*early, step_scale(*early))
        torch.testing.assert_close(other, told[:, :count], rtol=0, atol=1e-12)
        torch.testing.assert_close(its_reference.unit, reference.unit[:, :count], rtol=1e-12, atol=0)


@pytest.mark.parametrize("unit", [1e-300, 1e-12, 1e290])
def test_what_is_told_has_no_unit(unit):
    """Catches a square that overflows, a smallest divisor that tiny values fall below."""
    patches, observed = ragged()
    told, _ = recall(patches, observed, step_scale(patches, observed))
    other, _ = recall(unit * patches, observed, step_scale(unit * patches, observed))
    torch.testing.assert_close(other, told, rtol=0, atol=1e-9)


def test_a_ripple_on_a_huge_level_is_told_as_on_none():
    patches, observed = ragged()
    whole = (100 * patches).round()
    told, reference = recall(whole, observed, step_scale(whole, observed))
    other, its_reference = recall(whole + 1e15, observed, step_scale(whole + 1e15, observed))
    assert torch.equal(other, told)
    assert torch.equal(its_reference.unit, reference.unit)


@pytest.mark.parametrize("places", [[], [100], [100, 107]])
def test_a_lane_of_hardly_any_values_expects_the_last_one(places):
    values, observed = noise(120)[None], torch.zeros(1, 120, dtype=torch.bool)
    observed[0, places] = True
    patches, seen = to_patches(values, observed, PATCH)
    told, reference = recall(patches, seen, step_scale(patches, seen))
    last = values[0, places[-1]] if places else torch.zeros((), dtype=torch.float64)
    torch.testing.assert_close(reference.path[0, -1], last.expand(PATCH), rtol=0, atol=1e-12)
    assert (told[..., : 4 * PATCH + 7] == 0).all()
    assert (told[..., 4 * PATCH + 7 :] == 0).all() == (len(places) < 2)  # two values have a mean and a line


def test_equal_values_tell_nothing_and_have_no_unit():
    patches, observed = lanes(torch.full((60,), 3.3))
    scales = running_scales(patches, observed)
    told, reference = recall(patches, observed, scales.local)
    assert (told == 0).all()
    assert (reference.unit == 0).all()
    assert torch.equal(reference.restore(torch.randn(1, 5, PATCH, 3)), torch.full((1, 5, PATCH, 3), 3.3).double())


def test_lines_are_those_of_weighted_least_squares():
    """Against numpy, with missing values and a beginning inside a patch; levels are at the end of the patch."""
    patches, observed = ragged()
    levels, slopes = fitted_lines(past_in(patches, observed))
    time = np.arange(patches[0].numel())
    for lane, upto, (place, half_life) in itertools.product(range(2), (5, 11, 24), enumerate(HALF_LIVES)):
        values, seen = patches[lane].flatten().numpy(), observed[lane].flatten().numpy().copy()
        first, end = values[seen][0], (upto + 1) * PATCH - 1
        seen[end + 1 :] = False
        weights = 0.5 ** ((end - time[seen]) / half_life)
        slope, level = np.polyfit(time[seen] - end, values[seen] - first, 1, w=np.sqrt(weights))
        assert levels[lane, upto, place].item() == pytest.approx(level, rel=1e-6, abs=1e-9)
        assert slopes[lane, upto, place].item() == pytest.approx(slope, rel=1e-6, abs=1e-9)
