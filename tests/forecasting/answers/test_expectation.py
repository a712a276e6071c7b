"""The mean against closed forms, the support of series, and the mean of paths."""

from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest

import segue
from segue.forecasting.answers.expectation import means
from segue.forecasting.predictor import LEVELS, Forecast
from segue.forecasting.support import Limits
from segue.forecasting.table.layout import Layout
from segue.forecasting.table.reading import read_frame

STEPS = 3


class Fixed:
    """The same quantiles for each step of each lane."""

    name, context, fingerprint = "Fixed", 64, "fixed"

    def __init__(self, quantiles, keeps_support=False):
        self.quantiles, self.keeps_support = np.asarray(quantiles, float), keeps_support

    def predict(self, history, horizon):
        return Forecast(np.broadcast_to(self.quantiles, (len(history), horizon, len(LEVELS))).copy())


def table(values=(3.5, 1.25, 2.75, 5.0)):
    return pd.DataFrame({"unique_id": "a", "ds": np.arange(len(values)), "y": np.asarray(values, float)})


def mean_of(quantiles, limits=Limits(), values=(3.5, 1.25, 2.75, 5.0), keeps_support=False):  # noqa: B008
    panel = read_frame(table(values), Layout()).panel
    predictor = Fixed(quantiles, keeps_support)
    return float(means(predictor, panel, predictor.predict(panel, 1).quantiles, limits)[0, 0])


def levels(function):
    return [function(level) for level in LEVELS]


def test_the_mean_of_a_symmetric_distribution_is_its_median():
    assert mean_of(levels(NormalDist(7, 2).inv_cdf)) == pytest.approx(7, abs=1e-9)
    assert mean_of(levels(lambda u: u)) == pytest.approx(0.5, abs=1e-12)
    assert mean_of([4.0] * len(LEVELS)) == 4.0


@pytest.mark.parametrize(
    ("function", "mean", "error"),
    [
        (lambda u: -np.log1p(-u), 1.0, 0.015),  # exponential; chords of a convex function lie above it
        (lambda u: np.exp(0.5 * NormalDist().inv_cdf(u)), np.exp(0.125), 0.006),  # lognormal
        (lambda u: u**2, 1 / 3, 0.004),
    ],
)
def test_the_mean_of_a_skewed_distribution_is_near_the_closed_form(function, mean, error):
    assert mean_of(levels(function)) == pytest.approx(mean, abs=error * max(mean, 1))


def test_beyond_the_outer_levels_the_tail_is_that_of_a_normal_distribution():
    """A distribution that is 0 up to 97.5 % and 1 at 99 %; its integral is known in parts."""
    quantiles = np.zeros(len(LEVELS))
    quantiles[-1] = 1.0
    last, one = (NormalDist().inv_cdf(level) for level in (0.975, 0.99))
    tail = NormalDist().pdf(one) - 0.01 * last  # of (z - z_975), from 99 % on
    assert mean_of(quantiles) == pytest.approx(0.015 / 2 + tail / (one - last), rel=0.01)


def test_a_floor_and_a_cap_hold_for_every_value_before_they_are_averaged():
    normal = levels(NormalDist().inv_cdf)
    floored = mean_of(np.maximum(normal, 0), Limits(0, None))
    assert floored == pytest.approx(NormalDist().pdf(0), abs=0.004)  # E max(X, 0)
    assert mean_of(np.clip(normal, -1, 1), Limits(-1, 1)) == pytest.approx(0, abs=1e-12)
    assert mean_of([5.0] * 16 + [9.0], Limits(None, 9)) < 5.1


def test_the_mean_of_counts_is_between_counts_and_never_below_zero():
    counts = np.tile([0.0, 0, 1, 0, 2, 1], 6)
    quantiles = np.round(levels(lambda u: 2.5 * u**3))
    mean = mean_of(quantiles, values=counts, keeps_support=True)
    steps = np.interp((np.arange(1000) + 0.5) / 1000, LEVELS, quantiles)
    assert mean == pytest.approx(np.round(steps).mean(), abs=0.005)
    assert mean != round(mean)
    assert mean_of(np.minimum(quantiles, 0) - 0.1, values=counts, keeps_support=True) == 0


def test_the_column_stands_beside_the_median_and_leaves_all_others_as_they_are():
    options = {"model": "ar", "levels": (80, 33), "quantiles": 0.13, "cap": 4}
    plain, found = (segue.forecast(table(), STEPS, **options, **more) for more in ({}, {"mean": True}))
    assert list(found.columns)[2:4] == ["AR", "AR-mean"]
    pd.testing.assert_frame_equal(found.drop(columns="AR-mean"), plain)
    assert found["AR-mean"].max() <= 4


def test_the_mean_of_a_step_is_that_of_its_paths_and_of_a_sum_the_sum_of_means():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"unique_id": np.repeat(["a", "b"], 60), "ds": np.tile(np.arange(60), 2), "y": rng.gamma(2, size=120).round(1)}
    )
    steps = segue.forecast(frame, 4, model="ar", mean=True, floor=0)
    paths = segue.simulate(frame, 4, model="ar", paths=1000, floor=0)
    expected = paths.groupby(["unique_id", "ds"])["AR"].mean().to_numpy()
    np.testing.assert_allclose(steps["AR-mean"], expected, rtol=1e-12)
    for options, means_of in (
        ({"per": "horizon"}, steps.groupby("unique_id")["AR-mean"].sum()),
        ({"over": "all"}, steps.groupby("ds")["AR-mean"].sum()),
    ):
        total = segue.forecast(frame, 4, model="ar", mean=True, floor=0, **options)
        np.testing.assert_allclose(total["AR-mean"], means_of, rtol=1e-9)
        assert list(total.columns)[2:5] == ["steps", "AR", "AR-mean"]


def test_calibrated_bands_move_the_mean_only_where_they_are_skewed():
    frame = pd.DataFrame({"ds": np.arange(60), "y": np.random.default_rng(1).normal(size=60)})
    with pytest.warns(segue.errors.Notice, match="calibrate"):
        found = segue.forecast(frame, 3, model="ar", mean=True, calibrate=4)
    np.testing.assert_allclose(found["AR-mean"], found["AR"], atol=1e-9)
