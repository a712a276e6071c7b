"""The metrics against utilsforecast, and by hand."""

import numpy as np
import pandas as pd
import pytest
from utilsforecast import losses

from segue.errors import UserError
from segue.forecasting.evaluation.metrics import DECILES, coverage, interval_score, mase, weighted_quantile_loss

LANES, PAST, STEPS, SEASON = 4, 30, 6, 7
NAN = float("nan")


def frame(**columns: np.ndarray) -> pd.DataFrame:
    """(lanes, time) arrays as one long frame."""
    lanes, time = next(iter(columns.values())).shape
    keys = {"unique_id": np.repeat(np.arange(lanes), time), "ds": np.tile(np.arange(time), lanes)}
    return pd.DataFrame(keys | {name: array.ravel() for name, array in columns.items()})


@pytest.fixture
def history() -> np.ndarray:
    return np.random.default_rng(0).normal(10, 3, (LANES, PAST))


@pytest.fixture
def actual() -> np.ndarray:
    return np.random.default_rng(1).normal(10, 3, (LANES, STEPS))


@pytest.fixture
def quantiles() -> np.ndarray:
    return np.sort(np.random.default_rng(2).normal(10, 3, (LANES, STEPS, len(DECILES))), axis=-1)


def test_mase_equals_utilsforecast(actual, quantiles, history):
    """Catches a scale of the wrong lag, of the forecast period, or shared by all lanes."""
    median = quantiles[..., 4]
    future = frame(y=actual, model=median).assign(ds=lambda f: f["ds"] + PAST)
    expected = losses.mase(future, ["model"], SEASON, frame(y=history))["model"]
    np.testing.assert_allclose(mase(actual, median, history, SEASON), expected, rtol=1e-12)


def test_mase_leaves_out_missing_values_and_a_late_beginning(actual, quantiles, history):
    """Catches a NaN that counts as zero error or spoils the mean; by hand over what is there."""
    median = quantiles[..., 4]
    history[1, :12] = NAN
    history[1, 20] = NAN
    actual[1, 2] = NAN
    steps = [0, 1, 3, 4, 5]
    pairs = [t for t in range(12 + SEASON, PAST) if t not in (20, 20 + SEASON)]
    scale = np.mean([abs(history[1, t] - history[1, t - SEASON]) for t in pairs])
    expected = np.mean([abs(actual[1, h] - median[1, h]) for h in steps]) / scale
    assert mase(actual, median, history, SEASON)[1] == pytest.approx(expected, rel=1e-12)


def test_mase_is_nan_where_undefined():
    """Catches an infinite or zero score of constant, too short and unobserved lanes, which would rule a mean."""
    past = np.array([[1.0, 2.0, 4.0], [5.0, 5.0, 5.0], [NAN, NAN, 3.0], [1.0, 2.0, 4.0]])
    future = np.array([[5.0], [6.0], [4.0], [NAN]])
    np.testing.assert_array_equal(mase(future, np.full((4, 1), 2.0), past, 1), [2.0, NAN, NAN, NAN])
    assert np.isnan(mase(future, future, past, 9)).all()


def test_mase_of_a_lane_that_varies_by_rounding_alone_is_undefined():
    """0.1 + 0.2 is not 0.3 in binary: divided by that difference, a tenth would be an error of 10^15."""
    past = np.array([[0.3, 0.1 + 0.2, 0.3, 0.1 + 0.2], [3e-9, 2e-9, 3e-9, 2e-9]])
    future = np.array([[0.4], [4e-9]])
    np.testing.assert_allclose(mase(future, past[:, -1:], past, 1), [NAN, 2.0])


def test_weighted_quantile_loss_by_hand():
    """Catches a mean of ratios: the table's score is a ratio of sums over all lanes, so a big lane weighs more.

    Level 0.5 of lane 1: |10 - 8| = 2 as twice the pinball. Level 0.9: 2 * 0.9 * 0 = 0 and 2 * 0.1 * 1 = 0.2.
    """
    actual = np.array([[10.0], [-2.0], [NAN]])
    quantiles = np.array([[[8.0, 10.0]], [[-2.0, -1.0]], [[0.0, 0.0]]])
    assert weighted_quantile_loss(actual, quantiles, (0.5, 0.9)) == pytest.approx(((2 + 0) + (0 + 0.2)) / 2 / 12)


def test_weighted_quantile_loss_of_one_lane_equals_utilsforecast_scaled_crps(actual, quantiles):
    """Catches a lost factor 2 or a wrong order of levels against the same score of a single series."""
    columns = {f"q{place}": quantiles[:1, :, place] for place in range(9)}
    peer = losses.scaled_crps(frame(y=actual[:1], **columns), {"model": list(columns)}, np.array(DECILES))
    assert weighted_quantile_loss(actual[:1], quantiles[:1]) == pytest.approx(peer["model"].item(), rel=1e-12)


def test_weighted_quantile_loss_is_nan_where_undefined():
    assert np.isnan(weighted_quantile_loss(np.array([[0.0, NAN]]), np.ones((1, 2, 9))))


def test_coverage_and_interval_score_equal_utilsforecast(actual, quantiles):
    """Catches open bounds and a wrong alpha: 80 percent means quantiles 0.1 and 0.9, a fine of 2 / 0.2."""
    lower, upper = quantiles[..., 0], quantiles[..., -1]
    actual[0, 0], actual[1, 1] = lower[0, 0], upper[1, 1]  # on a bound is inside
    table = frame(y=actual, **{"model-lo-80": lower, "model-hi-80": upper})
    np.testing.assert_allclose(coverage(actual, lower, upper), losses.coverage(table, ["model"], 80)["model"])
    np.testing.assert_allclose(
        interval_score(actual, lower, upper, 80), losses.winkler_score(table, ["model"], 80)["model"], rtol=1e-12
    )


def test_missing_actual_values_count_neither_as_hit_nor_as_miss():
    """Catches NaN <= bound, which is False and so a miss."""
    actual, lower, upper = np.array([[1.0, NAN, 9.0], [NAN] * 3]), np.zeros((2, 3)), np.full((2, 3), 5.0)
    np.testing.assert_array_equal(coverage(actual, lower, upper), [0.5, NAN])
    np.testing.assert_allclose(interval_score(actual, lower, upper, 50), [5 + 4 * 4 / 2, NAN])


def test_a_missing_forecast_is_not_forgiven(actual, quantiles, history):
    """Catches nanmean: a model that answers NaN where it is weak must not score better for it."""
    quantiles[2, 3] = NAN
    lower, upper = quantiles[..., 0], quantiles[..., -1]
    scores = (
        mase(actual, quantiles[..., 4], history, SEASON),
        coverage(actual, lower, upper),
        interval_score(actual, lower, upper, 80),
    )
    for score in scores:
        np.testing.assert_array_equal(np.isnan(score), [False, False, True, False])
    assert np.isnan(weighted_quantile_loss(actual, quantiles))


def test_single_precision_is_scored_in_double(actual, quantiles, history):
    """Catches float32 arithmetic."""
    short = [array.astype(np.float32) for array in (actual, quantiles[..., 4], history)]
    score = mase(*short, SEASON)
    assert score.dtype == np.float64
    np.testing.assert_array_equal(score, mase(*(array.astype(np.float64) for array in short), SEASON))


def test_mistakes_are_reported(actual):
    with pytest.raises(UserError, match="season 0: give a whole number"):
        mase(actual, actual, actual, 0)
    for level in (0, 100, NAN):
        with pytest.raises(UserError, match="between 0 and 100"):
            interval_score(actual, actual, actual, level)
