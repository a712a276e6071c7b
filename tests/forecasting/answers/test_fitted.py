"""One-step forecasts of the past: each is the forecast of the table cut off before its row."""

import numpy as np
import pandas as pd
import pytest

import segue
from segue.errors import UserError
from segue.forecasting.answers.fitted import fitted_chunks
from segue.forecasting.predictor import Forecast
from segue.forecasting.registry import load_predictor
from segue.forecasting.table.layout import Layout
from segue.forecasting.table.reading import read_frame
from segue.forecasting.table.result import QuantileColumns


def frame():
    """Two series of different lengths; the second has a missing row, a missing value and a beginning without values."""
    rng = np.random.default_rng(0)
    first = pd.DataFrame({"unique_id": "a", "ds": np.arange(30), "y": rng.normal(size=30).cumsum()})
    second = pd.DataFrame({"unique_id": "b", "ds": np.arange(20), "y": rng.normal(size=20).cumsum()})
    second.loc[[0, 1, 8], "y"] = np.nan
    return pd.concat([first, second.drop(index=12)], ignore_index=True)


@pytest.mark.parametrize("model", ["ar", "nanotst-small"])
def test_each_row_is_the_forecast_of_the_table_cut_off_before_it(model):
    table, options = frame(), {"model": model, "freq": "1", "season": 1.0, "levels": (80, 50), "quantiles": 0.1}
    found = segue.fitted(table, **options, mean=True)
    for name, row in (("a", 29), ("a", 3), ("a", 1), ("b", 3), ("b", 9), ("b", 13), ("b", 19)):
        past = table[(table["unique_id"] == name) & (table["ds"] < row)]
        horizon = row - int(past.dropna()["ds"].max())  # a forecast begins after the last value
        ahead = segue.forecast(past, horizon, **options, mean=True).iloc[-1]
        assert ahead["ds"] == row
        own = found[(found["unique_id"] == name) & (found["ds"] == row)].iloc[0]
        np.testing.assert_allclose(own.drop(["unique_id", "ds", "y"]).astype(float), ahead.iloc[2:].astype(float))


def test_there_is_a_row_for_each_row_of_the_table_and_none_where_nothing_comes_before():
    table = frame()
    found = segue.fitted(table.sample(frac=1, random_state=0), model="seasonal-naive:1", levels=80)
    assert list(found.columns) == ["unique_id", "ds", "y", *(f"SeasonalNaive{end}" for end in ("", "-lo-80", "-hi-80"))]
    pd.testing.assert_frame_equal(found[["unique_id", "ds", "y"]], table)
    second = found[found["unique_id"] == "b"].set_index("ds")["SeasonalNaive"]
    assert second.isna().tolist() == [True] * 3 + [False] * 16
    assert second[9] == second[8]  # the row before has no value: the last one stands
    assert second[13] == table.set_index(["unique_id", "ds"])["y"]["b", 11]


def test_parts_are_the_whole():
    reading, columns = read_frame(frame(), Layout(freq="1")), QuantileColumns.of("AR", 80)
    counted = []
    parts = list(
        fitted_chunks(load_predictor("ar"), reading, columns, report=lambda *done: counted.append(done), chunk=7)
    )
    pd.testing.assert_frame_equal(
        pd.concat(parts, ignore_index=True), segue.fitted(frame(), model="ar", freq="1"), rtol=1e-9
    )
    assert counted[-1] == (49, 49)


def test_the_predictor_sees_its_context_and_many_lanes_at_once():
    class Counting:
        name, context, fingerprint, seen = "Counting", 5, "counting", []

        def predict(self, history, horizon):
            self.seen.append(history.values.shape)
            return Forecast(np.repeat(history.values[:, -1:, None], horizon, 1) * np.ones(17))

    segue.fitted(frame(), model=Counting(), freq="1")
    assert max(width for _, width in Counting.seen) == 5
    assert len(Counting.seen) <= 3  # 47 lanes: without a gap, and with gaps of one and two steps


def test_limits_hold_and_mistakes_get_one_line():
    found = segue.fitted(frame(), model="ar", floor=0, cap=1)
    assert found["AR-lo-80"].min() >= 0
    assert found["AR-hi-80"].max() <= 1
    with pytest.raises(UserError, match="the output has another column of this name"):
        segue.fitted(frame().rename(columns={"ds": "AR"}), time_col="AR", model="ar")
    with pytest.raises(UserError, match="levels 99: give a percentage from 1 to 98"):
        segue.fitted(frame(), model="ar", levels=99)
