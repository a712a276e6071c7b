"""Which lead times together find a spike best: one forecast, or several that were made at different times.

    python -m benchmarks.live.lead_times ../shared/data/forecast

Spikes of several sizes are put on single values of real series, each by itself. The score of each combination is
calibrated as in a watch. The threshold is the p-value that one ordinary value in 1,000 has, so that all combinations
give equally many false alarms. A figure is the share of spikes that are found.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.figures import write_figures
from benchmarks.live.tails import p_values
from benchmarks.machine import default_output, machine
from segue import LEVELS, load_predictor
from segue.forecasting.predictor import predict_lanes
from segue.live.surprise import normal_scores

SETS = {"pjm_hourly": (24, 168), "etth1": (24, 168), "pedestrian_melb": (24, 168), "us_births": (7, 365.25),
        "saugeen_river": (7, 365.25), "exchange_rate": (7, 365.25)}  # fmt: skip
SIZES = (3, 4, 6, 10)  # deviations of the mean band of all lead times
ORIGINS, LEAST, CONTEXT, BATCH = 3, 64, 720, 32
WEIGHTS = {"newest": (1, 0, 0), "2/3 1/3": (2 / 3, 1 / 3, 0), "two alike": (0.5, 0.5, 0), "three alike": (1, 1, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="the folder of the data sets, Parquet")
    parser.add_argument("--model", default="nanotst-small")
    parser.add_argument("--refresh", type=int, default=24)
    parser.add_argument("--values", type=int, default=3_000)
    parser.add_argument("--output", type=Path, help="CSV; by default named by machine and date")
    options = parser.parse_args()
    predictor, kept = load_predictor(options.model, threads=1), list[dict[str, NDArray[np.float64]]]()
    for name, seasons in SETS.items():
        frame = pd.read_parquet(options.folder / f"{name}.parquet")
        for _, series in list(frame.groupby("unique_id"))[:3]:
            values = series.sort_values("ds")["y"].to_numpy(float)[: options.values]
            kept.append(scored(predictor, values, np.array(seasons, dtype=float), options.refresh))
        print(name, flush=True)
    rows = [{"weights": name} | found(kept, np.array(weights)) for name, weights in WEIGHTS.items()]
    print(*rows, sep="\n")
    about = {"model": options.model, "refresh": options.refresh}
    write_figures(rows, options.output or default_output("live-lead-times"), machine(1) | about)


def scored(
    predictor: Any, values: NDArray[np.float64], seasons: NDArray[np.float64], refresh: int
) -> dict[str, NDArray[np.float64]]:
    """The normal scores under three lead times of the values of a series, and of each with a spike of each size."""
    origins = np.arange(LEAST, len(values) - 1, refresh)
    ahead = ORIGINS * refresh
    windows = np.full((len(origins), CONTEXT), np.nan)
    for row, origin in enumerate(origins):
        past = values[max(0, origin + 1 - CONTEXT) : origin + 1]
        windows[row, CONTEXT - len(past) :] = past
    parts = [
        predict_lanes(predictor, part, ~np.isnan(part), np.tile(seasons, (len(part), 1)), ahead).quantiles
        for part in np.split(windows, range(BATCH, len(windows), BATCH))
    ]
    quantiles, steps = np.concatenate(parts), np.arange(LEAST + 1 + 2 * refresh, len(values))
    steps = steps[~np.isnan(values[steps])]
    newest = (steps - 1 - LEAST) // refresh
    lead = steps - 1 - origins[newest]
    standing = np.stack([quantiles[newest - back, lead + back * refresh] for back in range(ORIGINS)], 1)
    deviation = (standing[..., LEVELS.index(0.9)] - standing[..., LEVELS.index(0.1)]).mean(1) / 2.563
    sign = np.random.default_rng(0).choice([-1, 1], len(steps))
    given = {"ordinary": values[steps]} | {str(c): values[steps] + sign * c * deviation for c in SIZES}
    return {
        name: np.stack([normal_scores(standing[:, back], changed) for back in range(ORIGINS)], 1)
        for name, changed in given.items()
    }


def found(series: list[dict[str, NDArray[np.float64]]], weights: NDArray[np.float64]) -> dict[str, float]:
    """The share of spikes found, by their size; each is ranked among ordinary scores before it."""
    ordinary, spikes = [], {str(size): list[NDArray[np.float64]]() for size in SIZES}
    for own in series:
        sizes = {name: np.abs(scores @ weights / weights.sum()) for name, scores in own.items()}
        ordinary.append(p_values(sizes["ordinary"][None])[0, 600:])
        for name, kept in spikes.items():
            kept.append(ranked(sizes["ordinary"], sizes[name])[600:])
    threshold = np.quantile(np.concatenate(ordinary), 1e-3)
    shares = {f"spikes of {name}": float((np.concatenate(kept) < threshold).mean()) for name, kept in spikes.items()}
    return {"alarms / 0.001": float((np.concatenate(ordinary) < 1e-3).mean() / 1e-3)} | shares


def ranked(ordinary: NDArray[np.float64], changed: NDArray[np.float64]) -> NDArray[np.float64]:
    """The p-value of each changed score among the ordinary ones before it."""
    return p_values(ordinary[None], changed[None])[0]


if __name__ == "__main__":
    main()
