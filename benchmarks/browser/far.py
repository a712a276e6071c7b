"""The browser's page beside the library far ahead, and beside what roundings of the values do to the library alone.

`python -m benchmarks.browser.far`; see `benchmarks.browser`. The network chooses between cycles and between naive
forecasts. Where two of them are about as good, the last digits decide, and no two builds of onnxruntime agree in these.
"""

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.browser.beside import by_library, by_node, deviation
from benchmarks.browser.cases import Case, table
from benchmarks.figures import write_figures
from benchmarks.machine import default_output, machine
from segue.forecasting.forecast import forecast_reading
from segue.forecasting.predictor import Predictor
from segue.forecasting.registry import load_predictor

_HORIZONS = (168, 1_000, 2_000)  # the first pass; most that other tools are asked for; the most of the page
_ROUNDING = 1e-7  # of the size of a value, as of single precision


@dataclass(frozen=True, eq=False)
class Series:
    """Values and the alias of their step."""

    values: np.ndarray
    freq: str

    def case(self, horizon: int) -> Case:
        """A file of these values."""
        return Case(table(self.values, self.freq), horizon)

    def rounded(self) -> "Series":
        """The same values, each changed by about as much as a rounding."""
        noise = np.random.default_rng(1).normal(size=len(self.values))
        return replace(self, values=self.values * (1 + _ROUNDING * noise))


def series() -> dict[str, Series]:
    """Series by name; the same in every call."""
    generator, steps = np.random.default_rng(24), np.arange(2_592)
    noise = generator.normal(size=len(steps))
    day = 20 + 6 * np.sin(2 * np.pi * steps / 24)
    week = 3 * np.array([0.0, 1, 2, 1, 4, 9, 7])[steps % 7]
    year = 100 + 20 * np.cos(2 * np.pi * steps / 365.25) + 5 * (steps % 7 < 5)
    return {
        "noise": Series(noise[:720], "h"),
        "a day of hours": Series((day + noise)[:720], "h"),
        "a day of hours, exact": Series(day[:720], "h"),
        "a week of days": Series((week + noise)[:720], "D"),
        "60 values": Series((day + noise)[:60], "h"),
        "700 values": Series((day + noise)[:700], "h"),
        "constant": Series(np.full(700, 7.25), "h"),
        "a random walk": Series(noise.cumsum()[:720], "D"),
        "rare counts": Series(generator.poisson(0.7, 720).astype(float), "D"),
        "sums of a cycle of 24, by week": Series((day + noise).cumsum()[:300], "W"),
        "2,592 hours": Series(day + noise, "h"),
        "2,592 days": Series(year + 3 * noise, "D"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="+", default=["nanotst", "nanotst-small"], help="bundled models")
    parser.add_argument("--output", type=Path, help="the CSV file; by default one in benchmarks/results")
    options = parser.parse_args()
    rows = []
    asked = [(name, one, horizon) for name, one in series().items() for horizon in _HORIZONS]
    for model in options.models:
        predictor = load_predictor(model, threads=1)
        found = by_node([one.case(horizon) for _, one, horizon in asked], model)
        for (name, one, horizon), answer in zip(asked, found["answers"], strict=True):
            median, bands = deviation(predictor, one.case(horizon), answer)
            own = _rounding(predictor, one, horizon)
            rows.append(
                {
                    "model": model,
                    "case": name,
                    "horizon": horizon,
                    "median_off": median,
                    "band_off": bands,
                    "band_off_of_rounding": own,
                    "seconds": answer["seconds"],
                }
            )
            print(rows[-1], flush=True)
    write_figures(rows, options.output or default_output("browser-far"), machine(threads=1))


def _rounding(predictor: Predictor, given: Series, horizon: int) -> float:
    """The largest change of a bound of the library's forecast by roundings of the values, as a part of the width."""
    bounds, changed = (
        forecast_reading(predictor, by_library(one.case(horizon)), horizon, (80,)).iloc[:, 3:].to_numpy()
        for one in (given, given.rounded())
    )
    width = bounds[:, 1:] - bounds[:, :1]
    return float((np.abs(changed - bounds) / np.where(width > 0, width, 1.0)).max())


if __name__ == "__main__":
    main()
