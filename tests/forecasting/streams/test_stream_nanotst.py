"""Streams with the bundled model: the same bits as one call over all rows, whatever way the rows come."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from segue import Stream, forecast, load_predictor
from segue.forecasting.predictor import predict_lanes
from tests.forecasting.conftest import feed, pieces, rows_of

NANOTST = load_predictor("nanotst")
LENGTHS = (760, 300, 40, 7)  # days; the first are more than the model reads

NIGHT = """
import sys
sys.modules["torch"] = None  # can't be imported
import pandas as pd
from pathlib import Path
from segue import Stream
rows, state, found = map(Path, sys.argv[1:])
stream = Stream("nanotst", freq="D", id_col="unique_id")
memory = stream.load(state) if state.exists() else stream.start()
memory, _ = stream.update(memory, pd.read_parquet(rows))
stream.forecast(memory, 20, quantiles=0.3).to_parquet(found)
stream.save(memory, state)
"""


@pytest.fixture(scope="module")
def whole():
    """Rows of series that begin on different days, with rows and values missing, and one call over all of them."""
    rows = rows_of(lengths=LENGTHS)
    return rows, forecast(rows, 20, model=NANOTST, freq="D", quantiles=0.3)


@settings(max_examples=8, deadline=None)
@given(cuts=st.lists(st.integers(0, 1000), max_size=5), shuffle=st.none() | st.integers(0, 100))
def test_rows_in_any_pieces_and_order_forecast_to_the_last_bit_as_one_call(whole, cuts, shuffle):
    rows, expected = whole
    fed = rows.sort_values(["ds", "unique_id"]) if shuffle is None else rows.sample(frac=1, random_state=shuffle)
    stream = Stream(NANOTST, freq="D", id_col="unique_id")
    memory, _ = feed(stream, pieces(fed, cuts))
    assert_frame_equal(stream.forecast(memory, 20, quantiles=0.3), expected, check_exact=True)


def test_three_processes_that_save_and_load_forecast_to_the_last_bit_as_one_call(whole, tmp_path):
    rows, expected = whole
    last = rows["ds"].max()
    newest, rest = rows[rows["ds"] == last], rows[rows["ds"] < last].sample(frac=1, random_state=0)
    for fed in (rest[::2], rest[1::2], newest):
        fed.to_parquet(tmp_path / "rows")
        files = [str(tmp_path / name) for name in ("rows", "state", "found")]
        subprocess.run([sys.executable, "-c", NIGHT, *files], check=True)
    assert_frame_equal(pd.read_parquet(tmp_path / "found"), expected, check_exact=True)


def test_arrays_in_pieces_forecast_to_the_last_bit_as_one_call():
    random = np.random.default_rng(0)
    values = np.where(random.random((5, 800)) < 0.1, np.nan, random.normal(size=(5, 800)).cumsum(1))
    stream, seasons = Stream(NANOTST), np.zeros((5, 0))
    memory = stream.start()
    for begin, end in ((0, 3), (3, 500), (500, 799), (799, 800)):
        memory = stream.update_arrays(memory, values[:, begin:end])
    expected = predict_lanes(NANOTST, values, ~np.isnan(values), seasons, 20)
    np.testing.assert_array_equal(stream.forecast_arrays(memory, 20).quantiles, expected.quantiles)
