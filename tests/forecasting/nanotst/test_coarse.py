"""Forecasts of the far future from means of several values."""

import numpy as np
import pytest

from segue import LEVELS, ExportedModel, History
from segue.forecasting.nanotst.coarse import MEDIAN, averaged, between, coarse_forecast, detail_of, rates


def history_of(values: np.ndarray, *seasons: float) -> History:
    values = np.atleast_2d(values)
    observed = ~np.isnan(values)
    return History(np.where(observed, values, 0.0), observed, np.tile(np.array(seasons), (len(values), 1)))


@pytest.fixture(scope="module")
def model() -> ExportedModel:
    return ExportedModel.from_pretrained("nanotst")


def test_means_end_with_the_last_value_and_need_half_of_their_values():
    nan = np.nan
    given = history_of(np.array([9.0, 1, 2, 3, 4, nan, nan, nan, 5, nan, nan, nan, 6]), 12.0, 7.0)
    found = averaged(given, 4)
    assert found.observed.tolist() == [[False, True, False, True]]  # one of four values, all, one, and the last mean
    np.testing.assert_allclose(found.values[0, [1, 3]], [2.5, 6.0])
    assert found.seasons.tolist() == [[3.0, 0.0]]  # a week has less than two such means


def test_interpolation_is_exact_at_the_middles_and_constant_beyond_them():
    means = np.array([[1.0, 5.0, 3.0]])
    np.testing.assert_allclose(between(means, 3, np.array([1, 2, 5, 8, 9, 20])), [[1, 1, 5, 3, 3, 3]])
    np.testing.assert_allclose(between(means, 3, np.array([3, 4])), [[7 / 3, 11 / 3]])


def test_the_detail_of_a_line_is_zero_and_that_of_a_cycle_is_the_cycle():
    steps = np.arange(48.0)[None]
    inside = slice(2, -2)  # the outer half means have no neighbour
    np.testing.assert_allclose(detail_of(steps, 4)[:, inside], 0, atol=1e-12)
    cycle = np.tile([1.0, 0, -1, 0], 12)[None]
    np.testing.assert_allclose(detail_of(cycle + steps, 4)[:, inside], cycle[:, inside], atol=1e-12)


def test_the_spread_of_single_values_is_that_of_means_and_that_within_them():
    z = np.array(LEVELS) - 0.5
    first = np.tile(5 * z, (1, 40, 1))
    found = coarse_forecast(np.tile(3 * z, (1, 40, 1)), 4, first)
    np.testing.assert_allclose(found.spread[0, 0], np.abs(5 * z), atol=1e-12)  # as wide as single values
    wider = coarse_forecast(np.concatenate([np.tile(3 * z, (1, 20, 1)), np.tile(30 * z, (1, 20, 1))], axis=1), 4, first)
    np.testing.assert_allclose(wider.spread[0, -1], np.abs(np.hypot(30, 4) * z), atol=1e-12)


@pytest.mark.parametrize(
    ("season", "length", "found"),
    [
        (0.0, 720, (4, 16, 16, 16)),  # means of four reach 4 x 167 steps
        (24.0, 720, (4, 24, 24, 24)),  # means of 16 would not show a day
        (7.0, 720, (7, 7, 7, 7)),
        (52.18, 720, (4, 16, 16, 16)),
        (0.0, 100, (4, 4, 4, 4)),  # means of 16 would leave six
    ],
)
def test_rates_follow_the_season_and_the_length_of_the_past(season, length, found):
    assert rates(season, length, 168, 168 * 6) == found
    assert rates(season, length, 168, 168 * 5) == found[:3]


def test_noise_keeps_its_band_at_any_distance(model):
    values = np.random.default_rng(0).normal(size=(8, 720))
    quantiles = model.predict(history_of(values, 24.0), 2000).quantiles
    width = quantiles[..., LEVELS.index(0.9)] - quantiles[..., LEVELS.index(0.1)]
    for step in (500, 1000, 1500, 1999):
        # 2.56 is that of the normal distribution. It is 3.3 at 500 steps, where paths have two thirds of the weight:
        # less of them makes forecasts of PJM worse by 13 % (docs/notebook/forecasting.md).
        assert np.median(width[:, step]) == pytest.approx(2.56, rel=0.3 if step == 500 else 0.25), step
        assert np.abs(quantiles[:, step, MEDIAN]).max() < 0.7


def test_rare_counts_stay_rare(model):
    values = np.random.default_rng(1).poisson(0.7, (4, 720)).astype(np.float64)
    assert model.predict(history_of(values, 7.0), 2000).quantiles.max() < 20


def test_the_band_of_a_random_walk_grows_about_as_the_root_of_the_distance(model):
    values = np.random.default_rng(2).normal(size=(8, 720)).cumsum(1)
    quantiles = model.predict(history_of(values), 1600).quantiles
    width = np.median(quantiles[..., LEVELS.index(0.9)] - quantiles[..., LEVELS.index(0.1)], axis=0)
    assert 1.3 < width[1599] / width[399] < 4  # 2 by the root; before, it was over 100


def test_a_line_goes_on_as_a_line(model):
    time = np.arange(720)
    values = 0.01 * time + np.random.default_rng(3).normal(size=(8, 720))
    median = np.median(model.predict(history_of(values), 1500).quantiles[..., MEDIAN], axis=0)
    assert median[-100:].mean() == pytest.approx(0.01 * (720 + 1450), rel=0.3)


@pytest.mark.parametrize("value", [0.1, 7.0, -1e15])
def test_a_level_stays_the_forecast_to_the_last_bit(model, value):
    assert (model.predict(history_of(np.full(700, value), 24.0), 1500).quantiles == value).all()


def test_the_first_steps_of_a_far_forecast_are_the_nearer_forecast(model):
    values = np.random.default_rng(4).normal(size=(3, 500)).cumsum(1)
    far, near = (model.predict(history_of(values, 24.0), horizon).quantiles for horizon in (1100, 700))
    np.testing.assert_allclose(far[:, :700], near, rtol=0, atol=1e-4 * np.ptp(near))
