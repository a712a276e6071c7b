"""Is growth at a constant rate continued? Medians and bands of series whose logarithm is a random walk with a drift.

    OMP_NUM_THREADS=1 python -m benchmarks.forecasting.growth

200 series of each kind, seed 0, six steps ahead. `rise` is the mean rise of the logarithm of the median, over the true
one; `above` the share of values above the median; `inside80` that within the 80 % band; `width` the mean width of this
band in logarithms, over that of the distribution, given its parameters.
"""

import argparse
from itertools import product
from pathlib import Path

import numpy as np

from benchmarks.figures import write_figures
from benchmarks.machine import default_output, machine
from segue.forecasting.predictor import Predictor, predict_lanes
from segue.forecasting.registry import load_predictor

SERIES, HORIZON = 200, 6
LENGTHS, RATES, SHOCKS = (20, 40, 60), (0.03, 0.07, 0.1), (0.01, 0.03, 0.06)
NORMAL = 2.563  # the width of the 80 % band of a normal distribution, in deviations
LEAST = 1e-9  # a bound below it has no logarithm that says anything; every series begins near 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", action="append", help="a bundled name, or a model folder; repeatable")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", type=Path, help="CSV; by default named by machine and date")
    options = parser.parse_args()
    rows = []
    for name in options.model or ["nanotst", "nanotst-small"]:
        predictor = load_predictor(name, threads=options.threads)
        random = np.random.default_rng(0)
        for length, rate, shock in product(LENGTHS, RATES, SHOCKS):
            steps = rate + shock * random.normal(size=(SERIES, length + HORIZON))
            found = measured(predictor, np.exp(steps.cumsum(1)), rate, shock)
            rows += [{"model": name, **row} for row in found]
    write_figures(rows, options.output or default_output("growth"), {"series": SERIES, **machine(options.threads)})


def measured(predictor: Predictor, values: np.ndarray, rate: float, shock: float) -> list[dict[str, float]]:
    """A row for the first and the last step ahead."""
    past, future = values[:, :-HORIZON], values[:, -HORIZON:]
    observed, seasons = np.ones(past.shape, dtype=bool), np.zeros((len(past), 0))
    low, median, high = np.moveaxis(
        predict_lanes(predictor, past, observed, seasons, HORIZON).at((0.1, 0.5, 0.9)), -1, 0
    )
    rise = np.log(median / past[:, -1:]).mean(0)
    wide = (np.log(np.maximum(high, LEAST)) - np.log(np.maximum(low, LEAST))).mean(0)
    rows = []
    for step in (1, HORIZON):
        at = step - 1
        rows.append(
            {"length": past.shape[1], "rate": rate, "shock": shock, "step": step, "rise": rise[at] / (rate * step)}
            | {"above": (future > median)[:, at].mean(), "inside80": ((future >= low) & (future <= high))[:, at].mean()}
            | {"width": wide[at] / (NORMAL * shock * step**0.5)}
        )
    return rows


if __name__ == "__main__":
    main()
