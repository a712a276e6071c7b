"""The contract: quantiles read between levels and never beyond, and lanes shown as a predictor needs them."""

import numpy as np
import pytest

from segue.errors import UserError
from segue.forecasting.predictor import LEVELS, Forecast, History, Predictor, check_horizon, predict_lanes
from tests.forecasting.conftest import LastValue


def test_a_given_level_is_given_back_to_the_last_bit_and_others_lie_between():
    quantiles = np.sort(np.random.default_rng(0).normal(size=(2, 3, len(LEVELS))))
    forecast = Forecast(quantiles)
    assert np.array_equal(forecast.at(LEVELS), quantiles)
    assert np.array_equal(forecast.median, quantiles[..., LEVELS.index(0.5)])
    assert np.array_equal(forecast.at((0.9, 0.025)), quantiles[..., [LEVELS.index(0.9), LEVELS.index(0.025)]])
    np.testing.assert_allclose(forecast.at((0.15,))[..., 0], quantiles[..., 3:5].mean(-1))


def test_one_level_is_enough_and_a_median_is_never_made_up():
    ones = np.ones((1, 2, 1))
    assert np.array_equal(Forecast(ones, (0.5,)).median, ones[..., 0])
    with pytest.raises(ValueError, match="no median among the levels"):
        _ = Forecast(np.ones((1, 2, 2)), (0.1, 0.9)).median


def test_levels_ascend_and_tails_are_not_extrapolated():
    with pytest.raises(ValueError, match="must ascend"):
        Forecast(np.ones((1, 2, 2)), (0.9, 0.1))
    with pytest.raises(ValueError, match="must lie in"):
        Forecast(np.ones((1, 2, len(LEVELS)))).at((0.995,))


def lanes_of(rows):
    values = np.array(rows, dtype=float)
    return values, ~np.isnan(values), np.arange(2.0 * len(rows)).reshape(-1, 2)


def test_a_history_ends_with_a_value_in_every_lane():
    values, observed, seasons = lanes_of([[1, 2], [3, np.nan]])
    with pytest.raises(ValueError, match="every lane must have an observed value in the last column"):
        History(values, observed, seasons)
    history = History(*lanes_of([[1, 2, 3], [np.nan, 5, 6], [7, np.nan, 9]]))
    picked = history.select(np.array([2, 0]), since=1)
    np.testing.assert_array_equal(picked.values, [[np.nan, 9], [2, 3]])
    np.testing.assert_array_equal(picked.seasons, [[4, 5], [0, 1]])


class Counting(LastValue):
    """The last value, plus one a step: a step that is lost or counted twice shows."""

    def predict(self, history, horizon):
        quantiles = super().predict(history, horizon).quantiles + np.arange(1, horizon + 1)[:, None]
        return Forecast(quantiles, mean=quantiles.mean(-1))


def test_lanes_move_until_they_end_with_a_value_and_the_steps_since_are_forecast_too():
    rows = [[1, 2, 3, 4, 5], [1, np.nan, 3, np.nan, np.nan], [np.nan] * 5, [np.nan, np.nan, np.nan, 7, np.nan]]
    predictor = Counting()
    forecast = predict_lanes(predictor, *lanes_of(rows), 2)
    np.testing.assert_array_equal(forecast.median, [[6, 7], [6, 7], [np.nan] * 2, [9, 10]])
    np.testing.assert_allclose(forecast.mean, forecast.median)
    assert [history.seasons.tolist() for history in predictor.shown] == [[[0, 1]], [[6, 7]], [[2, 3]]]
    assert [history.values.tolist() for history in predictor.shown] == [
        [[1, 2, 3, 4, 5]], [[0, 0, 0, 7]], [[1, 0, 3]],
    ]  # fmt: skip


def test_only_the_context_is_shown():
    predictor = Counting()
    forecast = predict_lanes(predictor, *lanes_of([np.arange(50), [1] + 49 * [np.nan]]), 1)
    assert predictor.shown[0].values.tolist() == [list(range(42, 50))]
    np.testing.assert_array_equal(forecast.median, [[50], [np.nan]])


def test_lanes_without_time_have_no_forecast():
    assert np.isnan(predict_lanes(Counting(), np.ones((2, 0)), np.ones((2, 0), bool), np.ones((2, 1)), 3).median).all()


@pytest.mark.parametrize("horizon", [0, -1, True, 2.0, "3"])
def test_a_horizon_is_a_whole_number(horizon):
    with pytest.raises(UserError, match="^horizon .*: give a whole number of at least 1$"):
        check_horizon(horizon)


def test_whoever_has_the_four_names_is_a_predictor():
    assert isinstance(LastValue(), Predictor)
    assert not isinstance(object(), Predictor)


class OtherLevels(LastValue):
    """A predictor that gives as many quantiles, of other levels."""

    def predict(self, history: History, horizon: int) -> Forecast:
        quantiles = super().predict(history, horizon).quantiles
        return Forecast(quantiles, tuple(np.linspace(0.3, 0.7, len(LEVELS)).tolist()))


def test_quantiles_of_other_levels_or_steps_are_refused_not_relabelled():
    """Catches a level of 0.3 that is shown as the lower bound of the 98 % interval."""
    with pytest.raises(ValueError, match=r"at segue\.LEVELS"):
        predict_lanes(OtherLevels(), *lanes_of([[1.0, 2.0]]), 3)
