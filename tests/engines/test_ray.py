"""Ray on this machine: groups of whole series equal one call; it runs where ray is installed."""

import pandas as pd
import pytest

pytest.importorskip("ray.data", exc_type=ImportError)

import ray as cluster
from pandas.testing import assert_frame_equal

from segue import UserError, backtest
from segue.engines import backtest_partitions, ray
from segue.engines.on_ray import bucket_of
from tests.engines.conftest import COLUMNS, FREQ, HORIZON, MODEL, assert_same_rows, work

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module", autouse=True)
def local():
    cluster.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield
    cluster.shutdown()


def test_blocks_that_split_series_equal_one_call(frame, expected):
    rows = frame.sample(frac=1, random_state=0)
    blocks = [rows.iloc[first : first + 900] for first in range(0, len(rows), 900)]
    result = ray(cluster.data.from_pandas(blocks), work(), partitions=5).to_pandas()
    assert str(result.dtypes["shop"]).startswith("int64")
    assert_same_rows(result.astype(expected.dtypes), expected)


def test_a_backtest(frame):
    options = {"models": MODEL, "freq": FREQ, **COLUMNS}
    result = ray(cluster.data.from_pandas(frame), backtest_partitions(HORIZON, 2, **options), partitions=3).to_pandas()
    expected, keys = backtest(frame, HORIZON, 2, **options).forecasts, ["shop", "cutoff", "at"]
    result = result.astype(expected.dtypes)
    found, expected = (one.sort_values(keys, ignore_index=True) for one in (result, expected))
    assert_frame_equal(found, expected, check_exact=True)


def test_a_bucket_depends_on_the_name_alone():
    """Catches a hash of categories or of positions: a series in two buckets would get two forecasts."""
    names = pd.DataFrame({"shop": ["b", "a", "c", "a"], "item": [1, 2, 1, 2]})
    buckets = bucket_of(names, 7).tolist()
    assert buckets[1] == buckets[3]
    assert bucket_of(names.iloc[[3, 0]].astype({"shop": "category"}), 7).tolist() == [buckets[3], buckets[0]]


def test_a_column_that_is_missing_is_refused_before_any_work(frame):
    with pytest.raises(UserError, match="^time_col at: no such column; there are shop, sold"):
        ray(cluster.data.from_pandas(frame[["shop", "sold"]]), work())
