"""How fast: series a second of the library and of the command, cold start, memory, and AutoETS beside them.

    python -m benchmarks.forecasting.throughput

1,000 synthetic series of 512 values, 24 steps ahead, two threads. Each measurement runs in a process of its own, so
that its peak memory is its own, and no process holds torch but the one that draws the series. This one imports nothing
large, because a child's peak begins at its parent's.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.figures import write_figures
from benchmarks.forecasting.process import run, summary
from benchmarks.forecasting.series import ARRAY, HORIZON, SEASON, TABLE, TEXT, write_elsewhere
from benchmarks.machine import default_output, installed, machine

EXAMPLE = Path(__file__).parents[2] / "examples" / "air_passengers.csv"
SEGUE = [sys.executable, "-c", "from segue.cli import main; main()"]  # what the `segue` script does


def main() -> None:
    options = read_options()
    if options.worker:
        print(json.dumps(WORKERS[options.worker](options)))
        return
    with tempfile.TemporaryDirectory() as folder:
        options.folder = Path(folder)
        write_elsewhere(options.folder, options.series)
        rows = measure(options)
    output = options.output or default_output("throughput")
    versions = {"model": options.model, "statsforecast": installed("statsforecast") if options.ets_series else ""}
    write_figures(rows, output, machine(options.threads) | versions)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="nanotst", help="a bundled model or a model folder")
    parser.add_argument("--series", type=int, default=1000)
    parser.add_argument("--ets-series", type=int, default=40, help="AutoETS gets the first of them, being slow")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--output", type=Path, help="CSV; by default named by machine and date")
    parser.add_argument("--worker", choices=WORKERS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


# the measuring process ------------------------------------------------------------------------------------------------


def measure(options: argparse.Namespace) -> list[dict[str, Any]]:
    """All rows of the result: a figure with the median, the least and the largest of its repeats."""
    count, repeats, threads = options.series, options.repeats, options.threads
    rows: list[dict[str, Any]] = []

    def add(name: str, unit: str, numbers: Sequence[float]) -> float:
        found = summary(numbers)
        rows.append({"figure": name, "unit": unit, **found, "repeats": len(numbers)})
        extent = f"({found['min']:.4g} to {found['max']:.4g})"
        print(f"{name:<28} {found['median']:10.4g} {unit:<9} {extent}", flush=True)
        return found["median"]

    def add_worker(name: str, series: int) -> float:
        finished = run(worker(options, name), threads)
        rate = add(name, "series/s", [series / seconds for seconds in json.loads(finished.printed)])
        add(f"{name}, peak memory", "MiB", [finished.peak])
        return rate

    def add_command(name: str, arguments: Sequence[str]) -> float:
        run([*SEGUE, *arguments], threads)  # the first run also compiles Python and fills the page cache
        runs = [run([*SEGUE, *arguments], threads) for _ in range(repeats)]
        add(f"{name}, peak memory", "MiB", [finished.peak for finished in runs])
        return add(name, "s", [finished.seconds for finished in runs])

    add_worker("predict", count)
    ours = add_worker("forecast", count)
    forecast = ["forecast", "--horizon", str(HORIZON), "--model", options.model]
    add_command("segue --help", ["--help"])
    add_command("segue forecast, one series", [*forecast, str(EXAMPLE)])
    add_command(f"segue forecast, {count} series", [*forecast, str(options.folder / TEXT)])
    if options.ets_series:
        add("forecast / auto_ets", "times", [ours / add_worker("auto_ets", options.ets_series)])
    return rows


def worker(options: argparse.Namespace, name: str) -> list[str]:
    """The command that runs one of `WORKERS`."""
    passed = ("model", "folder", "ets_series", "repeats", "threads")
    flags = [f"--{key.replace('_', '-')}={getattr(options, key)}" for key in passed]
    return [sys.executable, "-m", "benchmarks.forecasting.throughput", "--worker", name, *flags]


# the measured processes -----------------------------------------------------------------------------------------------


def time_predict(options: argparse.Namespace) -> list[float]:
    """Arrays to quantiles."""
    import numpy as np

    from segue.forecasting.predictor import predict_lanes
    from segue.forecasting.registry import load_predictor

    predictor = load_predictor(options.model, threads=options.threads)
    values = np.load(options.folder / ARRAY)
    observed, seasons = np.ones(values.shape, dtype=bool), np.full((len(values), 1), float(SEASON))
    batch = getattr(predictor, "batch", 128) * getattr(predictor, "workers", 1)  # of one call, which uses all workers

    def predict() -> None:
        for begin in range(0, len(values), batch):
            part = slice(begin, begin + batch)
            predict_lanes(predictor, values[part], observed[part], seasons[part], HORIZON)

    return repeated(predict, options.repeats)


def time_forecast(options: argparse.Namespace) -> list[float]:
    """A pandas frame to a pandas frame."""
    import pandas as pd

    from segue import forecast, load_predictor

    predictor = load_predictor(options.model, threads=options.threads)
    frame = pd.read_parquet(options.folder / TABLE)
    return repeated(lambda: forecast(frame, HORIZON, model=predictor), options.repeats)


def time_auto_ets(options: argparse.Namespace) -> list[float]:
    """The same frame, its first series, in one process a thread; the first call, which compiles, is not timed."""
    import pandas as pd
    from statsforecast import StatsForecast
    from statsforecast.models import AutoETS

    frame = pd.read_parquet(options.folder / TABLE)
    frame = frame[frame["unique_id"].isin(frame["unique_id"].unique()[: options.ets_series])]
    models = StatsForecast(models=[AutoETS(season_length=SEASON)], freq="h", n_jobs=options.threads)
    return repeated(lambda: models.forecast(df=frame, h=HORIZON, level=[80]), min(options.repeats, 3))


WORKERS: dict[str, Callable[[argparse.Namespace], list[float]]] = {
    "predict": time_predict,
    "forecast": time_forecast,
    "auto_ets": time_auto_ets,
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


if __name__ == "__main__":
    main()
