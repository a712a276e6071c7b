"""One table over two workers of Spark, Ray, Dask and plain processes, beside one call: the same rows, and the cost.

    python -m benchmarks.forecasting.engines --engines whole processes spark ray dask

20,000 hourly series of 256 values, 24 steps ahead. Each engine has a process of its own. The cost is the processor time
of that process and all below it, start included, so that it means something on a busy machine, too.
"""

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.figures import write_figures
from benchmarks.machine import default_output, installed, machine

LENGTH, HORIZON, WORKERS = 256, 24, 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engines", nargs="+", default=list(ENGINES), choices=ENGINES, help="`whole` comes first")
    parser.add_argument("--series", type=int, default=20_000)
    parser.add_argument("--partitions", type=int, default=16)
    parser.add_argument("--model", default="nanotst")
    parser.add_argument("--output", type=Path, help="CSV; by default named by machine and date")
    parser.add_argument("--worker", choices=ENGINES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        work(options)
        return
    with tempfile.TemporaryDirectory() as folder:
        options.folder = Path(folder)
        write_table(options)
        rows = [measure(options, name) for name in options.engines]
    versions = {name: installed(name) for name in ("pyspark", "ray", "dask", "pandas")}
    output = options.output or default_output("engines")
    write_figures(rows, output, machine(WORKERS) | {"model": options.model, "series": options.series} | versions)


def write_table(options: argparse.Namespace) -> None:
    """Random walks with a daily cycle; the rows of all series are mixed, so that every engine has to move them."""
    import numpy as np
    import pandas as pd

    random, count = np.random.default_rng(0), options.series
    cycle = 10 * np.sin(np.arange(LENGTH) / 24 * 2 * np.pi)
    values = random.normal(size=(count, LENGTH)).cumsum(axis=1) + random.uniform(0, 3, (count, 1)) * cycle
    times = pd.date_range("2024-01-01", periods=LENGTH, freq="h").astype("datetime64[us]")
    ids = np.tile(np.arange(count), LENGTH)
    frame = pd.DataFrame({"unique_id": ids, "ds": np.repeat(times, count), "y": values.T.ravel()})
    frame.to_parquet(options.folder / "table.parquet", index=False, row_group_size=250_000)


def measure(options: argparse.Namespace, name: str) -> dict[str, Any]:
    """Runs one engine in a process, and compares its rows with those of one call."""
    import pandas as pd

    flags = [f"--{key}={getattr(options, key)}" for key in ("series", "partitions", "model", "folder")]
    command = [sys.executable, "-m", "benchmarks.forecasting.engines", "--worker", name, *flags]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    row: dict[str, Any] = {"engine": name, **json.loads(done.stdout.splitlines()[-1])}
    found, whole = (pd.read_parquet(options.folder / f"{each}.parquet") for each in (name, "whole"))
    keys = ["unique_id", "ds"]
    found = found.sort_values(keys, ignore_index=True).astype(whole.dtypes)
    row["same_rows"] = int((found == whole).all(axis=1).sum()) if found.shape == whole.shape else 0
    row["rows"] = len(whole)
    print(row, flush=True)
    return row


def work(options: argparse.Namespace) -> None:
    """The measured process."""
    begin, table = time.perf_counter(), options.folder / "table.parquet"
    result = ENGINES[options.worker](str(table), options)
    seconds, spent = time.perf_counter() - begin, tree_seconds(os.getpid())
    result.to_parquet(options.folder / f"{options.worker}.parquet", index=False)
    print(json.dumps({"seconds": seconds, "core_seconds": spent, "core_ms_a_series": 1000 * spent / options.series}))


def tree_seconds(pid: int) -> float:
    """The processor time of a process and of all that it has started, directly or not (Linux)."""
    parents, spent = dict[int, int](), dict[int, int]()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        parents[int(path.parent.name)] = int(fields[1])
        spent[int(path.parent.name)] = sum(map(int, fields[11:15]))  # its own, and that of children that have ended
    below = [pid]
    for one in below:
        below.extend(child for child, parent in parents.items() if parent == one)
    return sum(spent.get(one, 0) for one in below) / os.sysconf("SC_CLK_TCK")


# the engines: a Parquet file in, a frame of pandas out ----------------------------------------------------------------


def partitions(options: argparse.Namespace) -> Any:
    from segue.engines import forecast_partitions

    return forecast_partitions(HORIZON, freq="h", model=options.model)


def whole(table: str, options: argparse.Namespace) -> Any:
    import pandas as pd

    import segue

    frame = pd.read_parquet(table)
    return segue.forecast(frame, HORIZON, freq="h", model=segue.load_predictor(options.model, threads=WORKERS))


def processes(table: str, options: argparse.Namespace) -> Any:
    """The standard library's: each part is read by a filter, as a job would read its file."""
    import pandas as pd

    frame, count = pd.read_parquet(table), options.partitions
    parts = [part for _, part in frame.groupby(frame["unique_id"] % count)]
    with multiprocessing.get_context("spawn").Pool(WORKERS) as pool:
        return pd.concat(pool.imap(partitions(options).of, parts), ignore_index=True)


def spark(table: str, options: argparse.Namespace) -> Any:
    from pyspark.sql import SparkSession

    from segue.engines import spark as mapped

    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.master(f"local[{WORKERS}]").config("spark.ui.enabled", "false")
    session = builder.config("spark.driver.memory", "4g").config("spark.sql.session.timeZone", "UTC").getOrCreate()
    return mapped(session.read.parquet(table), partitions(options), options.partitions).toPandas()


def ray(table: str, options: argparse.Namespace) -> Any:
    import ray as cluster

    from segue.engines import ray as mapped

    cluster.init(num_cpus=WORKERS, include_dashboard=False, log_to_driver=False)
    return mapped(cluster.data.read_parquet(table), partitions(options), options.partitions).to_pandas()


def dask(table: str, options: argparse.Namespace) -> Any:
    import dask.dataframe as dd

    from segue.engines import dask as mapped

    frame = dd.read_parquet(table, split_row_groups=True)
    result = mapped(frame, partitions(options), options.partitions)
    return result.compute(scheduler="threads", num_workers=WORKERS)


ENGINES: dict[str, Callable[[str, argparse.Namespace], Any]] = {
    "whole": whole,
    "processes": processes,
    "spark": spark,
    "ray": ray,
    "dask": dask,
}

if __name__ == "__main__":
    main()
