"""A nightly job beside one call over the whole table: seconds and peak memory, in alternating processes.

    python -m benchmarks.forecasting.nightly

2,000 daily series of 731 values lie in a CSV file. Measured are `segue.forecast` over the table, and
`examples/nightly.py`: its first run, over all rows but the last of each series, and its second, which has these only.
Each process reads its rows, forecasts 28 days and writes them. A repeat runs each once, and ratios are taken within
repeats. The second run has to write the same bytes as the one call.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.figures import write_figures
from benchmarks.forecasting.process import Finished, run, summary
from benchmarks.machine import default_output, machine

LENGTH, HORIZON = 731, 28
NIGHTLY = Path(__file__).parents[2] / "examples" / "nightly.py"
ALL, FIRST, LAST, STATE, CALL, STREAM = "all.csv", "first.csv", "last.csv", "state", "call.csv", "stream.csv"
JOBS = ("segue.forecast", "first run", "second run")


def main() -> None:
    options = read_options()
    if options.worker:
        WORKERS[options.worker](options)
        return
    with tempfile.TemporaryDirectory() as folder:
        options.folder = Path(folder)
        subprocess.run(worker("write_rows", options), check=True)
        rows = measure(options)
    about = {"series": options.series, "length": LENGTH, "horizon": HORIZON, "model": options.model}
    write_figures(rows, options.output or default_output("nightly"), about | machine(options.threads))


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="nanotst", help="a bundled model, a model folder or a baseline")
    parser.add_argument("--series", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--output", type=Path, help="CSV; by default named by machine and date")
    parser.add_argument("--worker", choices=WORKERS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


# the measuring process ------------------------------------------------------------------------------------------------


def measure(options: argparse.Namespace) -> list[dict[str, Any]]:
    """A row for the seconds and one for the peak of each job, after one repeat that compiles and warms up."""
    repeats = [repeat(options) for _ in range(options.repeats + 1)][1:]
    rows = []
    for name in JOBS:
        for unit, pick in (("s", seconds), ("MiB", peak)):
            numbers = [pick(done[name]) for done in repeats]
            ratios = [number / pick(done[JOBS[0]]) for number, done in zip(numbers, repeats, strict=True)]
            rows.append(row(name, unit, numbers, ratios))
    return rows


def repeat(options: argparse.Namespace) -> dict[str, Finished]:
    """Each job once; the second run needs the state of the first, so they are in one order."""
    folder: Path = options.folder
    (folder / STATE).unlink(missing_ok=True)
    commands = (worker("call", options), night(FIRST, options), night(LAST, options))
    done = {name: run(command, options.threads) for name, command in zip(JOBS, commands, strict=True)}
    if (folder / CALL).read_bytes() != (folder / STREAM).read_bytes():
        raise SystemExit("the second run and the one call over the table differ")
    return done


def seconds(finished: Finished) -> float:
    return finished.seconds


def peak(finished: Finished) -> float:
    return finished.peak


def row(job: str, unit: str, numbers: Sequence[float], ratios: Sequence[float]) -> dict[str, Any]:
    """Median, least and largest, also of the ratios to the one call."""
    found = summary(numbers) | summary(ratios, "ratio_")
    extent = f"{found['ratio_min']:.3f} to {found['ratio_max']:.3f}"
    print(f"{job:<16}{found['median']:8.4g} {unit:<4} ratio {found['ratio_median']:.3f} ({extent})", flush=True)
    return {"job": job, "unit": unit, "repeats": len(numbers), **found}


def worker(name: str, options: argparse.Namespace) -> list[str]:
    """The command that runs one of `WORKERS`."""
    flags = [f"--{key}={getattr(options, key)}" for key in ("model", "series", "folder")]
    return [sys.executable, "-m", "benchmarks.forecasting.nightly", "--worker", name, *flags]


def night(rows: str, options: argparse.Namespace) -> list[str | Path]:
    """The command of one run of the nightly job."""
    folder: Path = options.folder
    files = [folder / rows, "--state", folder / STATE, "--output", folder / STREAM]
    return [sys.executable, NIGHTLY, *files, f"--horizon={HORIZON}", f"--model={options.model}"]


# the other processes --------------------------------------------------------------------------------------------------


def call(options: argparse.Namespace) -> None:
    """One call over the whole table, from a file to a file as the nightly job."""
    import segue
    from segue.forecasting.table.files.read import read_table
    from segue.forecasting.table.files.write import write_table

    table = read_table(options.folder / ALL, segue.Layout()).frame
    write_table(segue.forecast(table, HORIZON, model=options.model), options.folder / CALL, ".csv")


def write_rows(options: argparse.Namespace) -> None:
    """Series with a week, a year, a wandering level and noise."""
    import numpy as np
    import pandas as pd

    random, days = np.random.default_rng(0), np.arange(LENGTH)
    phases = random.random((2, options.series, 1))
    week, year = (
        np.sin(2 * np.pi * (days / period + phase)) for period, phase in zip((7, 365.25), phases, strict=True)
    )
    level = 0.3 * random.normal(size=(options.series, LENGTH)).cumsum(1)
    values = 50 + 10 * week + 5 * year + level + random.normal(size=level.shape)
    names = np.repeat([f"series-{number:04d}" for number in range(options.series)], LENGTH)
    times = np.tile(pd.date_range("2024-01-01", periods=LENGTH), options.series)
    table = pd.DataFrame({"unique_id": names, "ds": times, "y": values.ravel()})
    last = table["ds"] == table["ds"].max()
    for name, part in ((ALL, table), (FIRST, table[~last]), (LAST, table[last])):
        part.to_csv(options.folder / name, index=False)


WORKERS: dict[str, Callable[[argparse.Namespace], None]] = {"call": call, "write_rows": write_rows}


if __name__ == "__main__":
    main()
