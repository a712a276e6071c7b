"""How often a naive forecast is called better: on noise and random walks, where it should not be, and where it is.

    python -m benchmarks.tables.verdicts

Each series is a table of its own with a length, a horizon and a step drawn at random, so that few windows and many,
short histories and long ones are among them. `backtest` is the share of series with a warning by `segue.backtest` with
its defaults, `check` that by the check of `segue forecast`, `checked` the share with room for a check. `noise` and
`walk` have no better naive forecast, so that each of their warnings is a false alarm. The others have a season that the
naive forecast repeats: a year of days or a day of 5 minutes, with noise of a tenth of its amplitude.
"""

import argparse
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.figures import write_figures
from benchmarks.machine import default_output, machine
from segue import load_predictor
from segue.errors import UserError
from segue.forecasting.evaluation.backtest import backtest_reading
from segue.forecasting.evaluation.check import check
from segue.forecasting.evaluation.naives import NAIVES
from segue.forecasting.predictor import Predictor
from segue.forecasting.table.layout import Layout
from segue.forecasting.table.reading import read_frame

Values = NDArray[np.float64]
LENGTHS, HORIZONS, STEPS = (60, 1000), (7, 30), ("D", "h", "MS")


def main() -> None:
    options = read_options()
    predictor = load_predictor(options.model, threads=options.threads)
    rows = [measure(kind, predictor, options.series, options.seed) for kind in KINDS]
    for row in rows:
        print(
            *(f"{name}={value:.3g}" if isinstance(value, float) else f"{name}={value}" for name, value in row.items())
        )
    about = {"model": options.model, "seed": options.seed, **machine(options.threads)}
    write_figures(rows, options.output or default_output("verdicts"), about)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="nanotst")
    parser.add_argument("--series", type=int, default=200, help="the series of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--output", type=Path, help="CSV; by default named by machine and date")
    return parser.parse_args()


def noise(random: np.random.Generator) -> tuple[Values, str, int]:
    """White noise; values, step and horizon."""
    return random.normal(size=length_of(random)), str(random.choice(STEPS)), horizon_of(random)


def walk(random: np.random.Generator) -> tuple[Values, str, int]:
    """A random walk with Gaussian steps."""
    values, step, horizon = noise(random)
    return values.cumsum(), step, horizon


def year(random: np.random.Generator) -> tuple[Values, str, int]:
    """Two to four years of days: a smooth year of a few harmonics, and noise."""
    days = np.arange(int(random.integers(731, 4 * 365)))
    return season(random, days / 365.25), "D", int(random.integers(30, 181))


def day(random: np.random.Generator) -> tuple[Values, str, int]:
    """Four to ten days of 5 minutes, forecast a day ahead."""
    return season(random, np.arange(288 * int(random.integers(4, 11))) / 288), "5min", 288


KINDS: tuple[Callable[[np.random.Generator], tuple[Values, str, int]], ...] = (noise, walk, year, day)


def season(random: np.random.Generator, cycles: Values) -> Values:
    """A smooth season of four harmonics with random phases, scaled to a deviation of 1, and noise of 0.1."""
    waves = [random.normal() / k * np.sin(2 * math.pi * (k * cycles + random.uniform())) for k in range(1, 5)]
    clean = np.sum(waves, axis=0)
    return np.asarray(clean / clean.std() + 0.1 * random.normal(size=len(cycles)))


def length_of(random: np.random.Generator) -> int:
    """A length whose logarithm is uniform, so that short series are as many as long ones."""
    return round(math.exp(random.uniform(math.log(LENGTHS[0]), math.log(LENGTHS[1]))))


def horizon_of(random: np.random.Generator) -> int:
    return int(random.integers(HORIZONS[0], HORIZONS[1] + 1))


def measure(
    kind: Callable[[np.random.Generator], tuple[Values, str, int]], predictor: Predictor, series: int, seed: int
) -> dict[str, Any]:
    """The shares of warnings on series of one kind."""
    random = np.random.default_rng(seed)
    found = [warnings(*kind(random), predictor) for _ in range(series)]
    backtested, checked, alarmed = (np.array(column) for column in zip(*found, strict=True))
    return {
        "kind": kind.__name__,
        "series": series,
        "backtest": float(backtested.mean()),
        "check": float(alarmed.mean()),
        "checked": float(checked.mean()),
    }


def warnings(values: Values, step: str, horizon: int, predictor: Predictor) -> tuple[bool, bool, bool]:
    """Whether a backtest warns of a naive forecast, whether there is a check, and whether it warns."""
    times = pd.date_range("2000-01-01", periods=len(values), freq=step)
    reading = read_frame(pd.DataFrame({"ds": times, "y": values}), Layout())
    try:
        verdict = backtest_reading(reading, [predictor, NAIVES], horizon).verdict
    except UserError:  # too short for one window
        verdict = None
    result = check(reading, predictor, horizon)
    return verdict is not None and verdict.beaten, result is not None, result is not None and result.verdict.beaten


if __name__ == "__main__":
    main()
