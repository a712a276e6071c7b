"""Features: named, without a unit, and of the past alone."""

import math
from dataclasses import fields, replace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from segue.forecasting.nanotst.config import CANDIDATES
from segue.forecasting.nanotst.features import Features, features_of
from segue.forecasting.nanotst.lines import fitted_lines
from segue.forecasting.nanotst.past import past_of
from segue.forecasting.nanotst.patches import beginnings, to_patches
from segue.forecasting.nanotst.reference import Reference, naive_errors
from segue.forecasting.nanotst.scaling import mean_scale, squash, step_scale
from segue.forecasting.nanotst.variogram import variogram
from tests.forecasting.nanotst.conftest import PATCH, cycles_of, lanes, noise, periods, ragged, wave

WEEK = 84
NAMES = [field.name for field in fields(Features)]
BOUNDED = ("observed", "scales", "judgement")
UNREAD = ("other_cycle", "near")
OF_CYCLES = ("last_cycle", "mean_of_four_cycles", "mean_of_eight_cycles", "other_cycle", "drift")


def days(length: int) -> torch.Tensor:
    """A cycle of twelve steps, whose height follows one of seven times twelve."""
    heights = torch.tensor([1.0, 1.2, 1.1, 1.3, 1.0, 0.2, 0.1], dtype=torch.float64)
    return wave(length, 12) * heights[torch.arange(length) // 12 % 7] + 0.001 * noise(length)


def assert_same(found: Features, expected: Features, tolerance: float, since: int = 0) -> None:
    for name in NAMES:
        torch.testing.assert_close(
            getattr(found, name)[:, since:], getattr(expected, name), rtol=0, atol=tolerance, msg=name
        )


def upto(features: Features, count: int) -> Features:
    return Features(**{name: getattr(features, name)[:, :count] for name in NAMES})


def features_at(patches: Tensor, observed: Tensor, *suggested: float) -> tuple[Features, Reference]:
    return features_of(patches, observed, periods(len(patches), *suggested))


def test_naive_forecasts_are_features_less_the_reference():
    values = days(6 * WEEK)
    patches, observed = lanes(values, noise(6 * WEEK, seed=1).cumsum(0))
    features, reference = features_at(patches, observed)
    past = past_of(patches, observed)
    level = past.first[:, None, None]
    last = (past.last[..., None] + level).expand_as(reference.path)
    mean = (mean_scale(past).location[..., None] + level).expand_as(reference.path)
    for found, expected in ((features.last, last), (features.mean, mean)):
        torch.testing.assert_close(reference.restore(found), expected, rtol=0, atol=1e-9)
    torch.testing.assert_close(reference.restore(features.other_cycle)[0, -1], values[-12:], rtol=0, atol=1e-12)
    week_ago = values[-WEEK:][:PATCH]
    torch.testing.assert_close(reference.restore(features.last_cycle)[0, -1], week_ago, rtol=0, atol=1e-12)
    torch.testing.assert_close(reference.path[0, -1], week_ago, rtol=0, atol=0.02)  # it repeats better than the day


def test_a_suggested_season_changes_the_features():
    values = torch.stack([0.7 * wave(480, 24) + noise(480, seed) for seed in range(8)])
    patches, observed = lanes(*values)
    plain, suggested = features_at(patches, observed)[0], features_at(patches, observed, 24.0)[0]
    assert ((plain.last_cycle - suggested.last_cycle)[:, -1].abs().amax(1) > 0).any()
    assert torch.equal(plain.local, suggested.local)


def test_candidates_are_naive_forecasts_and_lines_ahead():
    """The reference is zero; each line continues from its level by its slope, step by step."""
    patches, observed = ragged()
    features, reference = features_at(patches, observed, 24.0)
    candidates = features.candidates(torch.float64)
    assert candidates.shape == (*patches.shape, CANDIDATES)
    assert (candidates[..., 0] == 0).all()
    named = ("last", "mean", "last_cycle", "mean_of_four_cycles", "mean_of_eight_cycles", "other_cycle")
    for index, name in enumerate(named, start=1):
        expected = getattr(features, name).clamp(-1400, 1400)
        torch.testing.assert_close(candidates[..., index], expected, rtol=0, atol=0, msg=name)
    past = past_of(patches, observed)
    levels, slopes = fitted_lines(past)
    ahead = torch.arange(1, PATCH + 1).double()
    for line in range(3):
        expected = levels[..., line, None] + slopes[..., line, None] * ahead + past.first[:, None, None]
        found = reference.restore(candidates[..., 7 + line])
        torch.testing.assert_close(found[:, 5:], expected[:, 5:], rtol=0, atol=1e-9)


def test_candidates_are_cut_inside_the_bound_of_predictions():
    patches, observed = ragged()
    features, _ = features_at(patches, observed)
    far = replace(features, last=torch.full_like(features.last, 1e9), mean=torch.full_like(features.mean, -1e9))
    candidates = far.candidates(torch.float32)
    assert candidates.dtype == torch.float32
    assert (candidates[..., 1] == 1400).all()
    assert (candidates[..., 2] == -1400).all()
    assert candidates.abs().max() < math.sinh(8)


def test_the_judgement_holds_errors_ends_similarities_and_sizes():
    patches, observed = lanes(days(5 * WEEK), noise(5 * WEEK).cumsum(0))
    features, reference = features_at(patches, observed)
    past, cycle, other = cycles_of(patches, observed)
    local = step_scale(past)
    judged = features.judgement
    assert judged.shape[-1] == 11
    overall = mean_scale(past)
    differences = variogram(past, overall)
    errors = naive_errors(past, differences, overall, cycle, other).stacked().sqrt() * differences.unit[..., None, None]
    middle = PATCH // 2
    expected = (errors[:, :, middle] / reference.unit[:, :, middle, None]).clamp(1e-3, 1e2).log()
    torch.testing.assert_close(judged[..., :4], expected, rtol=0, atol=1e-9)
    ends = (reference.unit[..., [0, -1]] / local.unit[..., None]).clamp(1e-3, 1e3).log()
    torch.testing.assert_close(judged[..., 4:6], ends, rtol=0, atol=1e-9)
    assert torch.equal(judged[..., 6], cycle.similarity)
    assert torch.equal(judged[..., 7], other.similarity)
    length = torch.where(cycle.present, cycle.length.double() / PATCH, 1.0)
    torch.testing.assert_close(judged[..., 8], length.log() / 2, rtol=0, atol=1e-12)
    torch.testing.assert_close(judged[..., 9], past.count.log() / 2, rtol=0, atol=1e-12)
    lead = torch.full_like(length, (PATCH // 2 + 1) / PATCH)
    torch.testing.assert_close(judged[..., 10], lead.log() / 2, rtol=0, atol=1e-12)


def test_the_inputs_of_the_network_are_stacked_features_candidates_and_beginnings():
    patches, observed = ragged()
    features, _ = features_at(patches, observed)
    inputs = features.inputs(torch.float32, beginnings(observed))
    expected = features.stacked(torch.float32), features.candidates(torch.float32), beginnings(observed)
    for found, part in zip(inputs.tensors(), expected, strict=True):
        assert torch.equal(found, part)
    for found, part in zip(inputs.to(torch.device("cpu")).tensors(), expected, strict=True):
        assert torch.equal(found, part)


@pytest.mark.parametrize("patch", [1, 3, 8, 12, 24, 64])
def test_a_patch_has_as_many_features_as_the_embedding_expects(patch):
    values = torch.stack([wave(5 * patch, 7), noise(5 * patch).cumsum(0)])
    features, _ = features_at(*to_patches(values, torch.ones_like(values, dtype=torch.bool), patch))
    stacked = features.stacked(torch.float32)
    assert stacked.shape == (2, 5, Features.count(patch))
    assert stacked.dtype == torch.float32


def test_what_may_be_large_is_squashed_and_the_rest_comes_last():
    features, _ = features_at(*ragged())
    bounded = torch.cat([getattr(features, name) for name in BOUNDED], dim=-1)
    large = torch.cat([getattr(features, name) for name in NAMES if name not in (*BOUNDED, *UNREAD)], dim=-1)
    stacked = features.stacked(torch.float64)
    assert torch.equal(stacked, torch.cat([squash(large), bounded], dim=-1))
    assert bounded.abs().max() <= 30


def test_values_are_features_in_two_scales_where_observed():
    patches, observed = ragged()
    features, _ = features_at(patches, observed)
    local = step_scale(past_of(patches, observed))
    first = past_of(patches, observed).first[:, None, None]
    values = (patches - first - local.location[..., None]) / local.divisor[..., None]
    torch.testing.assert_close(features.local, torch.where(observed, values, 0.0), rtol=0, atol=1e-12)
    assert (features.overall[~observed] == 0).all()
    assert torch.equal(features.observed, observed.double())


def test_no_feature_shows_anything_of_the_future():
    patches, observed = lanes(days(5 * WEEK), noise(5 * WEEK).cumsum(0))
    features, reference = features_at(patches, observed)
    changed = patches.clone()
    changed[:, 20:] = 1e6 * noise(patches[:, 20:].numel(), seed=3).view_as(patches[:, 20:])
    other, its_reference = features_at(changed, observed)
    assert_same(upto(other, 20), upto(features, 20), 1e-10)
    torch.testing.assert_close(its_reference.path[:, :20], reference.path[:, :20], rtol=0, atol=1e-10)


def test_what_lies_in_gaps_and_before_a_lane_began_has_no_influence():
    """Catches padding taken for values, and a lane that depends on how many patches were put before it."""
    patches, observed = ragged()
    features, reference = features_at(patches, observed)
    filled = torch.where(observed, patches, 7e8)
    filled, seen = (F.pad(part, (0, 0, 3, 0)) for part in (filled, observed))
    other, its_reference = features_at(filled, seen)
    assert_same(other, features, 1e-12, since=3)
    torch.testing.assert_close(its_reference.path[:, 3:], reference.path, rtol=0, atol=1e-12)
    torch.testing.assert_close(its_reference.unit[:, 3:], reference.unit, rtol=1e-12, atol=0)


def test_a_beginning_of_a_lane_with_gaps_has_the_same_features():
    patches, observed = ragged()
    features, reference = features_at(patches, observed)
    for count in (1, 2, 9, 17):
        other, its_reference = features_at(patches[:, :count], observed[:, :count])
        assert_same(other, upto(features, count), 1e-12)
        torch.testing.assert_close(its_reference.unit, reference.unit[:, :count], rtol=1e-12, atol=0)


@pytest.mark.parametrize("unit", [1e-140, 1e-12, 1e140])
def test_features_have_no_unit(unit):
    """Catches a smallest divisor that tiny values fall below.

    The running deviation is the root of a square, which double precision must hold, and all else is weighed by it.
    """
    patches, observed = ragged()
    features, reference = features_at(patches, observed)
    other, its_reference = features_at(unit * patches, observed)
    for name in NAMES:
        found, expected = squash(getattr(other, name)), squash(getattr(features, name))
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-9, msg=name)
    torch.testing.assert_close(its_reference.unit, unit * reference.unit, rtol=1e-9, atol=0)


def test_a_ripple_on_a_huge_level_has_the_features_of_one_on_none():
    patches, observed = ragged()
    whole = (100 * patches).round()
    features, reference = features_at(whole, observed)
    other, its_reference = features_at(whole + 1e15, observed)
    assert torch.equal(other.stacked(torch.float64), features.stacked(torch.float64))
    assert torch.equal(its_reference.unit, reference.unit)


@pytest.mark.parametrize("indices", [[], [100], [100, 107]])
def test_a_lane_of_hardly_any_values_expects_what_it_has_seen(indices):
    values, observed = noise(120)[None], torch.zeros(1, 120, dtype=torch.bool)
    observed[0, indices] = True
    features, reference = features_at(*to_patches(values, observed, PATCH))
    seen = values[0, indices] if indices else torch.zeros(1, dtype=torch.float64)
    assert (reference.path[0, -1] >= seen.min() - 1e-12).all()
    assert (reference.path[0, -1] <= seen.max() + 1e-12).all()
    for name in OF_CYCLES:
        assert (getattr(features, name) == 0).all(), name
    assert (features.judgement[..., 6:8] == 0).all()
    if len(indices) < 2:  # two values have a mean and a line
        assert torch.equal(reference.path[0, -1], seen[-1].expand(PATCH))
        assert (reference.unit == 0).all()
        for name in ("overall", "local", "last", "mean", "line_levels", "line_slopes", "scales"):
            assert (getattr(features, name) == 0).all(), name
        assert (features.judgement[..., :6] == 0).all()


def test_equal_values_have_features_of_zero_and_no_unit():
    patches, observed = lanes(torch.full((60,), 3.3))
    features, reference = features_at(patches, observed)
    for name in NAMES:
        assert (getattr(features, name) == 0).all() or name in ("observed", "judgement", "near"), name
    assert (features.judgement[..., :9] == 0).all()  # what remains is how many values there are, and the lead time
    assert (features.candidates(torch.float64) == 0).all()
    assert (reference.unit == 0).all()
    restored = reference.restore(torch.randn(1, 5, PATCH, 3, dtype=torch.float64))
    assert torch.equal(restored, torch.full((1, 5, PATCH, 3), 3.3, dtype=torch.float32).double())
