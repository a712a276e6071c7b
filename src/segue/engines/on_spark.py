"""Spark: the rows of a table move so that each series is whole in one partition, and the work is mapped over these."""

from typing import Any

import numpy as np

from segue.engines.partitions import Partitions
from segue.errors import UserError
from segue.extras import remedy_for_missing
from segue.forecasting.table.grid.frequency import DAY, Steps
from segue.forecasting.table.grid.names import frequency_of


def spark(df: Any, work: Partitions, partitions: int | None = None) -> Any:
    """Maps work over a DataFrame of Spark, classic or Connect; it is lazy, as all of Spark is.

    Rows move by a hash of their series, so that no series is split, and are sorted by series within a partition. Times
    are wall-clock times: those of `TimestampType` in the time zone of the session. Names and times keep their types.
    segue must be installed on every executor.

    Args:
        df: A DataFrame with a column of series, of times (timestamps, dates or integers) and of values.
        work: What `forecast_partitions` or `backtest_partitions` returns.
        partitions: The number of partitions; by default `spark.sql.shuffle.partitions`. Each takes the memory of its
            rows in transit only; some hundreds of series each keep a core busy.

    Raises:
        UserError: A column is missing or is of no such type, dates are given steps of hours, or pyspark is not
            installed.
    """
    try:
        from pyspark.sql import functions, types
    except ModuleNotFoundError as error:
        raise UserError("spark", "(pyspark)", remedy_for_missing(error) or str(error)) from error
    series, given = work.series, {field.name: field.dataType for field in df.schema.fields}
    series.refuse_missing(given)
    time = given[series.time]
    local = types.TimestampNTZType() if isinstance(time, _timed(types)) else time
    if not isinstance(local, types.TimestampNTZType | types.IntegralType):
        raise UserError(
            "time_col", series.time, f"is {time.simpleString()}; cast it to timestamp, date or bigint first"
        )
    if isinstance(time, types.DateType) and not _has_whole_days(series.freq):  # a cast to dates would drop the hours
        raise UserError("time_col", series.time, "date cannot hold the times ahead; cast it to timestamp first")
    work = work.with_threads(int(_setting(df, "spark.task.cpus", "1")))
    count = int(_setting(df, "spark.sql.shuffle.partitions", "200")) if partitions is None else partitions
    keys = [functions.col(_quoted(name)) for name in series.ids]
    chosen = df.select(
        *keys,
        functions.col(_quoted(series.time)).cast(local),
        functions.col(_quoted(series.target)).cast("double").alias(series.target),
    )
    whole = chosen.repartition(count, *keys).sortWithinPartitions(*keys)
    clocks = (series.time, *work.times)
    kinds = {**given, **dict.fromkeys(clocks, local), **dict.fromkeys(work.numbers, types.DoubleType())}
    schema = types.StructType([types.StructField(name, kinds[name]) for name in work.columns])
    result = whole.mapInPandas(work.__call__, schema)  # a closure would be pickled by value
    return result.withColumns({name: functions.col(_quoted(name)).cast(time) for name in clocks})


def _timed(types: Any) -> tuple[type, ...]:
    return types.TimestampType, types.TimestampNTZType, types.DateType


def _has_whole_days(freq: str | int) -> bool:
    frequency = frequency_of(freq, np.zeros(1, "datetime64[us]"))
    return not isinstance(frequency, Steps) or frequency.size % DAY == 0


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _setting(df: Any, name: str, default: str) -> str:
    return str(df.sparkSession.conf.get(name, default))
