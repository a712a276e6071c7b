"""Ray Data: series are gathered into buckets by a hash of their names, and the work is mapped over the buckets."""

from typing import Any

import pandas as pd

from segue.engines.partitions import Partitions
from segue.errors import UserError
from segue.extras import remedy_for_missing

_BUCKET = "segue_bucket"


def ray(ds: Any, work: Partitions, partitions: int | None = None, cpus: int = 1) -> Any:
    """Maps work over a Dataset of Ray; it is lazy.

    A block of Ray may end within a series. So rows are grouped by a hash of their series, and the work gets one group
    after the other, each with whole series. segue must be installed on every node.

    Args:
        ds: A Dataset with a column of series, of times and of values.
        work: What `forecast_partitions` or `backtest_partitions` returns.
        partitions: The number of groups; by default four for each core of the cluster. A group must fit the memory of a
            task.
        cpus: The cores of a task, and so the threads that it computes with.

    Raises:
        UserError: A column is missing, or ray is not installed.
    """
    try:
        import ray as cluster
    except ModuleNotFoundError as error:
        raise UserError("ray", "(ray)", remedy_for_missing(error) or str(error)) from error
    names = ds.schema().names
    work.series.refuse_missing(names)
    if partitions is None:
        cluster.is_initialized() or cluster.init()
        partitions = 4 * max(1, int(cluster.cluster_resources().get("CPU", 1)))
    chosen = ds.select_columns(list(work.series.columns))
    buckets = {"ids": list(work.series.ids), "count": partitions}
    grouped = chosen.map_batches(_bucketed, fn_kwargs=buckets, batch_format="pandas").groupby(
        _BUCKET, num_partitions=partitions
    )
    return grouped.map_groups(work.with_threads(cpus).of, batch_format="pandas", num_cpus=cpus)


def _bucketed(frame: pd.DataFrame, ids: list[str], count: int) -> pd.DataFrame:
    return frame.assign(**{_BUCKET: bucket_of(frame[ids], count)})


def bucket_of(names: pd.DataFrame, count: int) -> Any:
    """The bucket of each row: the same for the same names, whatever the rows beside them."""
    return (pd.util.hash_pandas_object(names.astype(str), index=False) % count).astype("int64")
