"""The front door: what a predictor is shown of a frame, and the frame that comes back."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from pandas.testing import assert_frame_equal

from segue import UserError, forecast
from tests.forecasting.conftest import LastValue, long_frame

LAST = LastValue()


def test_output_has_a_row_a_step_and_the_columns_of_the_field():
    result = forecast(long_frame(), 2, model=LAST, levels=(80, 97.5), quantiles=(0.1, 0.025))
    assert list(result.columns) == [
        "unique_id", "ds", "Last", "Last-lo-80", "Last-hi-80", "Last-lo-97.5", "Last-hi-97.5", "Last-q-2.5",
        "Last-q-10",
    ]  # fmt: skip
    assert result["unique_id"].tolist() == ["a", "a", "b", "b", "c", "c"]
    assert result["ds"].astype(str).tolist()[:4] == ["2024-02-04", "2024-02-05", "2024-02-11", "2024-02-12"]
    assert result["Last"].tolist() == [4.0, 4.0, 111.0, 111.0, 200.0, 200.0]
    # an interval of 80 % lies between the quantiles .1 and .9, which this predictor puts at -.4 and +.4
    np.testing.assert_allclose(result["Last-lo-80"] - result["Last"], -0.4)
    np.testing.assert_allclose(result["Last-hi-80"] - result["Last"], 0.4)
    assert (result["Last-q-10"] == result["Last-lo-80"]).all()
    np.testing.assert_allclose(result["Last-q-2.5"] - result["Last"], -0.475)
    assert list(forecast(long_frame(), 1, model=LAST).columns)[2:] == ["Last", "Last-lo-80", "Last-hi-80"]


def test_columns_of_the_output_that_would_share_a_name_are_refused():
    """Catches a forecast that replaces the times or the ids."""
    frame = long_frame((3, 3))
    with pytest.raises(UserError, match="^time_col Last: the output has another column of this name; rename yours$"):
        forecast(frame.rename(columns={"ds": "Last"}), 1, model=LAST)
    parts = frame.rename(columns={"unique_id": "ds"}).assign(day="2024-01-01", hour=[0, 1, 2] * 2)
    parts = parts.drop(columns="ds").assign(ds=frame["unique_id"])
    with pytest.raises(UserError, match="^id_col ds: the output has another"):
        forecast(parts, 1, model=LAST, id_col="ds", time_col="day,hour")
    alone = frame.head(3).drop(columns="unique_id").rename(columns={"ds": "unique_id"})
    with pytest.raises(UserError, match="^id_col unique_id: the output has another"):
        forecast(alone, 1, model=LAST, time_col="unique_id")


def test_small_integer_times_do_not_wrap():
    frame = pd.DataFrame({"ds": np.array([125, 126], dtype=np.int8), "y": [1.0, 2.0]})
    assert forecast(frame, 3, model=LAST)["ds"].tolist() == [127, 128, 129]
    assert forecast(frame, 1, model=LAST)["ds"].dtype == np.int8


def test_names_of_columns_in_a_list():
    frame = long_frame((3,)).assign(z=0.0, hour=0)
    listed = forecast(frame, 1, model=LAST, time_col=["ds", "hour"], target_col=("y", "z"))
    assert_frame_equal(listed, forecast(frame, 1, model=LAST, time_col="ds,hour", target_col="y,z"))


def test_lanes_are_aligned_at_their_last_value_and_hold_the_context_and_the_seasons_only():
    predictor = LastValue()
    forecast(long_frame((5, 12, 1)), 2, model=predictor)
    (history,) = predictor.shown
    assert history.observed.sum(1).tolist() == [1, 5, 8]  # the short ones come first
    assert history.values[1].tolist() == [0, 0, 0, 0, 1, 2, 3, 4]
    assert history.values[2].tolist() == [104, 105, 106, 107, 108, 109, 110, 111]
    assert history.seasons.tolist() == [[7, 365.25]] * 3


def test_pandas_equals_polars():
    frame = long_frame()
    from_polars = forecast(pl.from_pandas(frame), 3, model=LAST)
    assert isinstance(from_polars, pl.DataFrame)
    expected = forecast(frame, 3, model=LAST)
    assert from_polars.to_dict(as_series=False) == pl.from_pandas(expected).to_dict(as_series=False)


def test_polars_dates_stay_dates_unless_the_step_is_shorter_than_a_day():
    frame = pl.from_pandas(long_frame()).with_columns(pl.col("ds").cast(pl.Date))
    assert forecast(frame, 3, model=LAST).schema["ds"] == pl.Date
    hourly = forecast(frame.tail(1), 3, model=LAST, freq="h")
    assert hourly["ds"].dt.hour().to_list() == [1, 2, 3]


def test_column_names_and_types_of_the_user_are_kept():
    frame = long_frame((4, 4)).rename(columns={"unique_id": "shop", "ds": "day", "y": "sold"})
    frame = frame.assign(shop=frame["shop"].map({"a": 7, "b": 3}), day=frame["day"].astype("datetime64[s]"))
    result = forecast(frame, 1, model=LAST, id_col="shop", time_col="day", target_col="sold")
    assert list(result.columns)[:3] == ["shop", "day", "Last"]
    assert result["shop"].dtype == np.int64
    assert result["shop"].tolist() == [3, 7]
    assert result["day"].dtype == frame["day"].dtype


def test_order_of_rows_does_not_matter():
    frame = long_frame((5, 12, 1, 7))
    shuffled = frame.sample(frac=1, random_state=3)
    assert_frame_equal(forecast(shuffled, 2, model=LAST), forecast(frame, 2, model=LAST))


def test_batches_equal_single_series():
    frame = long_frame((5, 12, 1, 7, 3))
    whole = forecast(frame, 2, model=LAST)
    in_pairs = LastValue(batch=2)
    assert_frame_equal(forecast(frame, 2, model=in_pairs), whole)
    assert [len(history) for history in in_pairs.shown] == [2, 2, 1]
    singles = [forecast(part, 2, model=LAST, freq="D") for _, part in frame.groupby("unique_id")]
    assert_frame_equal(pd.concat(singles, ignore_index=True), whole)


def test_series_without_any_value_comes_back_as_nan():
    frame = long_frame((3, 3))
    frame.loc[frame["unique_id"] == "b", "y"] = np.nan
    assert forecast(frame, 1, model=LAST)["Last"].isna().tolist() == [False, True]


def test_several_targets_become_series_of_their_own():
    frame = long_frame((3, 3)).assign(z=lambda table: -table["y"])
    result = forecast(frame, 1, model=LAST, target_col="y,z")
    assert result["unique_id"].tolist() == ["a/y", "a/z", "b/y", "b/z"]
    assert result["Last"].tolist() == [2, -2, 102, -102]
    one = frame.query("unique_id == 'a'").drop(columns="unique_id")
    alone = forecast(one, 1, model=LAST, target_col="y,z")
    assert alone["unique_id"].tolist() == ["y", "z"]
    assert alone["Last"].tolist() == [2, -2]


def test_time_zones_are_dropped_and_integer_times_go_on():
    local = pd.date_range("2024-03-30 22:00", periods=6, freq="h", tz="Europe/Berlin")  # no 2 o'clock on the 31st
    frame = pl.from_pandas(pd.DataFrame({"ds": local, "y": np.arange(6.0)}))
    assert str(forecast(frame, 1, model=LAST)["ds"][0]) == "2024-03-31 05:00:00"
    counted = pd.DataFrame({"ds": [10, 20, 40], "y": [1.0, 2.0, 4.0]})
    assert forecast(counted, 2, model=LAST)["ds"].to_list() == [50, 60]
    assert forecast(counted, 2, model=LAST, freq=5)["ds"].to_list() == [45, 50]


def test_utilsforecast_evaluates_the_output_as_it_is():
    from utilsforecast.evaluation import evaluate
    from utilsforecast.losses import coverage, mae

    frame = long_frame((9, 9))
    history, future = frame[frame["ds"] < "2024-02-05"], frame[frame["ds"] >= "2024-02-05"]
    merged = future.merge(forecast(history, 3, model=LAST), on=["unique_id", "ds"])
    assert len(merged) == 6
    result = evaluate(merged, metrics=[mae, coverage], models=["Last"], level=[80]).set_index(["unique_id", "metric"])
    assert result.loc[("a", "mae"), "Last"] == 2.0  # the line goes on by 1, 2, 3
    assert result.loc[("a", "coverage_level80"), "Last"] == 0.0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"levels": (True,)}, "^levels .*: give numbers"),
        ({"target_col": ["y", "z"]}, "^target_col z: no such column"),
        ({"horizon": 0}, "^horizon 0: give a whole number of at least 1$"),
        ({"levels": (99,)}, "^levels 99: give a percentage"),
        ({"quantiles": (0.001,)}, "^quantiles 0.001: give a fraction from 0.01 to 0.99$"),
        ({"freq": "fortnight"}, "^freq fortnight: no such frequency"),
        ({"freq": 2}, "^freq 2: give one such as h, D, W or MS$"),
        ({"target_col": "sales"}, "^target_col sales: no such column; there are unique_id, ds, y$"),
        ({"id_col": "shop"}, "^id_col shop: no such column"),
        ({"time_col": "ds,hour"}, "^time_col hour: no such column"),
        ({"time_col": "y", "target_col": "y"}, "^time_col y: is named for two roles"),
        ({"duplicates": "median"}, "^duplicates median: choose one of mean, sum, first, last$"),
    ],
)
def test_arguments_that_fit_nothing_are_refused(options, message):
    with pytest.raises(UserError, match=message):
        forecast(long_frame(), **{"horizon": 2, "model": LAST, **options})
