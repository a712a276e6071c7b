"""Calibrated backtests: each window has the bands of `segue.forecast` on the table cut off before it."""

import warnings

import numpy as np
import pandas as pd
import pytest

import segue
from segue.errors import Notice, UserError

HORIZON, WINDOWS, K = 4, 3, 3
OPTIONS = {"freq": "1", "season": 1.0, "levels": (80, 95)}


def table(seed=0):
    """Series of several lengths; the shortest has no value before the first origin, and one has gaps."""
    rng = np.random.default_rng(seed)
    lengths = {"a": 60, "b": 45, "c": 24, "d": 12, "e": 60}
    parts = [
        pd.DataFrame({"unique_id": name, "ds": np.arange(length), "y": rng.gamma(2, size=length).cumsum()})
        for name, length in lengths.items()
    ]
    parts[4].loc[[47, 46, 51], "y"] = np.nan  # the last values before an origin are missing
    return pd.concat(parts, ignore_index=True)


def quiet(function, *args, **kwargs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Notice)
        return function(*args, **kwargs)


@pytest.mark.parametrize("model", ["ar", "nanotst-small"])
def test_each_window_equals_the_calibrated_forecast_of_the_table_cut_off_before_it(model):
    frame = table()
    result = quiet(segue.backtest, frame, HORIZON, WINDOWS, models=model, calibrate=K, **OPTIONS).forecasts
    ends = frame.groupby("unique_id")["ds"].max()
    for window in range(WINDOWS):
        cuts = ends - HORIZON * (window + 1)
        past = frame[frame["ds"] <= frame["unique_id"].map(cuts)]
        ahead = quiet(segue.forecast, past, HORIZON, model=model, calibrate=K, **OPTIONS)
        own = result[result["cutoff"] == result["unique_id"].map(cuts)]
        both = own.merge(ahead, on=["unique_id", "ds"], suffixes=("", "-alone"))
        assert len(both) == len(own) > 10
        for column in ahead.columns[2:]:
            np.testing.assert_allclose(both[column], both[f"{column}-alone"], rtol=1e-9)


def test_values_after_an_origin_change_nothing():
    frame, changed = table(), table()
    changed.loc[changed["ds"] >= changed.groupby("unique_id")["ds"].transform("max") - 3, "y"] *= 7
    first, again = (
        quiet(segue.backtest, one, HORIZON, WINDOWS, models="ar", calibrate=K, **OPTIONS).forecasts
        for one in (frame, changed)
    )
    columns = ["AR", "AR-lo-80", "AR-hi-80"]
    np.testing.assert_array_equal(first[columns], again[columns])
    assert (first["y"] != again["y"]).any()


def test_only_the_first_model_is_calibrated_and_its_median_stays():
    plain = quiet(segue.backtest, table(), HORIZON, WINDOWS, models=("ar", "ar"), **OPTIONS).forecasts
    with pytest.warns(Notice, match="`calibrate`: at the origins with the fewest windows before them, bands rest on"):
        found = segue.backtest(table(), HORIZON, WINDOWS, models=("ar", "ar"), calibrate=K, **OPTIONS)
    assert (found.forecasts["AR-lo-80"] != plain["AR-lo-80"]).any()
    same = ["AR", "AR-2", "AR-2-lo-80", "AR-2-hi-80", "AR-2-lo-95"]
    pd.testing.assert_frame_equal(found.forecasts[same], plain[same])
    assert len(found.notes) == 1


def test_a_window_of_several_origins_is_forecast_once():
    class Counting:
        name, context, fingerprint, lanes = "Counting", 64, "counting", 0

        def predict(self, history, horizon):
            Counting.lanes += len(history)
            return segue.Forecast(np.repeat(history.values[:, -1:, None], horizon, 1) + np.linspace(-1, 1, 17))

    frame = table().query("unique_id == 'a'")
    quiet(segue.backtest, frame, HORIZON, WINDOWS, models=[Counting()], calibrate=K, **OPTIONS)
    assert Counting.lanes == WINDOWS + (WINDOWS + K - 1)


@pytest.mark.parametrize(("function", "option"), [(segue.backtest, "per"), (segue.forecast, "calibrat")])
def test_an_option_that_there_is_not_is_refused(function, option):
    with pytest.raises(TypeError, match=f"unexpected keyword argument '{option}'"):
        function(table(), HORIZON, **{option: 3})


@pytest.mark.parametrize("windows", [0, -1, True])
def test_a_number_of_windows_that_is_none_is_refused(windows):
    with pytest.raises(UserError, match="calibrate .*: give a whole number of windows of at least 1"):
        quiet(segue.backtest, table(), HORIZON, models="ar", calibrate=windows, **OPTIONS)
