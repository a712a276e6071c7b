"""The variogram: differences of values that lie a lag apart, for every lag and up to every patch."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from segue.forecasting.nanotst.past import Past, past_of
from segue.forecasting.nanotst.patches import to_patches
from segue.forecasting.nanotst.scaling import HALF_LIFE, mean_scale
from segue.forecasting.nanotst.variogram import (
    LAGS,
    LONGEST,
    Variogram,
    lagged_products,
    power_of_two,
    reversed_from_each_step,
    variogram,
)
from tests.forecasting.nanotst.conftest import PATCH, lanes, noise, ragged, wave

NAMES = ("variance", "square", "pairs")


def variogram_of(patches: Tensor, observed: Tensor, precision: torch.dtype = torch.float64) -> Variogram:
    past = past_of(patches, observed)
    return variogram(past, mean_scale(past), precision)


def in_units(found: Variogram) -> tuple[Tensor, Tensor]:
    """Variance and mean square in the squared unit of the series."""
    unit = found.unit[..., None].square()
    return found.variance * unit, found.square * unit


def cut_values(past: Past, lane: int) -> np.ndarray:
    """The values of a lane, NaN where not observed, at most four running deviations of their patch from its mean."""
    scale = mean_scale(past)
    centre, bound = (np.repeat(part[lane].numpy(), past.patch) for part in (scale.location, 4 * scale.unit))
    known = past.known[lane].numpy()
    return np.where(np.isnan(known), np.nan, np.clip(known, centre - bound, centre + bound))


def fading_weights(token: int, patch: int) -> np.ndarray:
    """What a pair counts at the end of a patch, for each step of its newer value."""
    return np.repeat(0.5 ** (np.arange(token, -1, -1) * patch / HALF_LIFE), patch)


def test_every_entry_is_that_of_a_plain_loop_over_pairs():
    """Catches products of the wrong patch or lag, gaps taken for values, and a spike that drowns all others."""
    patches, observed = ragged()
    patches[0, 20, 3], observed[0, 20, 3] = 500.0, True
    past = past_of(patches, observed)
    found = variogram_of(patches, observed)
    variances, squares = in_units(found)
    for lane in range(2):
        values = cut_values(past, lane)
        for token in (1, 4, 12, 20, 24):
            seen, weights = values[: (token + 1) * PATCH], fading_weights(token, PATCH)
            largest = squares[lane, token].max().item()
            for lag in range(LAGS):
                gaps = seen[lag:] - seen[: max(len(seen) - lag, 0)]
                counts, gaps = weights[lag:][~np.isnan(gaps)], gaps[~np.isnan(gaps)]
                assert found.pairs[lane, token, lag].item() == pytest.approx(counts.sum(), abs=1e-12)
                if not len(gaps):
                    assert found.variance[lane, token, lag] == found.square[lane, token, lag] == 0
                    continue
                mean = np.average(gaps, weights=counts)
                square = np.average(gaps**2, weights=counts)
                variance = np.average((gaps - mean) ** 2, weights=counts)
                size = square + (seen[~np.isnan(seen)] ** 2).max()
                square, variance = (0.0 if part <= 2e-6 * largest else part for part in (square, variance))
                assert squares[lane, token, lag].item() == pytest.approx(square, abs=1e-12 * size), (token, lag)
                assert variances[lane, token, lag].item() == pytest.approx(variance, abs=1e-12 * size), (token, lag)


def test_a_spike_is_cut_at_four_running_deviations_of_its_patch():
    patches, observed = lanes(noise(240))
    patches[0, 15, 0] += 1e4
    past = past_of(patches, observed)
    assert (cut_values(past, 0) != past.known[0].numpy()).sum() == 1  # the plain loop above cuts, too
    plain = variogram_of(*lanes(noise(240)))
    spiked = in_units(variogram_of(patches, observed))[1][0, 15, 1].item()
    bound = 4 * mean_scale(past).unit[0, 15].item() + mean_scale(past).location[0, 15].item()
    pairs = plain.pairs[0, 15, 1].item()
    # two of the pairs hold it; each may differ by a few deviations of the noise
    assert spiked == pytest.approx(2 * bound**2 / pairs, rel=0.05)


def test_a_line_has_no_variance_and_the_squares_of_its_lags():
    """At lag k the differences are 3 k exactly, so the last value errs by 3 k at a lead time of k steps."""
    found = variogram_of(*lanes(3 * torch.arange(480).double()))
    variance, square = in_units(found)
    lag = torch.arange(LAGS).double()
    for token in (3, 20, 39):
        pairs = lag < (token + 1) * PATCH
        torch.testing.assert_close(square[0, token], (3 * lag).square() * pairs, rtol=1e-9, atol=1e-9)
        assert (variance[0, token] <= 1e-12 * 1440**2).all()


@pytest.mark.parametrize("patch", [8, 12, 24, 64])
@pytest.mark.parametrize("tokens", [1, 9])
def test_products_of_all_lags_are_those_of_a_plain_loop(patch, tokens):
    """A row that is cut one step too long moves all lags; with two channels it would mix them."""
    newer = torch.stack([torch.stack([noise(tokens * patch, seed + 2 * c) for c in (0, 1)]) for seed in (0, 1)])
    older = torch.stack([torch.stack([noise(tokens * patch, 9 + seed + 3 * c) for c in (0, 1, 2)]) for seed in (0, 1)])
    found = lagged_products(newer.unflatten(-1, (tokens, patch)).transpose(1, 2), reversed_from_each_step(older, patch))
    assert found.shape == (2, tokens, LAGS)
    expected = np.zeros(found.shape)
    for lane in range(2):
        for lag in range(min(LAGS, tokens * patch)):
            for new, old in zip(newer[lane].numpy(), older[lane].numpy(), strict=False):  # the third is not read
                products = np.concatenate([np.zeros(lag), new[lag:] * old[: len(old) - lag]])
                expected[lane, :, lag] += products.reshape(tokens, patch).sum(1)
    np.testing.assert_allclose(found.numpy(), expected, rtol=0, atol=1e-12)


def test_the_beginning_of_a_lane_has_the_same_variogram_whatever_follows():
    """Nothing of the future leaks, not even by the unit, which is that of the whole lane."""
    patches, observed = ragged()
    whole = variogram_of(patches, observed)
    later = patches.clone()
    later[:, 17:] = 1e6 * noise(later[:, 17:].numel(), seed=3).view_as(later[:, 17:])
    changed = variogram_of(later, observed)
    assert (changed.unit != whole.unit).all()
    for count in (1, 2, 9, 17):
        prefix = variogram_of(patches[:, :count], observed[:, :count])
        for other in (whole, changed):
            torch.testing.assert_close(other.pairs[:, :count], prefix.pairs, rtol=0, atol=1e-12)
            for found, expected in zip(in_units(other), in_units(prefix), strict=True):
                torch.testing.assert_close(found[:, :count], expected, rtol=1e-12, atol=1e-12)


def test_what_lies_in_gaps_and_before_a_lane_begins_has_no_influence():
    patches, observed = ragged()
    expected = variogram_of(patches, observed)
    filled = torch.where(observed, patches, 7e8)
    longer = variogram_of(*(F.pad(part, (0, 0, 3, 0)) for part in (filled, observed)))
    assert torch.equal(longer.unit, expected.unit)
    for name in NAMES:
        found = getattr(longer, name)
        torch.testing.assert_close(found[:, 3:], getattr(expected, name), rtol=0, atol=1e-12, msg=name)
        assert (found[:, :3] == 0).all(), name


def test_patches_that_are_not_observed_change_nothing_but_the_weight_of_all():
    """Two variograms of a horizon differ by the number of pairs alone, which fade."""
    patches, observed = ragged()
    observed[:, 20:] = False
    found = variogram_of(patches, observed)
    for token in range(20, 25):
        faded = 0.5 ** ((token - 19) * PATCH / HALF_LIFE)
        torch.testing.assert_close(found.pairs[:, token], faded * found.pairs[:, 19], rtol=1e-12, atol=0)
        for name in ("variance", "square"):
            values = getattr(found, name)
            torch.testing.assert_close(values[:, token], values[:, 19], rtol=1e-12, atol=1e-12, msg=name)


@pytest.mark.parametrize("precision", [torch.float32, torch.float64])
@pytest.mark.parametrize("power", [-500, -60, -1, 7, 400])
def test_powers_of_two_scale_it_to_the_last_bit(power, precision):
    patches, observed = ragged()
    expected = variogram_of(patches, observed, precision)
    found = variogram_of(patches * 2.0**power, observed, precision)
    assert torch.equal(found.unit, expected.unit * 2.0**power)
    for name in NAMES:
        assert torch.equal(getattr(found, name), getattr(expected, name)), name


@pytest.mark.parametrize("scale", [1e-140, 3e-7, -0.7, 1e9, 1e140])
def test_it_follows_other_units(scale):
    patches, observed = ragged()
    expected = variogram_of(patches, observed)
    found = variogram_of(scale * (patches + 100), observed)
    ratio = (found.unit / abs(scale) / expected.unit)[..., None].square()
    torch.testing.assert_close(found.pairs, expected.pairs, rtol=0, atol=0)
    for name in ("variance", "square"):
        torch.testing.assert_close(
            getattr(found, name) * ratio, getattr(expected, name), rtol=1e-9, atol=1e-9, msg=name
        )


def test_a_power_of_two_is_about_the_largest_and_costs_no_digit():
    rows = torch.tensor([[3.0, -1e-9], [1e-300, 0.0], [0.0, 0.0], [7e14, -1e15]], dtype=torch.float64)
    assert power_of_two(rows)[:, 0].tolist() == [4.0, 2.0**-997, 1.0, 2.0**50]


def test_single_precision_differs_by_a_few_millionths_of_the_squared_range():
    """So a ripple of a thousandth of the range is the least that it holds."""
    steep = torch.arange(480) + 0.002 * noise(480)
    rows = lanes(noise(480).cumsum(0), wave(480, 48) + 0.1 * noise(480), noise(480) + 30, steep)
    double, single = (variogram_of(*rows, precision) for precision in (torch.float64, torch.float32))
    assert single.variance.dtype == torch.float32
    for name in ("variance", "square"):
        gap = (getattr(single, name).double() - getattr(double, name)).abs().amax()
        assert gap <= 2e-6, name  # the largest value is about one
    torch.testing.assert_close(single.pairs.double(), double.pairs, rtol=1e-6, atol=0)


def test_lanes_of_no_value_one_value_and_equal_values_have_no_variance():
    values, observed = torch.full((3, 60), 3.3).double(), torch.ones(3, 60, dtype=torch.bool)
    observed[0], observed[1, :30], observed[1, 31:] = False, False, False
    found = variogram_of(*to_patches(values, observed, PATCH))
    assert (found.variance == 0).all()
    assert (found.square == 0).all()
    assert (found.unit == 1).all()
    assert (found.pairs[0] == 0).all()
    assert found.pairs[1, -1, 0] > 0
    assert (found.pairs[1, :, 1:] == 0).all()


def test_the_longest_lags_reach_an_eighth_beyond_the_longest_cycle():
    """The move over an eighth of the longest cycle, one cycle later, needs the variance at their sum."""
    assert LAGS > LONGEST + LONGEST // 8 + 1
