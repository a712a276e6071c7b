"""Models of statsforecast as predictors: its numbers, and what happens where it has none."""

import sys

import numpy as np
import pytest
from statsforecast import models

from segue import LEVELS, Predictor, SeasonalNaive, UserError
from segue.forecasting.baselines.statsforecast import AutoETS, AutoTheta
from segue.forecasting.predictor import predict_lanes
from segue.forecasting.registry import load_predictor

CLASSES = pytest.mark.parametrize("kind", [AutoETS, AutoTheta])


def lanes(count=2, time=60, seed=0):
    noise = np.random.default_rng(seed).normal(size=(count, time))
    return 20 + 5 * np.sin(np.arange(time) * np.pi / 2) + noise, np.ones((count, time), dtype=bool)


def predict(predictor, values, observed, horizon, seasons=None):
    seasons = np.zeros((len(values), 0)) if seasons is None else seasons
    return predict_lanes(predictor, values, observed, seasons, horizon).quantiles


@CLASSES
def test_quantiles_are_the_bounds_of_its_intervals(kind):
    values, observed = lanes()
    ours = predict(kind(4), values, observed, 6)
    assert isinstance(kind(4), Predictor)
    for lane in range(2):
        theirs = getattr(models, kind.__name__)(season_length=4).forecast(values[lane], 6, level=[80, 95])
        np.testing.assert_allclose(ours[lane, :, LEVELS.index(0.5)], theirs["mean"])
        if kind is AutoETS:  # Theta's are simulated, and may be widened to those of a narrower interval
            np.testing.assert_allclose(ours[lane, :, LEVELS.index(0.1)], theirs["lo-80"])
            np.testing.assert_allclose(ours[lane, :, LEVELS.index(0.975)], theirs["hi-95"])
    assert (np.diff(ours) >= 0).all()


@CLASSES
def test_missing_values_are_interpolated_and_a_missing_end_is_forecast(kind):
    values, observed = lanes(1)
    values[0, 30] = (values[0, 29] + values[0, 31]) / 2
    whole = predict(kind(4), values[:, 4:58], observed[:, 4:58], 5)
    values[0, [0, 1, 2, 3, 30, 58, 59]] = 1e6
    observed[0, [0, 1, 2, 3, 30, 58, 59]] = False
    np.testing.assert_allclose(predict(kind(4), values, observed, 3), whole[:, 2:])


@CLASSES
def test_a_lane_it_refuses_gets_the_seasonal_naive_forecast(kind):
    """One value, a constant, and nothing at all, beside a lane that it takes."""
    values, observed = lanes(4)
    observed[0, :-1] = False
    values[1] = 3
    observed[2] = False
    ours, naive = (predict(predictor, values, observed, 5) for predictor in (kind(4), SeasonalNaive(4)))
    np.testing.assert_array_equal(ours[:3], naive[:3])
    assert not np.array_equal(ours[3], naive[3])


@CLASSES
def test_without_a_season_each_lane_takes_its_own(kind):
    values, observed = lanes()
    ours = predict(kind(), values, observed, 3, np.array([[4.0], [0.0]]))
    for lane, season in enumerate([4, 1]):
        only = slice(lane, lane + 1)
        np.testing.assert_array_equal(ours[only], predict(kind(season), values[only], observed[only], 3))


def test_a_missing_package_is_reported_with_its_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "statsforecast", None)
    with pytest.raises(UserError, match=r"^against ets:12: needs statsforecast; run pip install .*'\.\[classical\]' "):
        load_predictor("ets:12", "against")


def test_a_season_below_one_is_refused():
    with pytest.raises(UserError, match="^season 0: "):
        AutoETS(0)
