"""The cheap experts beside the model."""

import numpy as np
import pytest

from segue.forecasting.baselines.autoregression import Autoregression
from segue.forecasting.baselines.seasonal_naive import SeasonalNaive
from segue.forecasting.predictor import History
from segue.live.experts import EXPERTS, Advice, advise

AR, SEASON, LONG = (EXPERTS.index(name) for name in ("ar", "season", "long season"))


def ask(
    values: np.ndarray, seasons: tuple[float, ...] = (), steps: int = 10, observed: np.ndarray | None = None
) -> Advice:
    """The advice beside a naive forecast, which repeats the last value."""
    observed = np.ones(values.shape, dtype=bool) if observed is None else observed
    periods = np.tile(np.array(seasons, dtype=np.float64), (len(values), 1))
    return advise(SeasonalNaive(1).predict(History(values, observed, periods), steps), values, observed, periods)


def noisy(lanes: int, time: int, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    t = np.arange(time)
    shape = 10 * np.sin(2 * np.pi * t / 7) + 5 * np.sin(2 * np.pi * t / 91)
    return shape + random.normal(size=(lanes, time)).cumsum(1) / 3 + 100


def test_a_periodic_series_goes_on_exactly():
    """Catches a copy that is off by one step, also where the horizon is longer than a season."""
    cycle = np.array([3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0])
    found = ask(np.tile(cycle, 20)[None], (7.0,), steps=17)
    np.testing.assert_allclose(found.medians[0, :, SEASON], np.tile(cycle, 3)[:17], rtol=1e-12)
    np.testing.assert_array_equal(found.medians[..., 0], found.forecast.median)


def test_the_long_season_follows_the_level_of_now():
    """A year repeats at a new level; catches a copy without what differs from it."""
    year = np.random.default_rng(1).normal(size=364)
    values = np.concatenate([year, year[:200] + 50])[None]
    found = ask(values, (7.0, 365.25), steps=7)
    np.testing.assert_allclose(found.medians[0, :, LONG], year[200:207] + 50, atol=1e-9)


def test_the_expert_without_a_season_is_the_autoregression_of_the_library():
    values = noisy(3, 300)
    values -= values.mean(1, keepdims=True)
    history = History(values, np.ones(values.shape, dtype=bool), np.zeros((3, 0)))
    fixed = Autoregression(largest=24).predict(history, 10).median
    drifts = (
        np.abs(fixed - ask(values).medians[..., AR]).max(1) > 1e-9
    )  # there it sums differences, which this one never does
    assert not drifts.all()


def test_what_a_lane_has_no_values_for_repeats_the_model():
    """Catches an expert of three values, and a season that does not exist."""
    short = np.zeros((1, 100))
    observed = np.zeros((1, 100), dtype=bool)
    short[0, -12:], observed[0, -12:] = np.arange(12.0), True
    found = ask(short, (7.0, 365.25), observed=observed)
    np.testing.assert_array_equal(found.medians, np.repeat(found.medians[..., :1], len(EXPERTS), axis=2))
    plain = ask(noisy(2, 200))
    np.testing.assert_array_equal(plain.medians[..., SEASON], plain.medians[..., 0])
    np.testing.assert_array_equal(plain.medians[..., LONG], plain.medians[..., 0])


def test_a_lane_has_the_same_bits_in_any_batch():
    values, observed = noisy(9, 400), np.random.default_rng(2).random((9, 400)) > 0.1
    observed[:, -1] = True
    whole = ask(values, (7.0, 91.0), observed=observed).medians
    for lane in range(9):
        alone = ask(values[[lane]], (7.0, 91.0), observed=observed[[lane]]).medians
        np.testing.assert_array_equal(alone[0], whole[lane])


def test_what_is_not_observed_is_not_read():
    """Catches a zero, or the NaN of a missing value, that counts as a value."""
    values, observed = noisy(4, 400), np.random.default_rng(3).random((4, 400)) > 0.2
    observed[:, -1] = True
    other = np.where(observed, values, 1e9)
    np.testing.assert_array_equal(
        ask(values, (7.0, 91.0), observed=observed).medians[..., 1:],
        advise(
            ask(values, (7.0, 91.0), observed=observed).forecast, other, observed, np.tile([7.0, 91.0], (4, 1))
        ).medians[..., 1:],
    )


@pytest.mark.parametrize(("gain", "offset"), [(1e-6, 0.0), (1e9, -5e9)])
def test_the_advice_moves_with_the_unit(gain, offset):
    values = noisy(3, 400)
    one, other = ask(values, (7.0, 91.0)).medians, ask(gain * values + offset, (7.0, 91.0)).medians
    np.testing.assert_allclose(other, gain * one + offset, rtol=1e-7, atol=1e-6 * gain)


def test_experts_beat_a_naive_forecast_where_there_are_seasons():
    """Catches experts that are only noise: the mean error over 60 lanes is at most half of the last value's."""
    lanes = noisy(60, 410, seed=4)
    found, future = ask(lanes[:, :400], (7.0, 91.0)), lanes[:, 400:]
    error = np.abs(found.medians - future[..., None]).mean((0, 1))
    assert (error[[SEASON, LONG]] < 0.5 * error[0]).all(), error
