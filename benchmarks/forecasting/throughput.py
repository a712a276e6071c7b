"""How fast: series a second of the library and of the command, cold start, memory, and AutoETS beside them.

    python -m benchmarks.forecasting.throughput

1,000 synthetic series of 512 values, 24 steps ahead, two threads. Each measurement runs in a process of its own, so
that its peak memory is its own; this one imports nothing large, because a child's peak begins at its parent's.
"""

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.machine import default_output, machine

LENGTH, HORIZON, SEASON = 512, 24, 24
EXAMPLE = Path(__file__).parents[2] / "examples" / "air_passengers.csv"
SEGUE = [sys.executable, "-c", "from segue.cli import main; main()"]  # what the `segue` script does


def main() -> None:
    options = read_options()
    if options.worker:
        print(json.dumps(WORKERS[options.worker](options)))
        return
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(options, Path(folder) / "series.csv")
    output = options.output or default_output("throughput")
    versions = {"model": options.model, "statsforecast": version("statsforecast") if options.ets_series else ""}
    write(rows, output, machine(options.threads) | versions)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="nanotst", help="a bundled model or a model folder")
    parser.add_argument("--series", type=int, default=1000)
    parser.add_argument("--ets-series", type=int, default=40, help="AutoETS gets the first of them, being slow")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--output", type=Path, help="CSV; by default named by machine and date")
    parser.add_argument("--worker", choices=WORKERS, help=argparse.SUPPRESS)
    parser.add_argument("--table", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


# the measuring process ------------------------------------------------------------------------------------------------


def measure(options: argparse.Namespace, table: Path) -> list[dict[str, Any]]:
    """All rows of the result: a figure with the median, the least and the largest of its repeats."""
    count, repeats, threads = options.series, options.repeats, options.threads
    rows = []

    def add(name: str, unit: str, numbers: Sequence[float]) -> float:
        middle = statistics.median(numbers)
        rows.append(
            {"figure": name, "unit": unit, "median": middle, "min": min(numbers), "max": max(numbers)}
            | {"repeats": len(numbers)}
        )
        print(f"{name:<28} {middle:10.4g} {unit:<9} ({min(numbers):.4g} to {max(numbers):.4g})", flush=True)
        return middle

    def add_worker(name: str, series: int) -> float:
        _, peak, printed = run(worker(options, name), threads)
        rate = add(name, "series/s", [series / seconds for seconds in json.loads(printed)])
        add(f"{name}, peak memory", "MiB", [peak])
        return rate

    def add_command(name: str, arguments: Sequence[str]) -> float:
        run([*SEGUE, *arguments], threads)  # the first run also compiles Python and fills the page cache
        runs = [run([*SEGUE, *arguments], threads) for _ in range(repeats)]
        add(f"{name}, peak memory", "MiB", [peak for _, peak, _ in runs])
        return add(name, "s", [seconds for seconds, _, _ in runs])

    add_worker("predict", count)
    ours = add_worker("forecast_frame", count)
    run([*worker(options, "write_table"), "--table", str(table)], threads)
    forecast = ["forecast", "--horizon", str(HORIZON), "--model", options.model]
    add_command("segue --help", ["--help"])
    add_command("segue forecast, one series", [*forecast, str(EXAMPLE)])
    add_command(f"segue forecast, {count} series", [*forecast, str(table)])
    if options.ets_series:
        add("forecast_frame / auto_ets", "times", [ours / add_worker("auto_ets", options.ets_series)])
    return rows


def worker(options: argparse.Namespace, name: str) -> list[str]:
    """The command that runs one of `WORKERS`."""
    passed = ("model", "series", "ets_series", "repeats", "threads")
    flags = [f"--{key.replace('_', '-')}={getattr(options, key)}" for key in passed]
    return [sys.executable, "-m", "benchmarks.forecasting.throughput", "--worker", name, *flags]


def run(command: Sequence[str], threads: int) -> tuple[float, float, str]:
    """Seconds, peak resident memory in MiB, and what a successful process printed."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    with tempfile.TemporaryFile("w+") as printed:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=printed, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command)
        printed.seek(0)
        unit = 1 if sys.platform == "darwin" else 1024  # bytes there, kibibytes elsewhere
        return seconds, usage.ru_maxrss * unit / 2**20, printed.read()


def write(rows: Sequence[dict[str, Any]], output: Path, about: dict[str, Any]) -> None:
    output.parent.mkdir(parents=True, exist_ok=True)
    with output.open("w", newline="") as file:
        table = csv.DictWriter(file, [*rows[0], *about])
        table.writeheader()
        for row in rows:
            table.writerow({name: f"{x:.5g}" if isinstance(x, float) else x for name, x in (row | about).items()})
    print(output)


# the measured processes -----------------------------------------------------------------------------------------------


def time_predict(options: argparse.Namespace) -> list[float]:
    """Tensors to quantiles."""
    import torch

    from segue.cli.forecast import load_predictor

    predictor = load_predictor(options.model, SEASON)
    batches = synthetic_series(options.series).split(128)
    everything = [torch.ones_like(batch, dtype=torch.bool) for batch in batches]

    def predict() -> None:
        for values, observed in zip(batches, everything, strict=True):
            predictor.predict(values, observed, HORIZON)

    return repeated(predict, options.repeats)


def time_forecast_frame(options: argparse.Namespace) -> list[float]:
    """A pandas frame to a pandas frame."""
    from segue.cli.forecast import load_predictor
    from segue.forecasting.forecast import forecast_frame

    predictor = load_predictor(options.model, SEASON)
    frame = long_frame(options.series)
    return repeated(lambda: forecast_frame(predictor, frame, HORIZON), options.repeats)


def time_auto_ets(options: argparse.Namespace) -> list[float]:
    """The same frame, its first series, in one process a thread; the first call, which compiles, is not timed."""
    from statsforecast import StatsForecast
    from statsforecast.models import AutoETS

    frame = long_frame(options.series)
    frame = frame[frame["unique_id"].isin(frame["unique_id"].unique()[: options.ets_series])]
    models = StatsForecast(models=[AutoETS(season_length=SEASON)], freq="h", n_jobs=options.threads)
    return repeated(lambda: models.forecast(df=frame, h=HORIZON, level=[80]), min(options.repeats, 3))


def write_table(options: argparse.Namespace) -> None:
    long_frame(options.series).to_csv(options.table, index=False)


WORKERS: dict[str, Callable[[argparse.Namespace], list[float] | None]] = {
    "predict": time_predict,
    "forecast_frame": time_forecast_frame,
    "auto_ets": time_auto_ets,
    "write_table": write_table,
}


def repeated(function: Callable[[], Any], repeats: int) -> list[float]:
    """Seconds of each call after the first."""
    function()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return seconds


def synthetic_series(count: int) -> Any:
    """Series of the pretraining grammar, (count, LENGTH)."""
    import torch

    from segue.forecasting.pretraining.grammar import Grammar

    return Grammar().sample(torch.Generator().manual_seed(0), count, LENGTH)[0].double()


def long_frame(count: int) -> Any:
    import numpy as np
    import pandas as pd

    times = pd.date_range("2024-01-01", periods=LENGTH, freq="h")
    names = [f"series-{i:04d}" for i in range(count)]
    values = synthetic_series(count).numpy().ravel()
    return pd.DataFrame({"unique_id": np.repeat(names, LENGTH), "ds": np.tile(times, count), "y": values})


if __name__ == "__main__":
    main()
