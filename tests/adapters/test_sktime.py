"""The forecaster for sktime, by sktime's own suite; it runs where sktime is installed."""

import json
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("sktime", exc_type=ImportError)

from sktime.forecasting.model_evaluation import evaluate
from sktime.split import SlidingWindowSplitter

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


SUITE = """
import json, warnings
warnings.simplefilter("ignore")
from sktime.utils.estimator_checks import check_estimator
from segue.adapters.sktime import Forecaster
results = check_estimator(Forecaster, raise_exceptions=False, verbose=False)
print(json.dumps({name: str(result) for name, result in results.items()}))
"""


@pytest.mark.slow
def test_sktimes_own_suite_passes():
    """All 772 checks of `check_estimator`, in one minute of the processor.

    It has a process of its own: one check asks for the plain signature of `__init__`, which the checks of shapes wrap.
    """
    done = subprocess.run([sys.executable, "-c", SUITE], check=True, stdout=subprocess.PIPE, text=True)
    results = json.loads(done.stdout.splitlines()[-1])
    assert {name: result for name, result in results.items() if result != "PASSED"} == {}
    assert len(results) > 700


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


@pytest.mark.parametrize("gap", [slice(60, 63), slice(98, 100), slice(100, 103)])
def test_steps_without_a_row_are_missing_values(gap):
    """Catches a gap that is closed, within the values of `fit` or between those of two calls."""
    missing = SERIES.copy()
    missing.iloc[gap] = np.nan
    rows = [part.drop(part.index.intersection(SERIES.index[gap])) for part in (SERIES[:100], SERIES[100:])]
    forecaster = Forecaster(MODEL).fit(rows[0])
    forecaster.update(rows[1])
    np.testing.assert_array_equal(
        forecaster.predict(fh=[1, 2, -30]), Forecaster(MODEL).fit(missing).predict([1, 2, -30])
    )


def test_one_value_after_the_other():
    """A single new time shows no step, so the forecaster has to keep it; catches a step or a value that is lost."""
    times = SERIES.set_axis(SERIES.index.to_timestamp())
    forecaster = Forecaster(MODEL).fit(times[:100])
    for place in range(100, 103):
        forecaster.update(times.iloc[place : place + 1])
    found = forecaster.predict(fh=[1, 2])
    np.testing.assert_array_equal(found, expected(SERIES[:103], 2)["NanoTST-small"])
    assert found.index.tolist() == times.index[103:105].tolist()


HOLIDAYS = pd.offsets.CustomBusinessDay(holidays=["2026-01-06"])


@pytest.mark.parametrize("step", ["D", "h", "2D", "W-WED", "ME", "MS", "QE", "SMS", "B", HOLIDAYS])
@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_times_of_any_step_go_on_with_it(step, zone):
    """Catches a step that loses its holidays, its day of the week or its hour when it is written as a text."""
    times = pd.date_range("2026-01-01", periods=42, freq=step, tz=zone)
    series = pd.Series(np.tile([5.0, 6.0], 21), times)
    forecaster = Forecaster("seasonal-naive:2", season=2).fit(series[:39])
    forecaster.update(series[39:40])
    found = forecaster.predict(fh=[1, 2, 0])
    assert found.tolist() == [6.0, 5.0, 6.0]  # sktime sorts lead times
    assert found.index.tolist() == times[39:].tolist()


def test_a_value_that_comes_late_replaces_an_older_one():
    """sktime counts lead times from the value that came last; catches forecasts that ignore those after it."""
    forecaster = Forecaster(MODEL).fit(SERIES[:100])
    forecaster.update(SERIES[50:51] + 5)
    changed = SERIES[:100].copy()
    changed.iloc[50] += 5
    found = forecaster.predict(fh=[49, 50, 51])
    np.testing.assert_array_equal(found, Forecaster(MODEL).fit(changed).predict([0, 1, 2]))


def test_an_index_that_cannot_be_read_is_refused():
    days = pd.date_range("2026-01-01", periods=9)
    for index, words in (
        (days.delete(4), "an index without a step of time: give it one"),
        (pd.Index([0, 1, 1, 2]), "1: stands twice in the index"),
        (pd.Index([0, 10_000_000_000]), "2 values for 10000000001 steps of its index: number the steps"),
        (pd.timedelta_range("1D", periods=4), "an index of durations: give times"),
    ):
        with pytest.raises(UserError, match=f"^y {words}"):
            Forecaster(MODEL).fit(pd.Series(1.0, index)).predict(fh=[1])
    forecaster = Forecaster(MODEL).fit(pd.Series(1.0, days))
    forecaster.update(pd.Series(1.0, pd.DatetimeIndex(["2026-01-09 12:00"])))
    with pytest.raises(UserError, match=r"^y 2026-01-09 12:00:00: lies between two steps of D"):
        forecaster.predict(fh=[1])


def test_a_bundled_model_is_loaded_once():
    """sktime makes a forecaster for each series of a panel; catches one that loads the model again."""
    first, second = (Forecaster(MODEL).fit(SERIES) for _ in range(2))
    assert first._predictor is second._predictor


def test_no_warning_of_sktime_speaks_of_our_forecaster():
    """sktime 1.3 no longer keeps the values of a forecaster, and 1.2 warns of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", FutureWarning)
        Forecaster(MODEL).fit(SERIES).update(SERIES[-1:])


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
