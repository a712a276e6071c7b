"""Dask: shuffled partitions equal one call."""

import pandas as pd
import pytest

pytest.importorskip("dask.dataframe", exc_type=ImportError)

import dask
import dask.dataframe as dd

from segue import UserError, backtest
from segue.engines import backtest_partitions
from segue.engines import dask as on_dask
from tests.engines.conftest import COLUMNS, FREQ, HORIZON, MODEL, assert_same_rows, table, whole, work


@pytest.fixture(autouse=True)
def plain():
    """Ids as pandas holds them, and partitions one after the other."""
    with dask.config.set({"dataframe.convert-string": False, "scheduler": "synchronous"}):
        yield


def test_partitions_that_split_series_equal_one_call(frame, expected):
    """Rows in any order: nearly all series are split before the shuffle."""
    rows = frame.sample(frac=1, random_state=0)
    result = on_dask(dd.from_pandas(rows, npartitions=5, sort=False), work(), partitions=3)
    assert result.npartitions == 3
    assert_same_rows(result.compute(), expected)
    pd.testing.assert_frame_equal(result._meta, expected.iloc[:0])


def test_more_partitions_than_series(expected):
    """Some partitions have no rows."""
    few = table(3)
    result = on_dask(dd.from_pandas(few, npartitions=2), work(), partitions=9)
    assert_same_rows(result.compute(), whole(few))


def test_text_of_arrow_stays_text(frame):
    with dask.config.set({"dataframe.convert-string": True}):
        given = dd.from_pandas(table(5, ids=str), npartitions=2)
        result = on_dask(given, work())
        assert result.dtypes["shop"] == given.dtypes["shop"]
        assert (result.compute().dtypes == result.dtypes).all()
        assert_same_rows(result.compute(), whole(table(5, ids=str)), check_dtype=False)


def test_a_backtest(frame):
    given, options = frame.head(900), {"models": MODEL, "freq": FREQ, **COLUMNS}
    result = on_dask(dd.from_pandas(given, npartitions=3), backtest_partitions(HORIZON, 2, **options)).compute()
    expected, keys = backtest(given, HORIZON, 2, **options).forecasts, ["shop", "cutoff", "at"]
    found, expected = (one.sort_values(keys, ignore_index=True) for one in (result, expected))
    pd.testing.assert_frame_equal(found, expected, check_exact=True)


def test_a_column_that_is_missing_is_refused_before_any_work(frame):
    with pytest.raises(UserError, match="^target_col sold: no such column; there are shop, at"):
        on_dask(dd.from_pandas(frame[["shop", "at"]], npartitions=1), work())
