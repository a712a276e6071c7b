"""Frames in: the lanes that a predictor is shown, and what is refused."""

from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest

from segue.errors import UserError
from segue.forecasting.table.layout import Layout
from segue.forecasting.table.reading import read_frame
from tests.forecasting.conftest import long_frame


def lanes_of(frame, context=8, **options):
    panel = read_frame(frame, Layout(**options)).panel
    values, observed = panel.lanes(range(len(panel)), context)
    assert not values[~observed].any()
    return np.where(observed, values, np.nan)


def test_history_has_a_row_without_a_value_where_rows_are_missing():
    history = read_frame(long_frame((6, 3)).drop(index=[2, 3]), Layout()).history(10, 2)
    assert history["unique_id"].tolist() == ["a"] * 5 + ["b"] * 3
    np.testing.assert_array_equal(history["y"], [0, 1, np.nan, 4, 5, 100, 101, 102])


def test_a_panel_gives_every_series_the_seasons_of_its_frequency():
    panel = read_frame(long_frame((5, 12, 1)), Layout()).panel
    assert panel.seasons.tolist() == [[7, 365.25]] * 3
    counted = read_frame(pd.DataFrame({"ds": [1, 2], "y": [1.0, 2.0]}), Layout()).panel
    assert counted.seasons.shape == (1, 0)


def test_missing_rows_and_missing_values_are_not_observed():
    frame = long_frame((9,)).drop(index=[5, 6])
    frame.loc[3, "y"] = np.nan
    np.testing.assert_array_equal(lanes_of(frame), [[1, 2, np.nan, 4, np.nan, np.nan, 7, 8]])


@pytest.mark.parametrize(("choice", "value"), [("mean", 3.0), ("sum", 6.0), ("first", 2.0), ("last", 4.0)])
def test_duplicates_are_refused_or_resolved_as_asked(choice, value):
    frame = pd.DataFrame({"ds": pd.to_datetime(["2024-10-27 01:00", "2024-10-27 02:00", "2024-10-27 02:00",
                                                "2024-10-27 03:00"]), "y": [1.0, 2.0, 4.0, 5.0]})  # fmt: skip
    with pytest.raises(UserError, match=r"2024-10-27 02:00:00: occurs twice .*`duplicates` mean\|sum\|first\|last"):
        read_frame(frame, Layout())
    np.testing.assert_array_equal(lanes_of(frame, duplicates=choice), [[1, value, 5]])


def test_mean_of_duplicates_ignores_missing_values():
    frame = pd.DataFrame({"ds": [1, 1, 2, 2, 3], "y": [np.nan, 4.0, np.nan, np.nan, 5.0]})
    np.testing.assert_array_equal(lanes_of(frame, duplicates="mean"), [[4, np.nan, 5]])


def test_two_times_on_one_step_are_refused():
    with pytest.raises(UserError, match="^freq MS: 2024-01-30 and 2024-01-31 .*finer step"):
        read_frame(long_frame((5,)), Layout(freq="MS"))


def test_times_off_the_grid_are_moved_to_the_nearest_step():
    times = pd.to_datetime(["2024-01-01 00:00:00", "2024-01-01 00:10:00", "2024-01-01 00:20:02", "2024-01-01 00:30:02",
                            "2024-01-01 00:49:59"])  # fmt: skip
    frame = pd.DataFrame({"ds": times, "y": [0.0, 1, 2, 3, 5]})
    np.testing.assert_array_equal(lanes_of(frame), [[0, 1, 2, 3, np.nan, 5]])


def test_series_with_a_longer_step_of_their_own_are_refused():
    """Catches forecasts of daily rows by the minute, and of weekly series by the day: bands of no width."""
    with pytest.raises(UserError, match="^freq min: the rows of series b lie 1440 steps of min apart; give their step"):
        read_frame(long_frame((2, 5)), Layout(freq="T"))
    weekly = long_frame((4,), freq="W").assign(unique_id="weekly")
    with pytest.raises(
        UserError, match="^freq D: the rows of series weekly lie 7 steps of D apart; .* file of its own"
    ):
        read_frame(pd.concat([long_frame((9, 12)), weekly]), Layout())
    sparse = weekly.assign(ds=pd.to_datetime(["2024-01-01", "2024-01-08", "2024-01-11", "2024-01-20"]))
    assert len(read_frame(pd.concat([long_frame((9, 12)), sparse]), Layout()).panel) == 3


def test_time_zones_are_dropped_and_the_clock_on_the_wall_kept():
    local = pd.date_range("2024-03-30 22:00", periods=6, freq="h", tz="Europe/Berlin")  # no 2 o'clock on the 31st
    frame = pd.DataFrame({"ds": local, "y": np.arange(6.0)})
    np.testing.assert_array_equal(lanes_of(frame), [[0, 1, 2, 3, np.nan, 4, 5]])
    text = frame.assign(ds=[stamp.isoformat() for stamp in local])  # offsets +01:00, then +02:00
    np.testing.assert_array_equal(lanes_of(text), lanes_of(frame))


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame])
def test_integer_times(kind):
    frame = kind({"ds": [10, 20, 40], "y": [1.0, 2.0, 4.0]})
    np.testing.assert_array_equal(lanes_of(frame), [[1, 2, np.nan, 4]])


@pytest.mark.parametrize("kind", [pl.Int128, pl.UInt8])
def test_integer_times_keep_their_type(kind):
    frame = pl.DataFrame({"ds": pl.Series([10, 20, 40], dtype=kind), "y": [1.0, 2.0, 4.0]})
    ahead = read_frame(frame, Layout()).future(2, {"m": np.zeros((1, 2))})
    assert (ahead["ds"].to_list(), ahead["ds"].dtype) == ([50, 60], kind)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame: frame.assign(y=["1", "x", "3"]), "^target_col y: is not a number but 'x' in row 2; "),
        (lambda frame: frame.assign(y=[1, np.inf, 3]), "^target_col y: is infinite in row 2; "),
        (lambda frame: frame.assign(y=[1, -1e201, 3]), r"^target_col y: is too large \(-1e\+201\) in row 2; .* unit"),
        (lambda frame: frame.rename(columns={"y": "ds"}), "^frame DataFrame: two columns have one name; rename one$"),
        (lambda frame: frame.rename(columns={"y": "ds"}).set_index(frame["ds"]), "^frame DataFrame: two columns have"),
        (lambda frame: frame.assign(y=[Decimal("sNaN"), 1, 2]), "^frame DataFrame: a column holds a signalling NaN"),
        (lambda frame: frame.rename(columns={"y": 7}), "^frame column 7: the name of a column has to be text"),
        (lambda frame: frame.assign(ds=["2024-01-01", None, "2024-01-03"]), "^time_col ds: is empty in row 2; "),
        (lambda frame: frame.assign(ds=["2024-01-01", "", "2024-01-03"]), "^time_col ds: is blank in row 2; "),
        (lambda frame: frame.assign(ds=["2024-01-01", "soon", "soon"]), "^time_col ds: cannot read 'soon' in row 2"),
        (lambda frame: frame.assign(ds=[1.0, 1.5, 2.0]), "^time_col ds: cannot read .1.5. in row 2 "),
        (lambda frame: frame.assign(unique_id=["a", None, "a"]), "^id_col unique_id: is empty in row 2; "),
        (lambda frame: frame.iloc[:0], "^frame without rows: "),
        (lambda frame: frame.to_dict(), "^frame dict: give a DataFrame of pandas or polars$"),
    ],
)  # fmt: skip
def test_frames_that_cannot_be_read_are_refused(change, message):
    with pytest.raises(UserError, match=message):
        read_frame(change(long_frame((3,))), Layout())
