"""The baselines against closed forms, and the laws every predictor obeys."""

import math

import numpy as np
import pytest
from scipy.signal import lfilter
from scipy.stats import norm

from segue.errors import UserError
from segue.forecasting.baselines.autoregression import Autoregression
from segue.forecasting.baselines.burg import burg
from segue.forecasting.baselines.seasonal_naive import SeasonalNaive
from segue.forecasting.predictor import LEVELS, Forecast, History, Predictor, predict_lanes

PREDICTORS = [SeasonalNaive(), SeasonalNaive(7), Autoregression(), Autoregression(order=3)]
everywhere = pytest.mark.parametrize("predictor", PREDICTORS, ids=str)


def predict(predictor: Predictor, lanes: np.ndarray, horizon: int, seasons: np.ndarray | None = None) -> Forecast:
    """Forecasts (lanes, time) with NaN for missing."""
    seasons = np.zeros((len(lanes), 0)) if seasons is None else seasons
    return predict_lanes(predictor, lanes, ~np.isnan(lanes), seasons, horizon)


def std(forecast: Forecast) -> np.ndarray:
    """The standard deviations behind Gaussian quantiles."""
    width = forecast.at((0.975,)) - forecast.at((0.025,))
    return np.asarray(width[..., 0] / (2 * norm.ppf(0.975)))


def autoregressive(weights: tuple[float, ...], length: int, seed: int = 0) -> np.ndarray:
    """A path of unit noise, after its beginning is forgotten."""
    noise = np.random.default_rng(seed).normal(size=length + 500)
    return lfilter([1.0], [1.0, *(-w for w in weights)], noise)[500:]


@pytest.fixture
def lanes() -> np.ndarray:
    """A noisy season, a drift, an autoregression, one with gaps, a late beginning."""
    rng, t = np.random.default_rng(3), np.arange(90)
    values = np.stack(
        [
            np.sin(2 * np.pi * t / 7) + 0.2 * rng.normal(size=90),
            (0.5 + rng.normal(size=90)).cumsum(),
            autoregressive((1.2, -0.5), 90),
            autoregressive((0.8,), 90, seed=1),
            rng.normal(size=90),
        ]
    )
    values[3, [5, 30, 31, 60, 85, 88, 89]] = np.nan
    values[4, :70] = np.nan
    return values


@everywhere
def test_scale_law(predictor, lanes):
    """Catches a ridge, a floor or a threshold in the unit of the series."""
    for a, b in ((3.7e-6, 0.0), (250.0, -1e4), (1e9, 1e9)):
        moved = predict(predictor, a * lanes + b, 9).quantiles
        expected = a * predict(predictor, lanes, 9).quantiles + b
        np.testing.assert_allclose(moved, expected, rtol=1e-10, atol=1e-10 * (a + abs(b)))


@everywhere
def test_lanes_law(predictor, lanes):
    """Catches a lane that depends on its neighbours or on the padding before it."""
    whole = predict(predictor, lanes, 9).quantiles
    for lane in range(len(lanes)):
        alone = lanes[lane : lane + 1, 70 if lane == 4 else 0 :]
        np.testing.assert_allclose(predict(predictor, alone, 9).quantiles[0], whole[lane], rtol=1e-10, atol=1e-10)


@everywhere
def test_a_missing_value_has_no_value(predictor, lanes):
    """Catches an unobserved number that is read."""
    observed = ~np.isnan(lanes[:, :88])
    there, elsewhere = (
        predictor.predict(History(np.nan_to_num(lanes[:, :88], nan=value), observed, np.zeros((5, 0))), 9).quantiles
        for value in (0.0, 1e6)
    )
    np.testing.assert_array_equal(elsewhere, there)


@everywhere
def test_values_missing_at_the_end_are_steps_ahead(predictor, lanes):
    """Catches a forecast that starts anew after a gap, with the variance of the first step."""
    gone = lanes.copy()
    gone[:, -3:] = np.nan
    expected = predict(predictor, lanes[:, :-3], 8).quantiles[:, 3:]
    np.testing.assert_allclose(predict(predictor, gone, 5).quantiles, expected, rtol=1e-10, atol=1e-10)


@everywhere
def test_plain_lanes_have_plain_forecasts(predictor):
    """Catches 0 / 0 and rounding made visible: one value, two equal ones, constants small and huge go on exactly."""
    values = np.full((4, 40), np.nan)
    values[0, -1], values[1, -2:], values[2], values[3] = 3.25, -1.5, 0.1, 1e15 + 0.125
    forecast = predict(predictor, values, 20).quantiles
    np.testing.assert_array_equal(forecast, np.broadcast_to(values[:, -1, None, None], forecast.shape))
    single = predict(predictor, np.array([[7.0]]), 2).quantiles
    np.testing.assert_array_equal(single, np.full((1, 2, len(LEVELS)), 7.0))


@everywhere
def test_a_lane_never_observed_is_nan_and_no_other(predictor, lanes):
    lanes[2] = np.nan
    missing = np.isnan(predict(predictor, lanes, 9).quantiles)
    assert missing[2].all()
    assert missing.sum() == missing[2].size


@everywhere
def test_hard_lanes_stay_sane(predictor):
    """Catches explosive roots and overflow: doubling, flipping, jumping and huge lanes.

    All stay within 100 times their largest magnitude. Plain least squares on the doubling lane has the root 2: 2 ** 200
    times that.
    """
    t, rng = np.arange(40), np.random.default_rng(5)
    values = np.stack([2.0**t, (-1.0) ** t, (t == 20) * 1.0, 1e15 * (1 + rng.normal(size=40)), (-1.5) ** t])
    values = np.concatenate([values, values])
    values[5:, :36] = np.nan  # and four values only of each
    forecast = predict(predictor, values, 200).quantiles
    assert np.isfinite(forecast).all()
    assert (np.abs(forecast).max((1, 2)) <= 100 * np.nanmax(np.abs(values), axis=1)).all()


@everywhere
def test_context_is_all_that_is_read(predictor, lanes):
    """Catches a context that is named but not kept."""
    short = type(predictor)(**{**vars(predictor), "context": 40})
    expected = predict(predictor, lanes[:, -40:], 5).quantiles
    np.testing.assert_array_equal(predict(short, lanes, 5).quantiles, expected)


def test_seasonal_naive_repeats_a_season():
    """Catches a phase that is off by one: horizon and length are no multiples of the season."""
    pattern = np.array([1.0, 5.0, 2.0, -3.0, 0.5])
    values = np.tile(pattern, 9)[2:]
    forecast = predict(SeasonalNaive(5), values[None], 13)
    expected = np.tile(pattern, 3)[:13]
    np.testing.assert_array_equal(forecast.quantiles, np.broadcast_to(expected[:, None], (1, 13, len(LEVELS))))


def test_seasonal_naive_by_hand():
    """Catches a wrong scale (FPP3 section 5.5): root mean square of the differences, times the root of the seasons."""
    values = np.array([[1.0, 10.0, 2.0, 12.0, 5.0, 13.0]])  # differences 1, 2, 3, 1
    forecast = predict(SeasonalNaive(2), values, 5)
    np.testing.assert_array_equal(forecast.median[0], [5, 13, 5, 13, 5])
    scale = math.sqrt((1 + 4 + 9 + 1) / 4)
    np.testing.assert_allclose(std(forecast)[0], scale * np.sqrt([1, 1, 2, 2, 3]), rtol=1e-12)
    np.testing.assert_allclose(forecast.at((0.9,))[0, 0, 0], 5 + scale * norm.ppf(0.9), rtol=1e-12)


def test_seasonal_naive_walks_back_and_falls_back():
    """Catches a gap that is repeated: the season before is taken; a phase never seen takes the last value of all."""
    nan = np.nan
    values = np.array([[1.0, 10.0, 4.0, 12.0, nan, 13.0], [nan, 10.0, nan, 12.0, nan, 13.0]])
    forecast = predict(SeasonalNaive(2), values, 2)
    np.testing.assert_array_equal(forecast.median, [[4, 13], [13, 13]])
    scale = math.sqrt((9 + 4 + 1) / 3)
    np.testing.assert_allclose(std(forecast)[0], [scale * math.sqrt(2), scale], rtol=1e-12)


def test_seasonal_naive_is_naive_on_less_than_a_season():
    values = np.array([[3.0, 1.0, 4.0, 1.5]])
    np.testing.assert_array_equal(
        predict(SeasonalNaive(7), values, 4).quantiles, predict(SeasonalNaive(1), values, 4).quantiles
    )


@pytest.mark.parametrize("periods", [1, 2])
def test_without_a_season_each_lane_takes_its_first_period(lanes, periods):
    """Catches one season for all lanes, a period that is cut to a whole number, and a second period that is read."""
    seasons = np.array([[7.0, 3.0], [11.6, 3.0], [0.0, 3.0], [0.4, 0.0], [7.2, 0.0]])[:, :periods]
    forecast = predict(SeasonalNaive(), lanes, 9, seasons)
    for lane, season in enumerate([7, 12, 1, 1, 7]):
        expected = predict(SeasonalNaive(season), lanes[lane : lane + 1], 9).quantiles[0]
        np.testing.assert_allclose(forecast.quantiles[lane], expected, rtol=1e-10, atol=1e-10)
    given = predict(SeasonalNaive(5), lanes, 9, seasons).quantiles
    np.testing.assert_array_equal(given, predict(SeasonalNaive(5), lanes, 9).quantiles)


def test_burg_equals_statsmodels():
    """Catches a slip in Levinson's recursion: weights of each order against another implementation."""
    peer = pytest.importorskip("statsmodels.regression.linear_model").burg
    values = np.stack([autoregressive((1.2, -0.5), 60, seed) for seed in range(3)])
    values = values - values.mean(1, keepdims=True)
    values /= values.std(1, keepdims=True)
    fits = list(burg(values, np.ones((3, 60), dtype=bool), 12))
    assert len(fits) == 13
    for lane in range(3):
        explained = 1.0
        for order, (weights, variance) in enumerate(fits[1:], start=1):
            expected = peer(values[lane], order)[0]
            explained *= 1 - expected[-1] ** 2  # Levinson's variance; statsmodels averages the errors at hand instead
            np.testing.assert_allclose(weights[lane], expected, atol=1e-10)
            np.testing.assert_allclose(variance[lane].item(), explained, rtol=1e-10)


@pytest.mark.parametrize("gaps", [0.0, 0.1])
def test_burg_estimates_the_weights_of_a_known_process(gaps):
    """Catches bias, also from gaps. The standard error sqrt((1 - 0.5 ** 2) / n) is 0.006, with gaps 0.008."""
    values = autoregressive((1.2, -0.5), 20_000)[None]
    values = (values - values.mean()) / values.std()
    observed = np.random.default_rng(1).random(values.shape) >= gaps
    _, _, (weights, _) = burg(values * observed, observed, 2)
    np.testing.assert_allclose(weights[0], [1.2, -0.5], atol=0.03)


def test_autoregression_has_the_prediction_variance_of_a_known_process():
    """Catches wrong psi weights: var of h steps ahead is 1 + psi_1^2 + ..., with psi = 1, 1.2, 0.94, 0.528, ...

    The point forecasts follow the true recursion from the last two values, around the mean 5.
    """
    values = 5 + 2 * autoregressive((1.2, -0.5), 20_000)
    for predictor in (Autoregression(order=2), Autoregression()):
        forecast = predict(predictor, values[None], 12)
        psi, path = [1.0, 1.2], [*(values[-2:] - 5)]
        for _ in range(12):
            psi.append(1.2 * psi[-1] - 0.5 * psi[-2])
            path.append(1.2 * path[-1] - 0.5 * path[-2])
        np.testing.assert_allclose(std(forecast)[0], 2 * np.sqrt(np.cumsum(np.square(psi[:12]))), rtol=0.03)
        np.testing.assert_allclose(forecast.median[0], 5 + np.array(path[2:]), atol=0.25)


def test_autoregression_of_order_zero_is_the_mean():
    values = np.array([[1.0, 4.0, 2.0, 5.0]])
    forecast = predict(Autoregression(order=0), values, 3)
    np.testing.assert_allclose(forecast.median[0], [3.0] * 3)
    np.testing.assert_allclose(std(forecast)[0], [values.std(ddof=1)] * 3)


def test_autoregression_chooses_differences_for_a_drift():
    """Catches return to the mean where there is none: a line goes on; a walk widens with the root of the steps."""
    line = 3 + 0.25 * np.arange(50.0)
    forecast = predict(Autoregression(), line[None], 30)
    np.testing.assert_allclose(forecast.median[0], 3 + 0.25 * np.arange(50, 80), rtol=1e-9)
    walk = np.random.default_rng(0).normal(1, 1, 5000).cumsum()
    forecast = predict(Autoregression(), walk[None], 16)
    np.testing.assert_allclose(std(forecast)[0], np.sqrt(np.arange(1, 17)), rtol=0.1)
    np.testing.assert_allclose(forecast.median[0], walk[-1] + np.arange(1, 17), atol=1)


def test_autoregression_bridges_a_gap_near_the_end():
    """Catches zeros read for missing values: a sine goes on in phase though three of the last values are missing."""
    values = np.sin(2 * np.pi * np.arange(300) / 17)
    known = values.copy()
    known[[290, 296, 297]] = np.nan
    forecast = predict(Autoregression(order=2), known[None], 10)
    np.testing.assert_allclose(forecast.median[0], np.sin(2 * np.pi * np.arange(300, 310) / 17), atol=0.02)


def test_mistakes_are_reported():
    with pytest.raises(UserError, match="season 0"):
        SeasonalNaive(0)
    with pytest.raises(UserError, match="order -1"):
        Autoregression(order=-1)
