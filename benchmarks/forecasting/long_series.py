"""How fast are forecasts of long series? Series a second and peak memory, by the length of the series.

    python -m benchmarks.forecasting.long_series --threads 1

128 lanes of hours with a day, a week and noise, forecast 24 steps ahead after a few lanes to warm up. Each measurement
runs in a process of its own, so that its peak memory is its own.
"""

import argparse
import sys
import time
from pathlib import Path

from benchmarks.figures import write_figures
from benchmarks.forecasting.process import run, summary
from benchmarks.machine import default_output, machine

LENGTHS = (512, 720, 1440, 2592, 8192)
LANES, HORIZON = 128, 24


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", action="append", help="a name such as nanotst, or a model folder; repeatable")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", type=Path, help="CSV; by default named by machine and date")
    parser.add_argument("--worker", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    models = options.model or ["nanotst", "nanotst-small"]
    if options.worker:
        print(series_a_second(models[0], options.worker, options.threads))
        return
    rows = []
    for model in models:
        for length in LENGTHS:
            command = [sys.executable, "-m", "benchmarks.forecasting.long_series", "--worker", str(length)]
            command += ["--model", model, "--threads", str(options.threads)]
            done = [run(command, options.threads) for _ in range(options.repeats)]
            speed = summary([float(one.printed) for one in done])
            rows.append({"model": model, "length": length, **speed, "peak_mib": max(one.peak for one in done)})
            print(rows[-1], flush=True)
    output = options.output or default_output("long-series")
    write_figures(rows, output, {"lanes": LANES, "repeats": options.repeats, **machine(options.threads)})


def series_a_second(model: str, length: int, threads: int) -> float:
    """Forecasts all lanes once, in this process."""
    import numpy as np  # the parent imports nothing large, because a child's peak begins at its parent's

    from segue.forecasting.predictor import predict_lanes
    from segue.forecasting.registry import load_predictor

    time_of = np.arange(length)
    steady = 10 + 3 * np.sin(2 * np.pi * time_of / 24) + 2 * np.sin(2 * np.pi * time_of / 168)
    values = steady + np.random.default_rng(0).normal(size=(LANES, length))
    observed, seasons = np.ones(values.shape, dtype=bool), np.tile([24.0, 168.0, 8766.0], (LANES, 1))
    predictor = load_predictor(model, threads=threads)
    predict_lanes(predictor, values[:4], observed[:4], seasons[:4], HORIZON)
    start = time.perf_counter()
    predict_lanes(predictor, values, observed, seasons, HORIZON)
    return LANES / (time.perf_counter() - start)


if __name__ == "__main__":
    main()
