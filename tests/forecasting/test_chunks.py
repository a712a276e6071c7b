"""A table that is forecast part by part gives the same bits as a whole one."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from pandas.testing import assert_frame_equal

from segue import UserError, forecast
from segue.forecasting.forecast import forecast_chunks, forecast_reading
from segue.forecasting.registry import load_predictor
from segue.forecasting.table.layout import Layout
from segue.forecasting.table.reading import read_frame
from tests.forecasting.conftest import LastValue, long_frame


@pytest.mark.parametrize("chunk", [1, 2, 5, 100])
@pytest.mark.parametrize("model", [LastValue(), "nanotst", "ar"])
def test_parts_are_the_whole(model, chunk):
    reading, predictor = read_frame(long_frame((5, 12, 1, 40, 3)), Layout()), load_predictor(model)
    whole = forecast_reading(predictor, reading, 3, (80, 95), 0.1)
    parts = list(forecast_chunks(predictor, reading, 3, (80, 95), 0.1, chunk=chunk))
    assert len(parts) == -(-5 // chunk)
    assert_frame_equal(pd.concat(parts, ignore_index=True), whole, check_exact=True)


def test_progress_counts_all_series():
    seen = []
    reading = read_frame(long_frame((5, 12, 1, 7, 3)), Layout())
    list(forecast_chunks(LastValue(), reading, 1, report=lambda *counts: seen.append(counts), chunk=2))
    assert seen == [(0, 5), (2, 5), (2, 5), (4, 5), (4, 5), (5, 5)]


def test_all_parts_have_one_type_of_times():
    """Catches eight bits in the first file of a Parquet, and 64 in the next."""
    frame = pd.DataFrame({"unique_id": [1, 1, 2, 2], "ds": np.array([1, 2, 125, 126], np.int8), "y": 1.0})
    parts = list(forecast_chunks(LastValue(), read_frame(pl.from_pandas(frame), Layout()), 3, chunk=1))
    assert [part["ds"].dtype for part in parts] == [pl.Int64, pl.Int64]
    assert pl.concat(parts)["ds"].to_list() == [3, 4, 5, 127, 128, 129]


@pytest.mark.parametrize(
    ("times", "horizon", "end"),
    [
        (pd.date_range("2024-01-01", periods=9, freq="D"), 100_000, "2262-04-11"),
        (pd.date_range("2024-01-01", periods=9, freq="B"), 100_000, "2262-04-11"),
        (pd.date_range("2024-01-01", periods=9, freq="YS").astype("datetime64[us]"), 9000, "9999-12-31"),
    ],
)
def test_a_horizon_beyond_all_times_is_refused(times, horizon, end):
    frame = pd.DataFrame({"ds": times, "y": 1.0})
    with pytest.raises(UserError, match=f"^horizon {horizon}: times end at {end}; ask for fewer steps$"):
        forecast(frame, horizon, model="seasonal-naive")
