"""Features: named, without a unit, and of the past alone."""

from dataclasses import fields

import pytest
import torch
import torch.nn.functional as F

from segue.forecasting.nanotst.features import Features, features_of
from segue.forecasting.nanotst.past import past_of
from segue.forecasting.nanotst.patches import to_patches
from segue.forecasting.nanotst.scaling import squash, step_scale
from tests.forecasting.nanotst.conftest import PATCH, lanes, noise, ragged, wave

WEEK = 84
NAMES = [field.name for field in fields(Features)]
WITHOUT_A_CYCLE = (
    "mean",
    "line_levels",
    "line_slopes",
    "observed",
    "scales",
    "overall",
    "local",
    "mean_is_reference",
    "log_unit",
)


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


def test_the_week_takes_the_place_of_the_day_where_it_repeats_better():
    values = days(6 * WEEK)
    patches, observed = lanes(values)
    features, reference = features_of(patches, observed)
    week_ago = values[-WEEK:][:PATCH]  # what follows the last patch, a week ago
    torch.testing.assert_close(reference.path[0, -1], week_ago, rtol=0, atol=1e-12)
    gaps = (values[WEEK:] - values[:-WEEK]).abs()[-256:]
    least = 0.01 * step_scale(past_of(patches, observed)).unit[0, -1].item()
    assert reference.unit[0, -1].item() == pytest.approx(max(gaps.mean().item(), least), rel=1e-6)
    day_ago = values[-12:]
    restored = reference.restore(features.other_cycle)[0, -1]
    torch.testing.assert_close(restored, day_ago, rtol=0, atol=1e-12)
    assert (features.last_cycle[0, -1] == 0).all()  # it is the reference
    for name in ("cycle_is_reference", "has_cycle"):
        assert getattr(features, name)[0, -1].item() == 1


@pytest.mark.parametrize("patch", [1, 3, 8, 12, 24, 64])
def test_a_patch_has_as_many_features_as_the_embedding_expects(patch):
    values = torch.stack([wave(5 * patch, 7), noise(5 * patch).cumsum(0)])
    features, _ = features_of(*to_patches(values, torch.ones_like(values, dtype=torch.bool), patch))
    stacked = features.stacked(torch.float32)
    assert stacked.shape == (2, 5, Features.count(patch))
    assert stacked.dtype == torch.float32


def test_what_may_be_large_is_squashed_and_the_rest_comes_last():
    features, _ = features_of(*ragged())
    bounded = torch.cat([features.observed, features.scales], dim=-1)
    large = torch.cat([getattr(features, name) for name in NAMES if name not in ("observed", "scales")], dim=-1)
    stacked = features.stacked(torch.float64)
    assert torch.equal(stacked, torch.cat([squash(large), bounded], dim=-1))
    assert bounded.abs().max() <= 30


def test_values_are_features_in_two_scales_where_observed():
    patches, observed = ragged()
    features, _ = features_of(patches, observed)
    local = step_scale(past_of(patches, observed))
    first = past_of(patches, observed).first[:, None, None]
    values = (patches - first - local.location[..., None]) / local.divisor[..., None]
    torch.testing.assert_close(features.local, torch.where(observed, values, 0.0), rtol=0, atol=1e-12)
    assert (features.overall[~observed] == 0).all()
    assert torch.equal(features.observed, observed.double())


def test_no_feature_shows_anything_of_the_future():
    patches, observed = lanes(days(5 * WEEK), noise(5 * WEEK).cumsum(0))
    features, reference = features_of(patches, observed)
    changed = patches.clone()
    changed[:, 20:] = 1e6 * noise(patches[:, 20:].numel(), seed=3).view_as(patches[:, 20:])
    other, its_reference = features_of(changed, observed)
    assert_same(upto(other, 20), upto(features, 20), 1e-10)
    torch.testing.assert_close(its_reference.path[:, :20], reference.path[:, :20], rtol=0, atol=1e-10)


def test_what_lies_in_gaps_and_before_a_lane_began_has_no_influence():
    """Catches padding taken for values, and a lane that depends on how many patches were put before it."""
    patches, observed = ragged()
    features, reference = features_of(patches, observed)
    filled = torch.where(observed, patches, 7e8)
    filled, seen = (F.pad(part, (0, 0, 3, 0)) for part in (filled, observed))
    other, its_reference = features_of(filled, seen)
    assert_same(other, features, 1e-12, since=3)
    torch.testing.assert_close(its_reference.path[:, 3:], reference.path, rtol=0, atol=1e-12)
    torch.testing.assert_close(its_reference.unit[:, 3:], reference.unit, rtol=1e-12, atol=0)


def test_a_beginning_of_a_lane_with_gaps_has_the_same_features():
    patches, observed = ragged()
    features, reference = features_of(patches, observed)
    for count in (1, 2, 9, 17):
        other, its_reference = features_of(patches[:, :count], observed[:, :count])
        assert_same(other, upto(features, count), 1e-12)
        torch.testing.assert_close(its_reference.unit, reference.unit[:, :count], rtol=1e-12, atol=0)


@pytest.mark.parametrize("unit", [1e-300, 1e-140, 1e-12, 1e140, 1e290])
def test_features_have_no_unit(unit):
    """Catches a square that overflows, a smallest divisor that tiny values fall below."""
    patches, observed = ragged()
    features, reference = features_of(patches, observed)
    other, its_reference = features_of(unit * patches, observed)
    for name in NAMES:
        if name in ("overall", "scales") and not 1e-150 < unit < 1e150:
            continue  # a deviation is the root of a square, which double precision must hold
        found, expected = squash(getattr(other, name)), squash(getattr(features, name))
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-9, msg=name)
    torch.testing.assert_close(its_reference.unit, unit * reference.unit, rtol=1e-9, atol=0)


def test_a_ripple_on_a_huge_level_has_the_features_of_one_on_none():
    patches, observed = ragged()
    whole = (100 * patches).round()
    features, reference = features_of(whole, observed)
    other, its_reference = features_of(whole + 1e15, observed)
    assert torch.equal(other.stacked(torch.float64), features.stacked(torch.float64))
    assert torch.equal(its_reference.unit, reference.unit)


@pytest.mark.parametrize("indices", [[], [100], [100, 107]])
def test_a_lane_of_hardly_any_values_expects_the_last_one(indices):
    values, observed = noise(120)[None], torch.zeros(1, 120, dtype=torch.bool)
    observed[0, indices] = True
    features, reference = features_of(*to_patches(values, observed, PATCH))
    last = values[0, indices[-1]] if indices else torch.zeros((), dtype=torch.float64)
    torch.testing.assert_close(reference.path[0, -1], last.expand(PATCH), rtol=0, atol=1e-12)
    for name in NAMES:
        if name not in WITHOUT_A_CYCLE:
            assert (getattr(features, name) == 0).all(), name
    for name in ("overall", "local", "mean_is_reference", "log_unit", "mean", "line_levels", "line_slopes", "scales"):
        if len(indices) < 2:  # two values have a mean and a line
            assert (getattr(features, name) == 0).all(), name


def test_equal_values_have_features_of_zero_and_no_unit():
    patches, observed = lanes(torch.full((60,), 3.3))
    features, reference = features_of(patches, observed)
    for name in NAMES:
        assert (getattr(features, name) == 0).all() or name == "observed", name
    assert (reference.unit == 0).all()
    restored = reference.restore(torch.randn(1, 5, PATCH, 3, dtype=torch.float64))
    assert torch.equal(restored, torch.full((1, 5, PATCH, 3), 3.3, dtype=torch.float32).double())
