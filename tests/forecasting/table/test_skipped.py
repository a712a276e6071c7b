"""Series that cannot be read: refused, or left out and reported with their reasons."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from segue import forecast
from segue.errors import Notice, UserError
from segue.forecasting.table.layout import Layout
from segue.forecasting.table.reading import read_frame

MODEL = "seasonal-naive:7"
DAYS = pd.date_range("2024-01-01", periods=14).strftime("%Y-%m-%d")


def series(count=6):
    parts = [
        pd.DataFrame({"unique_id": f"s{lane}", "ds": DAYS, "y": [f"{lane}.{step}" for step in range(14)]})
        for lane in range(count)
    ]
    return pd.concat(parts, ignore_index=True)


def test_series_with_bad_cells_are_left_out_and_reported():
    frame = series()
    frame.loc[[16, 30, 31, 45], "y"] = ["broken", "inf", "x", "1e300"]
    with pytest.raises(UserError, match="^target_col y: is not a number but 'broken' in row 17; "):
        forecast(frame, 1, model=MODEL)
    for kind in (pd.DataFrame, lambda frame: pl.from_pandas(frame)):
        reading = read_frame(kind(frame), Layout(skip_bad=True))
        assert reading.skipped == (
            ("s1", "y is not a number but 'broken' in row 17"),
            ("s2", "y is not a number but 'x' in row 32"),
            ("s3", "y is too large (1e+300) in row 46"),
        )
        assert reading.panel.ids.to_list() == ["s0", "s4", "s5"]
        assert len(reading.notes) == 1
        assert reading.notes[0].startswith(
            "3 of 6 series are left out: s1 (y is not a number but 'broken' in row 17); "
        )
    with pytest.warns(Notice, match="3 of 6 series are left out"):
        result = forecast(frame, 2, model=MODEL, skip_bad=True)
    good = frame[frame["unique_id"].isin(["s0", "s4", "s5"])]
    pd.testing.assert_frame_equal(result, forecast(good, 2, model=MODEL))


def test_series_with_bad_times_are_left_out():
    frame = series(40)
    frame.loc[[16, 300, 301], "ds"] = ["soon", None, "32.13.2024"]
    reading = read_frame(frame, Layout(skip_bad=True))
    assert [name for name, _ in reading.skipped] == ["s1", "s21"]
    assert reading.skipped[1] == ("s21", "ds is empty in row 301")
    assert reading.skipped[0][1] == "cannot read 'soon' in row 17 as a time"
    assert len(reading.panel) == 38


@pytest.mark.parametrize(
    ("column", "bad", "reason"),
    [
        ("ds", "9999-12-31", "row 17 holds 9999-12-31, which stands for no date"),
        ("hour", 30, "row 17 of hour holds 30"),
        ("ds", "in row 999", "cannot read 'in row 999' in row 17 as a time"),
        ("ds", "row 999; row 1", "cannot read 'row 999"),
    ],
)
def test_reasons_have_the_row_of_the_table(column, bad, reason):
    """Catches rows that are counted within their series, and a crash on a cell that looks like such a reason."""
    frame = series(3).assign(hour=1)
    frame.loc[16, column] = bad
    assert read_frame(frame, Layout(time_col="ds,hour", skip_bad=True)).skipped == (("s1", reason),)


def test_a_bad_target_leaves_out_that_series_alone():
    frame = series(2).assign(z=1.0)
    frame.loc[3, "y"] = "broken"
    reading = read_frame(frame, Layout(target_col="y,z", skip_bad=True))
    assert reading.skipped == (("s0/y", "y is not a number but 'broken' in row 4"),)
    assert reading.panel.ids.to_list() == ["s0/z", "s1/y", "s1/z"]
    assert reading.panel.values.tolist() == [*[1.0] * 14, *(float(f"1.{step}") for step in range(14)), *[1.0] * 14]


def test_many_reasons_are_cut_in_the_note_and_whole_in_the_reading():
    frame = series(20)
    frame.loc[frame["unique_id"] != "s7", "y"] = "broken"
    reading = read_frame(frame, Layout(skip_bad=True))
    assert len(reading.skipped) == 19
    assert reading.panel.ids.to_list() == ["s7"]
    assert reading.notes[0].endswith("; and 9 more")
    assert reading.notes[0].count("(") == 10


def test_columns_of_names_stay_with_their_series():
    frame = series(4).assign(shop=np.repeat([4, 3, 2, 1], 14))
    frame.loc[0, "y"] = "broken"
    reading = read_frame(frame, Layout(id_col="shop,unique_id", skip_bad=True))
    assert reading.skipped[0][0] == "4/s0"
    assert reading.future(1, {"m": np.zeros((3, 1))})["shop"].tolist() == [1, 2, 3]


def test_nothing_left_is_an_error_and_nothing_bad_no_note():
    with pytest.raises(
        UserError, match="^skip_bad all series: no series can be read; the first is s0: y is not a number"
    ):
        read_frame(series().assign(y="broken"), Layout(skip_bad=True))
    with pytest.raises(UserError, match="^time_col ds: cannot read 'soon'"):
        read_frame(series().assign(ds="soon"), Layout(skip_bad=True))
    reading = read_frame(series(), Layout(skip_bad=True))
    assert (reading.skipped, reading.notes) == ((), ())
