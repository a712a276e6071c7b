"""Frames in, frames out: the values a predictor is shown, and the frame that comes back."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from pandas.testing import assert_frame_equal

from segue.errors import UserError
from segue.forecasting.forecast import forecast_frame
from segue.forecasting.predictor import LEVELS, Forecast
from segue.forecasting.table.reading import read_frame


class LastValue:
    """The last observed value, with quantiles `level - 1/2` around it; it keeps the batches it was shown."""

    name, context, fingerprint = "Last", 8, "last"

    def __init__(self):
        self.shown = []

    def predict(self, values, observed, horizon):
        self.shown.append((values.clone(), observed.clone()))
        place = torch.where(observed, torch.arange(values.shape[1]), -1).amax(dim=1)
        last = values.gather(1, place.clamp(min=0)[:, None])[:, 0].masked_fill(place < 0, torch.nan)
        spread = torch.tensor(LEVELS, dtype=torch.float64) - 0.5
        return Forecast((last[:, None, None] + spread).repeat(1, horizon, 1))


def long_frame(lengths=(5, 12, 1), start="2024-01-30", freq="D"):
    """Series a, b, c, ... whose value is 100 times the number of the series plus the step."""
    parts = [
        pd.DataFrame(
            {
                "unique_id": "abcdefgh"[k],
                "ds": pd.date_range(start, periods=n, freq=freq),
                "y": 100.0 * k + np.arange(n),
            }
        )
        for k, n in enumerate(lengths)
    ]
    return pd.concat(parts, ignore_index=True)


def lanes_of(frame, context=8, **options):
    panel = read_frame(frame, **options).panel
    values, observed = panel.lanes(range(len(panel)), context)
    return np.where(observed.numpy(), values.numpy(), np.nan)


def test_output_has_a_row_a_step_and_the_columns_of_the_field():
    forecast = forecast_frame(LastValue(), long_frame(), 2, levels=(80, 97.5), quantiles=(0.1, 0.025))
    assert list(forecast.columns) == [
        "unique_id", "ds", "Last", "Last-lo-80", "Last-hi-80", "Last-lo-97.5", "Last-hi-97.5", "Last-q-2.5",
        "Last-q-10",
    ]  # fmt: skip
    assert forecast["unique_id"].tolist() == ["a", "a", "b", "b", "c", "c"]
    assert forecast["ds"].astype(str).tolist()[:4] == ["2024-02-04", "2024-02-05", "2024-02-11", "2024-02-12"]
    assert forecast["Last"].tolist() == [4.0, 4.0, 111.0, 111.0, 200.0, 200.0]
    # an interval of 80 % lies between the quantiles .1 and .9, which this predictor puts at -.4 and +.4
    np.testing.assert_allclose(forecast["Last-lo-80"] - forecast["Last"], -0.4)
    np.testing.assert_allclose(forecast["Last-hi-80"] - forecast["Last"], 0.4)
    assert (forecast["Last-q-10"] == forecast["Last-lo-80"]).all()
    np.testing.assert_allclose(forecast["Last-q-2.5"] - forecast["Last"], -0.475)


def test_levels_that_differ_little_and_single_ones_have_columns_of_their_own():
    """Catches names that are rounded more than their numbers."""
    near = forecast_frame(LastValue(), long_frame((3,)), 1, levels=(80, 80.0000001), quantiles=0.07)
    assert list(near.columns)[3:] == [
        "Last-lo-80", "Last-hi-80", "Last-lo-80.0000001", "Last-hi-80.0000001", "Last-q-7",
    ]  # fmt: skip
    assert list(forecast_frame(LastValue(), long_frame((3,)), 1, levels=95).columns)[3:] == ["Last-lo-95", "Last-hi-95"]


def test_columns_of_the_output_that_would_share_a_name_are_refused():
    """Catches a forecast that replaces the times or the ids."""
    frame = long_frame((3, 3))
    with pytest.raises(UserError, match="^time_col Last: the output has another column of this name; rename yours$"):
        forecast_frame(LastValue(), frame.rename(columns={"ds": "Last"}), 1)
    parts = frame.rename(columns={"unique_id": "ds"}).assign(day="2024-01-01", hour=[0, 1, 2] * 2)
    parts = parts.drop(columns="ds").assign(ds=frame["unique_id"])
    with pytest.raises(UserError, match="^id_col ds: the output has another"):
        forecast_frame(LastValue(), parts, 1, id_col="ds", time_col="day,hour")
    alone = frame.head(3).drop(columns="unique_id").rename(columns={"ds": "unique_id"})
    with pytest.raises(UserError, match="^id_col unique_id: the output has another"):
        forecast_frame(LastValue(), alone, 1, time_col="unique_id")


def test_small_integer_times_do_not_wrap():
    frame = pd.DataFrame({"ds": np.array([125, 126], dtype=np.int8), "y": [1.0, 2.0]})
    assert forecast_frame(LastValue(), frame, 3)["ds"].tolist() == [127, 128, 129]
    assert forecast_frame(LastValue(), frame, 1)["ds"].dtype == np.int8


def test_history_has_a_row_without_a_value_where_rows_are_missing():
    history = read_frame(long_frame((6, 3)).drop(index=[2, 3])).history(10, 2)
    assert history["unique_id"].tolist() == ["a"] * 5 + ["b"] * 3
    np.testing.assert_array_equal(history["y"], [0, 1, np.nan, 4, 5, 100, 101, 102])


def test_names_of_columns_in_a_list():
    frame = long_frame((3,)).assign(z=0.0, hour=0)
    listed = forecast_frame(LastValue(), frame, 1, time_col=["ds", "hour"], target_col=("y", "z"))
    assert_frame_equal(listed, forecast_frame(LastValue(), frame, 1, time_col="ds,hour", target_col="y,z"))


def test_lanes_are_aligned_at_their_last_value_and_hold_the_context_only():
    predictor = LastValue()
    forecast_frame(predictor, long_frame((5, 12, 1)), 2)
    ((values, observed),) = predictor.shown
    assert observed.sum(dim=1).tolist() == [1, 5, 8]  # the short ones come first
    assert values[1].tolist() == [0, 0, 0, 0, 1, 2, 3, 4]
    assert values[2].tolist() == [104, 105, 106, 107, 108, 109, 110, 111]


def test_pandas_equals_polars():
    frame = long_frame()
    from_polars = forecast_frame(LastValue(), pl.from_pandas(frame), 3)
    assert isinstance(from_polars, pl.DataFrame)
    expected = forecast_frame(LastValue(), frame, 3)
    assert from_polars.to_dict(as_series=False) == pl.from_pandas(expected).to_dict(as_series=False)


def test_polars_dates_stay_dates_unless_the_step_is_shorter_than_a_day():
    frame = pl.from_pandas(long_frame()).with_columns(pl.col("ds").cast(pl.Date))
    assert forecast_frame(LastValue(), frame, 3).schema["ds"] == pl.Date
    hourly = forecast_frame(LastValue(), frame.tail(1), 3, freq="h")
    assert hourly["ds"].dt.hour().to_list() == [1, 2, 3]


def test_column_names_and_types_of_the_user_are_kept():
    frame = long_frame((4, 4)).rename(columns={"unique_id": "shop", "ds": "day", "y": "sold"})
    frame = frame.assign(shop=frame["shop"].map({"a": 7, "b": 3}), day=frame["day"].astype("datetime64[s]"))
    forecast = forecast_frame(LastValue(), frame, 1, id_col="shop", time_col="day", target_col="sold")
    assert list(forecast.columns)[:3] == ["shop", "day", "Last"]
    assert forecast["shop"].dtype == np.int64
    assert forecast["shop"].tolist() == [3, 7]
    assert forecast["day"].dtype == frame["day"].dtype


def test_order_of_rows_does_not_matter():
    frame = long_frame((5, 12, 1, 7))
    shuffled = frame.sample(frac=1, random_state=3)
    assert_frame_equal(forecast_frame(LastValue(), shuffled, 2), forecast_frame(LastValue(), frame, 2))


def test_batches_equal_single_series():
    frame = long_frame((5, 12, 1, 7, 3))
    whole = forecast_frame(LastValue(), frame, 2)
    assert_frame_equal(forecast_frame(LastValue(), frame, 2, batch=2), whole)
    singles = [forecast_frame(LastValue(), part, 2, freq="D") for _, part in frame.groupby("unique_id")]
    assert_frame_equal(pd.concat(singles, ignore_index=True), whole)


def test_missing_rows_and_missing_values_are_not_observed():
    frame = long_frame((9,)).drop(index=[5, 6])
    frame.loc[3, "y"] = np.nan
    np.testing.assert_array_equal(lanes_of(frame), [[1, 2, np.nan, 4, np.nan, np.nan, 7, 8]])


def test_series_without_any_value_comes_back_as_nan():
    frame = long_frame((3, 3))
    frame.loc[frame["unique_id"] == "b", "y"] = np.nan
    assert forecast_frame(LastValue(), frame, 1)["Last"].isna().tolist() == [False, True]


@pytest.mark.parametrize(("choice", "value"), [("mean", 3.0), ("first", 2.0), ("last", 4.0)])
def test_duplicates_are_refused_or_resolved_as_asked(choice, value):
    frame = pd.DataFrame({"ds": pd.to_datetime(["2024-10-27 01:00", "2024-10-27 02:00", "2024-10-27 02:00",
                                                "2024-10-27 03:00"]), "y": [1.0, 2.0, 4.0, 5.0]})  # fmt: skip
    with pytest.raises(UserError, match=r"2024-10-27 02:00:00: occurs twice .*`duplicates` mean\|first\|last"):
        read_frame(frame)
    np.testing.assert_array_equal(lanes_of(frame, duplicates=choice), [[1, value, 5]])


def test_mean_of_duplicates_ignores_missing_values():
    frame = pd.DataFrame({"ds": [1, 1, 2, 2], "y": [np.nan, 4.0, np.nan, np.nan]})
    np.testing.assert_array_equal(lanes_of(frame, duplicates="mean"), [[4, np.nan]])


def test_two_times_on_one_step_are_refused():
    with pytest.raises(UserError, match="^freq M: 2024-01-30 00:00:00 and 2024-01-31 .*finer step"):
        read_frame(long_frame((5,)), freq="MS")


def test_times_off_the_grid_are_moved_to_the_nearest_step():
    times = pd.to_datetime(["2024-01-01 00:00:00", "2024-01-01 00:10:00", "2024-01-01 00:20:02", "2024-01-01 00:30:02",
                            "2024-01-01 00:49:59"])  # fmt: skip
    frame = pd.DataFrame({"ds": times, "y": [0.0, 1, 2, 3, 5]})
    np.testing.assert_array_equal(lanes_of(frame), [[0, 1, 2, 3, np.nan, 5]])


def test_series_with_a_longer_step_of_their_own_are_refused():
    """Catches forecasts of daily rows by the minute, and of weekly series by the day: bands of no width."""
    with pytest.raises(UserError, match="^freq min: the rows of series b lie 1440 steps of min apart; give their step"):
        read_frame(long_frame((2, 5)), freq="T")
    weekly = long_frame((4,), freq="W").assign(unique_id="weekly")
    with pytest.raises(
        UserError, match="^freq D: the rows of series weekly lie 7 steps of D apart; .* file of its own"
    ):
        read_frame(pd.concat([long_frame((9, 12)), weekly]))
    sparse = weekly.assign(ds=pd.to_datetime(["2024-01-01", "2024-01-08", "2024-01-11", "2024-01-20"]))
    assert len(read_frame(pd.concat([long_frame((9, 12)), sparse])).panel) == 3


def test_several_targets_become_series_of_their_own():
    frame = long_frame((3, 3)).assign(z=lambda table: -table["y"])
    forecast = forecast_frame(LastValue(), frame, 1, target_col="y,z")
    assert forecast["unique_id"].tolist() == ["a/y", "a/z", "b/y", "b/z"]
    assert forecast["Last"].tolist() == [2, -2, 102, -102]
    alone = forecast_frame(LastValue(), frame.query("unique_id == 'a'").drop(columns="unique_id"), 1, target_col="y,z")
    assert alone["unique_id"].tolist() == ["y", "z"]
    assert alone["Last"].tolist() == [2, -2]


def test_time_zones_are_dropped_and_the_clock_on_the_wall_kept():
    local = pd.date_range("2024-03-30 22:00", periods=6, freq="h", tz="Europe/Berlin")  # no 2 o'clock on the 31st
    frame = pd.DataFrame({"ds": local, "y": np.arange(6.0)})
    np.testing.assert_array_equal(lanes_of(frame), [[0, 1, 2, 3, np.nan, 4, 5]])
    forecast = forecast_frame(LastValue(), pl.from_pandas(frame), 1)
    assert str(forecast["ds"][0]) == "2024-03-31 05:00:00"
    text = frame.assign(ds=[stamp.isoformat() for stamp in local])  # offsets +01:00, then +02:00
    np.testing.assert_array_equal(lanes_of(text), lanes_of(frame))


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame])
def test_integer_times(kind):
    frame = kind({"ds": [10, 20, 40], "y": [1.0, 2.0, 4.0]})
    np.testing.assert_array_equal(lanes_of(frame), [[1, 2, np.nan, 4]])
    assert forecast_frame(LastValue(), frame, 2)["ds"].to_list() == [50, 60]
    assert forecast_frame(LastValue(), frame, 2, freq=5)["ds"].to_list() == [45, 50]


def test_utilsforecast_evaluates_the_output_as_it_is():
    from utilsforecast.evaluation import evaluate
    from utilsforecast.losses import coverage, mae

    frame = long_frame((9, 9))
    history, future = frame[frame["ds"] < "2024-02-05"], frame[frame["ds"] >= "2024-02-05"]
    forecast = forecast_frame(LastValue(), history, 3)
    merged = future.merge(forecast, on=["unique_id", "ds"])
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
        ({"levels": (0,)}, r"^levels 0: give a percentage above 0 and at most 98$"),
        ({"levels": (99,)}, "^levels 99: give a percentage"),
        ({"quantiles": (0.001,)}, "^quantiles 0.001: give a fraction from 0.01 to 0.99$"),
        ({"freq": "fortnight"}, "^freq fortnight: no such frequency"),
        ({"freq": 2}, "^freq 2: give one such as h, D, W or MS$"),
        ({"target_col": "sales"}, "^target_col sales: no such column; there are unique_id, ds, y$"),
        ({"id_col": "shop"}, "^id_col shop: no such column"),
        ({"time_col": "ds,hour"}, "^time_col hour: no such column"),
        ({"time_col": "y", "target_col": "y"}, "^time_col y: is named for two things"),
        ({"duplicates": "median"}, "^duplicates median: choose one of mean, first, last$"),
        ({"batch": 0}, "^batch 0: give a whole number"),
    ],
)
def test_arguments_that_fit_nothing_are_refused(options, message):
    with pytest.raises(UserError, match=message):
        forecast_frame(LastValue(), long_frame(), **{"horizon": 2, **options})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame: frame.assign(y=["1", "x", "3"]), "^target_col y: is not a number but 'x' in row 2; "),
        (lambda frame: frame.assign(y=[1, np.inf, 3]), "^target_col y: is infinite in row 2; "),
        (lambda frame: frame.assign(y=[1, -1e201, 3]), r"^target_col y: is too large \(-1e\+201\) in row 2; .* unit"),
        (lambda frame: frame.rename(columns={"y": "ds"}), "^frame DataFrame: two columns have one name; rename one$"),
        (lambda frame: frame.rename(columns={"y": 7}), "^frame column 7: the name of a column has to be text"),
        (lambda frame: frame.assign(ds=["2024-01-01", None, "2024-01-03"]), "^time_col ds: is empty in row 2; "),
        (lambda frame: frame.assign(ds=["2024-01-01", "soon", "soon"]), "^time_col ds: cannot read 'soon' in row 2"),
        (lambda frame: frame.assign(ds=[1.0, 1.5, 2.0]), "^time_col ds: row 2 holds 1.5; "),
        (lambda frame: frame.assign(unique_id=["a", None, "a"]), "^id_col unique_id: is empty in row 2; "),
        (lambda frame: frame.iloc[:0], "^frame without rows: "),
        (lambda frame: frame.to_dict(), "^frame dict: give a DataFrame of pandas or polars$"),
    ],
)  # fmt: skip
def test_frames_that_cannot_be_read_are_refused(change, message):
    with pytest.raises(UserError, match=message):
        forecast_frame(LastValue(), change(long_frame((3,))), 2)
