"""Factors against closed forms."""

import numpy as np

from segue.forecasting.answers.conformal import (
    CLAIMS,
    PAIRS,
    conformal_factors,
    independent,
    panel_factors,
    scores,
    series_factors,
    widened,
)
from segue.forecasting.predictor import LEVELS


def bands(lanes=3, steps=4):
    return np.broadcast_to(np.array(LEVELS) - 0.5, (lanes, steps, len(LEVELS))).copy()


def test_a_score_is_one_on_the_edge_of_its_band_zero_at_the_median_and_unknown_where_nothing_is_observed():
    quantiles = np.sort(np.random.default_rng(0).normal(size=(1, 17, len(LEVELS))), axis=-1)
    actual = quantiles[0, 0][None, :]
    quantiles = np.broadcast_to(quantiles[:, :1], quantiles.shape)
    found = scores(actual, quantiles)[0]
    for pair in range(PAIRS):
        assert found[pair, pair] == found[-1 - pair, pair] == 1.0
    assert (found[PAIRS] == 0).all()
    assert np.isnan(scores(np.array([[np.nan]]), quantiles[:, :1])).all()


def test_a_band_of_width_zero_has_a_score_of_zero_where_it_is_right_and_an_infinite_one_elsewhere():
    quantiles = np.full((1, 2, len(LEVELS)), 5.0)
    assert scores(np.array([[5.0, 6.0]]), quantiles).tolist() == [[[0.0] * PAIRS, [np.inf] * PAIRS]]


def test_widened_by_the_conformal_factor_the_bands_hold_the_share_of_past_values_that_they_claim():
    rng = np.random.default_rng(1)
    actual = 0.6 * rng.normal(size=(4000, 1))
    quantiles = bands(4000, 1)
    found = scores(actual, quantiles)
    factors = panel_factors(found[:, None])
    wide = widened(quantiles, np.broadcast_to(factors, found.shape))
    for pair in range(PAIRS):
        inside = (wide[..., pair] <= actual) & (actual <= wide[..., -1 - pair])
        assert CLAIMS[pair] <= inside.mean() + 1e-9
        assert inside.mean() <= CLAIMS[pair] + 2 / 4000


def test_of_few_scores_the_factor_is_the_largest_and_never_narrows():
    found = np.full((1, 1, 1, PAIRS), 0.3)
    assert np.allclose(panel_factors(found), np.where(CLAIMS * 2 > 1, 1.0, 0.3))
    assert np.allclose(panel_factors(np.full((1, 1, 1, PAIRS), np.nan)), 1.0)


def test_scores_that_hang_together_are_worth_as_many_as_there_are_windows():
    rng = np.random.default_rng(2)
    apart = rng.uniform(size=(500, 8, 2))
    together = np.broadcast_to(rng.uniform(size=(1, 8, 1)), apart.shape)
    assert 8 <= independent(together) < 13
    assert independent(apart) > 1000


def test_factors_do_not_depend_on_units_nor_on_the_order_of_series():
    rng = np.random.default_rng(3)
    actual, quantiles = rng.normal(size=(40, 6)), bands(40, 6) * rng.uniform(0.5, 2, size=(40, 1, 1))
    first = scores(actual, quantiles)
    again = scores(1000 * actual - 7, 1000 * quantiles - 7)
    assert np.allclose(first, again)
    found = first.reshape(8, 5, 6, PAIRS)
    order = rng.permutation(8)
    assert np.allclose(series_factors(found)[order], series_factors(found[order]))


def test_a_series_that_is_surprised_more_often_gets_wider_bands_and_one_without_windows_those_of_the_panel():
    rng = np.random.default_rng(4)
    found = np.abs(rng.normal(size=(20, 30, 3, PAIRS)))
    found[0] *= 3
    found[1] = np.nan
    factors = series_factors(found)
    assert (factors[0] > factors[2:].max(0)).all()
    assert (factors[1] > factors[2:].min(0)).all()
    assert (factors[1] < factors[0]).all()


def test_the_order_of_quantiles_is_kept_whatever_the_factors():
    rng = np.random.default_rng(5)
    quantiles = np.sort(rng.normal(size=(6, 4, len(LEVELS))), axis=-1)
    wide = widened(quantiles, rng.uniform(0.1, 10, size=(6, 4, PAIRS)))
    assert (np.diff(wide, axis=-1) >= 0).all()
    assert (wide[..., PAIRS] == quantiles[..., PAIRS]).all()
    assert np.allclose(widened(quantiles, np.ones((6, 4, PAIRS))), quantiles)


def test_between_two_ranks_the_factor_is_interpolated():
    """The rank of an 80 % band of eight scores is 7.2; catches the next whole rank, whose band would hold 89 %."""
    found = np.broadcast_to(np.arange(1.0, 9.0)[None, :, None, None], (1, 8, 1, PAIRS))
    pair = int(np.flatnonzero(np.isclose(CLAIMS, 0.8))[0])
    assert np.isclose(conformal_factors(found)[0, pair], 7.2)
    rng = np.random.default_rng(8)
    actual = np.abs(rng.normal(size=(1000, 9)))
    factors = [conformal_factors(own[None, :8, None, None].repeat(PAIRS, 3))[0, pair] for own in actual]
    assert abs((actual[:, 8] <= factors).mean() - 0.8) < 0.04


def test_bands_stay_where_windows_contradict_each_other_and_move_where_they_agree():
    rng = np.random.default_rng(9)
    found = np.abs(rng.normal(size=(200, 8, 3, PAIRS))) / 1.2816
    assert np.allclose(panel_factors(3 * found), conformal_factors(3 * found))
    one_bad = found.copy()
    one_bad[:, 0] *= 4  # what this window says of the others is wrong, and they say nothing of it
    moved, whole = np.log(panel_factors(one_bad)), np.log(conformal_factors(one_bad))
    assert np.abs(moved).mean() < 0.6 * np.abs(whole).mean()
