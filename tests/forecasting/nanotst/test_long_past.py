"""Forecasts of pasts longer than the network reads."""

import numpy as np
import pytest

from segue import ExportedModel, History, NanoTST
from segue.forecasting.nanotst.long_past import PAST, _steadiness, forecast_quantiles, reach
from segue.forecasting.nanotst.rollout import roll_out
from segue.forecasting.predictor import predict_lanes

WEEK = np.array([[24.0, 168.0, 8766.0]])


@pytest.fixture(scope="module")
def model() -> ExportedModel:
    return ExportedModel.from_pretrained("nanotst-small")


def history_of(values: np.ndarray, seasons: np.ndarray = WEEK) -> History:
    values = np.atleast_2d(values)
    observed = ~np.isnan(values)
    return History(np.where(observed, values, 0.0), observed, np.repeat(seasons, len(values), axis=0))


def week(time: np.ndarray) -> np.ndarray:
    """A week of hours whose working days and days off differ."""
    day = np.sin(2 * np.pi * (time % 24) / 24)
    return np.where(time // 24 % 7 < 5, 2 + day, 0.3 * day)


def noisy_week(length: int, seed: int = 0) -> np.ndarray:
    return week(np.arange(length)) + 0.7 * np.random.default_rng(seed).normal(size=length)


@pytest.mark.parametrize("length", [5, 300, 704])
def test_what_the_network_reads_whole_is_forecast_by_the_network_alone(model, length):
    history = history_of(noisy_week(length))
    assert np.array_equal(forecast_quantiles(model, history, 30), roll_out(model, history, 30))


def test_a_lane_without_a_season_is_forecast_by_the_network_alone(model):
    history = history_of(noisy_week(1500), np.zeros((1, 2)))
    recent = history.select(np.array([0]), 1500 - 704)
    assert np.array_equal(forecast_quantiles(model, history, 30), roll_out(model, recent, 30))


@pytest.mark.parametrize("values", [np.full(2000, 7.0), np.where(np.arange(2000) < 1990, np.nan, 7.0)])
def test_a_level_stays_the_forecast(model, values):
    values = values.copy()
    values[0] = 7.0  # the second one has begun long before its last ten values
    assert (forecast_quantiles(model, history_of(values), 30) == 7.0).all()


def test_a_steady_week_under_noise_is_forecast_nearer_to_the_truth(model):
    """Against the noiseless truth, over eight ends of the past: the profile averages 15 weeks, the network sees 4."""
    errors = np.zeros(2)
    for end in range(8):
        values = noisy_week(PAST + 21 * end, seed=end)[-PAST:]
        truth = week(np.arange(PAST + 21 * end, PAST + 21 * end + 168))
        history = history_of(values)
        recent = history.select(np.array([0]), PAST - 704)
        for place, quantiles in enumerate((forecast_quantiles(model, history, 168), roll_out(model, recent, 168))):
            errors[place] += np.abs(quantiles[0, :, 8] - truth).mean()
    assert errors[0] < 0.9 * errors[1]


@pytest.mark.parametrize("since", [24, 142, 592])
def test_a_series_that_stopped_stays_where_it_stopped(model, since):
    """The network alone forecasts the level; profiles of the past must not bring the season back."""
    values = noisy_week(PAST)
    values[-since:] = 0.0
    recent = history_of(values[-704:])
    alone = np.abs(roll_out(model, recent, 48)).max()
    assert np.abs(forecast_quantiles(model, history_of(values), 48)).max() < alone + 0.05


def test_a_year_that_the_network_cannot_see_is_in_the_forecast(model):
    time = np.arange(PAST + 365)
    values = np.sin(2 * np.pi * time / 365.25) + np.resize([0, 0, 0, 0, 0, 1, 1], len(time))
    values += 0.2 * np.random.default_rng(0).normal(size=len(time))
    days = np.array([[7.0, 365.25]])
    quantiles = forecast_quantiles(model, history_of(values[:PAST], days), 365)
    error = np.abs(quantiles[0, :, 8] - values[PAST:])
    copied = np.abs(values[PAST - 364 : PAST + 1] - values[PAST:])  # the same weekday of the year before
    assert error.mean() < copied.mean()


def test_the_first_steps_of_a_longer_horizon_are_the_forecast_of_the_shorter_one(model):
    history = history_of(np.stack([noisy_week(1500, 1), noisy_week(1500, 2)]))
    near, far = (forecast_quantiles(model, history, horizon) for horizon in (50, 400))
    np.testing.assert_allclose(far[:, :50], near, rtol=0, atol=1e-5)  # the network has single precision


def test_quantiles_do_not_cross(model):
    history = history_of(np.stack([noisy_week(1500, seed) for seed in range(6)]))
    assert (np.diff(forecast_quantiles(model, history, 60), axis=-1) >= 0).all()


@pytest.mark.parametrize("horizon", [24, 168])
def test_torch_forecasts_a_long_past_as_onnxruntime_does(model, horizon):
    history = history_of(np.stack([noisy_week(1500, seed) for seed in range(4)]))
    exported, torch = (
        each.predict(history, horizon).quantiles for each in (model, NanoTST.from_pretrained(model.folder))
    )
    width = exported[..., 13] - exported[..., 3]  # of the 80 % band
    assert (np.abs(torch - exported) <= 1e-4 * width[..., None]).all()


def test_values_before_the_reach_have_no_influence(model):
    assert reach(model) == PAST == model.context
    values = np.atleast_2d(noisy_week(4000))
    other = values.copy()
    other[:, : 4000 - PAST] += 50
    given, changed = (predict_lanes(model, part, np.ones(part.shape, dtype=bool), WEEK, 24) for part in (values, other))
    assert np.array_equal(given.quantiles, changed.quantiles)


def test_the_weight_of_profiles_is_that_of_two_naive_forecasts():
    random = np.random.default_rng(0)
    assert _steadiness(random.normal(size=40_000), 24) == pytest.approx(0.8, abs=0.02)
    assert _steadiness(np.resize(random.normal(size=24), 720), 24) == 0.0
    assert _steadiness(np.zeros(720), 24) == 0.5
    assert _steadiness(np.full(720, np.nan), 24) == 0.5
