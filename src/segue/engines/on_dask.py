"""Dask: the rows of a frame move so that each series is whole in one partition, and the work is mapped over these."""

from importlib.util import find_spec
from typing import Any

from segue.engines.partitions import Partitions
from segue.errors import UserError
from segue.extras import installation


def dask(df: Any, work: Partitions, partitions: int | None = None) -> Any:
    """Maps work over a DataFrame of Dask; it is lazy.

    Rows are shuffled by their series, so that no series is split. Each task computes with one thread, since Dask runs
    one for each core. segue must be installed on every worker.

    Args:
        df: A frame with a column of series, of times and of values.
        work: What `forecast_partitions` or `backtest_partitions` returns.
        partitions: The number of partitions; by default as many as `df` has. One must fit the memory of a task.

    Raises:
        UserError: A column is missing, or dask is not installed.
    """
    if find_spec("dask") is None:
        raise UserError("dask", "(dask)", f"needs dask; {installation('dask')}")
    work.series.refuse_missing(df.columns)
    work = work.with_threads(1)
    chosen = df[list(work.series.columns)]
    whole = chosen.shuffle(on=list(work.series.ids), npartitions=partitions, ignore_index=True)
    return whole.map_partitions(work.of, meta=work.empty(df._meta))
