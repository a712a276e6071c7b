"""Rows without a value after the last one: the rows that the user wants to be forecast."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from segue import Stream, forecast
from segue.errors import Notice
from segue.forecasting.table.layout import Layout
from segue.forecasting.table.reading import read_frame

MODEL = "seasonal-naive:7"
DAYS = pd.date_range("2024-01-01", periods=28)
WAVE = [float(10 + day % 7) for day in range(28)]


def table(values=WAVE, name="a", days=DAYS):
    return pd.DataFrame({"unique_id": name, "ds": days[: len(values)], "y": values})


@pytest.mark.parametrize("empty", [np.nan, None, "", "NA", "."])
@pytest.mark.parametrize("kind", ["pandas", "polars", "shuffled"])
def test_the_forecast_begins_after_the_last_value(empty, kind):
    frame = table([*WAVE[:21], *[empty] * 7]).astype({"y": object})
    frame = frame.sample(frac=1, random_state=1) if kind == "shuffled" else frame
    expected = forecast(table(WAVE[:21]), 7, model=MODEL)
    if kind == "polars":
        cells = [None if pd.isna(cell) else str(cell) for cell in frame["y"]]
        frame = pl.from_pandas(frame.drop(columns="y")).with_columns(y=pl.Series(cells))
    with pytest.warns(Notice, match="^7 rows after the last values are empty, and taken as rows to forecast"):
        result = forecast(frame, 7, model=MODEL)
    result = pd.DataFrame(result.to_dict(as_series=False)) if kind == "polars" else result
    pd.testing.assert_frame_equal(result, expected, check_dtype=False)


def test_series_may_end_at_different_times():
    frame = pd.concat([table([*WAVE[:20], *[np.nan] * 8]), table([*WAVE[:25], np.nan, np.nan], "b")])
    reading = read_frame(frame, Layout())
    assert reading.panel.lengths.tolist() == [20, 25]
    assert reading.notes[:1] == (
        "10 rows after the last values are empty, and taken as rows to forecast: forecasts begin right after the last "
        "value",
    )


def test_a_series_that_stops_alone_keeps_its_rows():
    frame = pd.concat([table([*WAVE[:20], *[np.nan] * 8]), table(WAVE, "b")])
    reading = read_frame(frame, Layout())
    assert reading.panel.lengths.tolist() == [28, 28]
    assert [note.partition(" before ")[0] for note in reading.notes] == ["1 of 2 series ends"]


def test_gaps_and_series_without_values_are_no_rows_ahead():
    gap = table([*WAVE[:20], np.nan, np.nan, *WAVE[22:]])
    assert read_frame(gap, Layout()).panel.lengths.tolist() == [28]
    nothing = pd.concat([table([np.nan] * 5, "empty"), table([*WAVE[:9], np.nan])])
    assert read_frame(nothing, Layout()).panel.lengths.tolist() == [9, 5]


def test_streams_move_on_with_rows_without_a_value():
    stream = Stream(MODEL)
    memory, _ = stream.update(stream.start(), table([*WAVE[:20], np.nan]))
    assert stream.forecast(memory, 1)["ds"].tolist() == [DAYS[21]]
