"""The forecaster for sktime, by sktime's own suite; it runs where sktime is installed."""

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("sktime", exc_type=ImportError)

from sktime.forecasting.model_evaluation import evaluate
from sktime.split import SlidingWindowSplitter
from sktime.utils.estimator_checks import check_estimator

import segue
from segue import UserError
from segue.adapters.sktime import Forecaster
from tests.adapters.test_arrays import values

pytestmark = pytest.mark.filterwarnings("ignore")
MODEL = "nanotst-small"
SERIES = pd.Series(values(120), pd.period_range("2015-01", periods=120, freq="M"), name="sold")


def expected(series=SERIES, horizon=9, **options):
    frame = pd.DataFrame({"ds": series.index.to_timestamp(), "y": series.to_numpy()})
    return segue.forecast(frame, horizon, model=MODEL, freq="MS", **options)


@pytest.mark.slow
def test_sktimes_own_suite_passes():
    """All that `check_estimator` checks of a forecaster; some minutes."""
    results = check_estimator(Forecaster, raise_exceptions=False, verbose=False)
    assert {name: result for name, result in results.items() if result != "PASSED"} == {}
    assert len(results) > 100


def test_forecasts_are_those_of_segue():
    """Monthly periods suggest a season of 12, as the calendar does for a table."""
    forecaster = Forecaster(MODEL).fit(SERIES)
    table = expected(levels=80, quantiles=(0.1, 0.3))
    point = forecaster.predict(fh=range(1, 10))
    np.testing.assert_array_equal(point, table["NanoTST-small"])
    assert point.index.equals(pd.period_range("2025-01", periods=9, freq="M"))
    some = forecaster.predict_quantiles(fh=[2, 9], alpha=[0.1, 0.3])
    np.testing.assert_array_equal(some, table[["NanoTST-small-q-10", "NanoTST-small-q-30"]].iloc[[1, 8]])
    interval = forecaster.predict_interval(fh=range(1, 10), coverage=0.8)
    np.testing.assert_array_equal(interval, table[["NanoTST-small-lo-80", "NanoTST-small-hi-80"]])


def test_lead_times_of_the_past_are_fitted_values():
    forecaster = Forecaster(MODEL).fit(SERIES)
    found = forecaster.predict(fh=range(-119, 1))
    frame = pd.DataFrame({"ds": SERIES.index.to_timestamp(), "y": SERIES.to_numpy()})
    np.testing.assert_array_equal(found, segue.fitted(frame, model=MODEL, freq="MS")["NanoTST-small"])


def test_an_update_brings_values_and_fits_nothing():
    forecaster = Forecaster(MODEL).fit(SERIES[:100])
    np.testing.assert_array_equal(forecaster.predict(fh=[1, 2]), expected(SERIES[:100], 2)["NanoTST-small"])
    forecaster.update(SERIES[100:], update_params=False)
    np.testing.assert_array_equal(forecaster.predict(fh=[1, 2]), expected(SERIES, 2)["NanoTST-small"])


def test_sktimes_evaluation_runs_it():
    scores = evaluate(
        Forecaster("seasonal-naive:12"),
        SlidingWindowSplitter(fh=[1, 2, 3], window_length=60, step_length=20),
        SERIES.fillna(50.0),
    )
    assert len(scores) == 3
    assert np.isfinite(scores["test_MeanAbsolutePercentageError"]).all()


def test_a_quantile_that_no_model_gives_is_refused():
    with pytest.raises(UserError, match=r"^quantiles 0\.999: give a fraction"):
        Forecaster(MODEL).fit(SERIES).predict_quantiles(fh=[1], alpha=[0.999])
