"""Spark on this machine: repartitioned rows equal one call; it runs where pyspark and Java are installed."""

import sys

import pandas as pd
import pytest

pytest.importorskip("pyspark", exc_type=ImportError)

from pandas.testing import assert_frame_equal
from pyspark.sql import SparkSession, types

from segue import UserError, backtest, forecast
from segue.engines import backtest_partitions, forecast_partitions, spark
from tests.engines.conftest import COLUMNS, FREQ, HORIZON, MODEL, assert_same_rows, table, whole, work

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def session():
    """Two workers that run this Python, as an executor runs one with segue installed."""
    builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    for name, value in {
        "spark.sql.shuffle.partitions": "4",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.sql.session.timeZone": "America/New_York",
        "spark.sql.execution.arrow.maxRecordsPerBatch": "100",  # batches end within series
    }.items():
        builder = builder.config(name, value)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        session = builder.getOrCreate()
        yield session
        session.stop()


def test_a_shuffled_table_equals_one_call(session, frame, expected):
    """Ids beyond double precision, batches that end within a series, and more partitions than some have rows."""
    result = spark(session.createDataFrame(frame.sample(frac=1, random_state=0)), work())
    assert [field.name for field in result.schema] == list(expected.columns)
    assert result.schema["shop"].dataType == types.LongType()
    assert result.rdd.getNumPartitions() == 4
    assert_same_rows(result.toPandas().astype(expected.dtypes), expected)
    few = table(2)
    assert_same_rows(
        spark(session.createDataFrame(few), work(), partitions=9).toPandas().astype(few.dtypes[:2]), whole(few)
    )


@pytest.mark.parametrize("kind", ["date", "timestamp", "timestamp_ntz", "int", "smallint"])
def test_times_keep_their_type(session, kind):
    """Dates stay dates, and wall-clock times stay what they are in the time zone of the session."""
    days = table(6, ids=str).assign(
        at=lambda f: pd.Timestamp("2024-01-01") + pd.to_timedelta(f.groupby("shop").cumcount(), "D")
    )
    counted = kind.endswith("int")
    options = {"freq": 1, "season": 7} if counted else {"freq": "D"}
    given = days.assign(at=days.groupby("shop").cumcount()) if counted else days
    rows = session.createDataFrame(given.assign(at=given["at"].astype(str)))
    rows = rows.withColumn("at", rows["at"].cast(kind))
    result = spark(rows, forecast_partitions(3, model=MODEL, **options, **COLUMNS))
    assert result.schema["at"].dataType.simpleString() == kind
    expected = forecast(given, 3, model=MODEL, **options, **COLUMNS)
    found = result.withColumn("at", result["at"].cast("string")).toPandas()
    shown = expected["at"].astype(str) + (" 00:00:00" if kind.startswith("timestamp") else "")
    assert_same_rows(found, expected.assign(at=shown))


def test_a_backtest(session, frame):
    options = {"models": MODEL, "freq": FREQ, **COLUMNS}
    result = spark(session.createDataFrame(frame), backtest_partitions(HORIZON, 2, **options)).toPandas()
    expected, keys = backtest(frame, HORIZON, 2, **options).forecasts, ["shop", "cutoff", "at"]
    result = result.astype(expected.dtypes)
    found, expected = (one.sort_values(keys, ignore_index=True) for one in (result, expected))
    assert_frame_equal(found, expected, check_exact=True)


def test_dates_with_steps_of_hours_are_refused(session):
    """Catches hours that a cast to dates would drop in silence: two rows of one day."""
    days = pd.DataFrame({"shop": 1, "at": pd.date_range("2024-01-01", periods=3).date, "sold": [1.0, 2.0, 3.0]})
    work = forecast_partitions(3, model="seasonal-naive:1", freq="12h", **COLUMNS)
    with pytest.raises(UserError, match="^time_col at: date cannot hold the times ahead; cast it to timestamp first"):
        spark(session.createDataFrame(days), work)


def test_times_that_are_text_are_refused_before_any_work(session, frame):
    text = session.createDataFrame(frame.head(5).assign(at="2024-01-01"))
    with pytest.raises(UserError, match="^time_col at: is string; cast it to timestamp, date or bigint first"):
        spark(text, work())
