"""Are cycles continued? Series whose noiseless future is known, and real ones beside seasonal copies.

    python -m benchmarks.forecasting.cycles --model nanotst --model FOLDER --threads 1 [--quick] [--data DIR]

The horizon is one period. Errors are mean absolute errors of the median against the noiseless future, in deviations of
the noiseless series, each over eight phases. `last` is the error of the last cycle repeated, `best` that of the mean of
all cycles seen, phase by phase. A cell passes if its error is at most 1.5 times `last` plus .01. The season is given
only where the row says so. A CSV with a row a cell, and with `--data` a second one of real series.
"""

import argparse
import time
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.forecasting.cycle_data import real_rows
from benchmarks.forecasting.cycle_scores import scored, summary
from benchmarks.forecasting.cycle_series import Lanes, cells, draw
from benchmarks.machine import default_output, machine
from segue.forecasting.predictor import Predictor, predict_lanes
from segue.forecasting.registry import load_predictor
from segue.threads import usable_threads

WORST = 15  # cells that are shown


def main() -> None:
    options = read_options()
    output = options.output or default_output("cycles")
    output.parent.mkdir(parents=True, exist_ok=True)
    parts = []
    for name in options.model or ["nanotst"]:
        predictor = load_predictor(name, threads=options.threads)
        start = time.process_time()
        rows = measured(predictor, options.quick).assign(model=name, fingerprint=predictor.fingerprint)
        show(rows, time.process_time() - start)
        parts.append(rows)
    stamp = machine(options.threads)
    pd.concat(parts).assign(**stamp).to_csv(output, index=False, float_format="%.6g")
    print(output)
    if options.data:
        real = real_rows(options.data, options.model or ["nanotst"], options.threads)
        print(f"\nmean absolute error over the last five windows\n{real.to_string(index=False, float_format='%.4g')}")
        real.assign(**stamp).to_csv(output.with_suffix(".real.csv"), index=False, float_format="%.6g")


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", action="append", help="a name such as nanotst, or a model folder; repeatable")
    parser.add_argument("--threads", type=int, default=usable_threads())
    parser.add_argument("--quick", action="store_true", help="some periods and noises only, in less than a minute")
    parser.add_argument("--data", type=Path, help="folder that holds the files of the real series, at any depth")
    parser.add_argument("--output", type=Path, help="CSV; by default named by machine and date")
    return parser.parse_args()


def measured(predictor: Predictor, quick: bool) -> pd.DataFrame:
    """A row a cell; cells of equal length and horizon are forecast together."""
    rows: list[dict[str, Any]] = []
    for _, group in groupby(cells(quick), key=lambda cell: (cell.horizon, cell.length)):
        asked = list(group)
        drawn = [draw(cell) for cell in asked]
        medians = np.split(median(predictor, drawn, asked[0].horizon), len(asked))
        for cell, lanes, own in zip(asked, drawn, medians, strict=True):
            rows.append(vars(cell) | {"horizon": cell.horizon} | scored(cell, lanes, own))
    return pd.DataFrame(rows)


def median(predictor: Predictor, drawn: list[Lanes], horizon: int) -> np.ndarray:
    """The medians (lanes, horizon) of the series of several cells."""
    names = ("values", "observed", "seasons")
    values, observed, seasons = (np.concatenate([getattr(lanes, name) for lanes in drawn]) for name in names)
    return predict_lanes(predictor, values, observed, seasons, horizon).median


def show(rows: pd.DataFrame, seconds: float) -> None:
    """The summary, and the cells that miss their limit by most."""
    print(f"\n{rows['model'].iloc[0]}, {len(rows)} cells, {seconds:.0f} s of processor time")
    print(summary(rows).to_string(float_format="%.3f"))
    must = rows[(rows["noise"] <= 0.1) & ~rows["missing"] & ~rows["given"]]
    worst = must.assign(over=must["error"] - must["limit"]).nlargest(WORST, "over")
    columns = ["shape", "period", "repetitions", "noise", "error", "last", "best", "limit"]
    print(f"\nfurthest over the limit\n{worst[columns].to_string(index=False, float_format='%.3f')}")


if __name__ == "__main__":
    main()
