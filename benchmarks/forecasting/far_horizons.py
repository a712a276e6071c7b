"""What happens a thousand steps ahead? Bands and medians of made-up series, by continued paths alone and as it is.

    python -m benchmarks.forecasting.far_horizons

Eight lanes of 720 values of each kind, seed 0, forecast 2,000 steps ahead. A row has the width of the 80 % band and the
distance of the median from the truth, each as the mean over a day of hours: the median and the largest of the lanes.
`true_width` is that of the distribution, given its parameters.
"""

import argparse
from pathlib import Path

import numpy as np

from benchmarks.figures import write_figures
from benchmarks.machine import default_output, machine
from segue.forecasting.nanotst.rollout import PatchForecaster, _after, roll_out
from segue.forecasting.predictor import LEVELS, History
from segue.forecasting.registry import load_predictor

LANES, LENGTH, HORIZON = 8, 720, 2_000
STEPS = (100, 300, 1_000, 1_980)
LOW, HALF, HIGH = (LEVELS.index(level) for level in (0.1, 0.5, 0.9))
NORMAL = 2.563  # the width of the 80 % band of a normal distribution, in deviations


def kinds() -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Values, the true median and the true width of the steps ahead, by kind; the same in every call."""
    random, past, ahead = np.random.default_rng(0), np.arange(LENGTH), LENGTH + np.arange(HORIZON)
    noise = random.normal(size=(LANES, LENGTH))
    walk = random.normal(size=(LANES, LENGTH)).cumsum(1)
    one = np.ones(HORIZON)
    return {
        "noise": (noise, 0 * one, NORMAL * one),
        "day": (3 * np.sin(2 * np.pi * past / 24) + noise, 3 * np.sin(2 * np.pi * ahead / 24), NORMAL * one),
        "walk": (walk, walk[:, -1:] * one, NORMAL * np.sqrt(1 + np.arange(HORIZON))),
        "line": (0.01 * past + noise, 0.01 * ahead, NORMAL * one),
        "counts": (random.poisson(0.7, (LANES, LENGTH)).astype(float), one, 2 * one),
    }


def paths_alone(model: PatchForecaster, history: History, horizon: int) -> np.ndarray:
    """Forecasts every pass after the first from the nine paths of the passes before it."""
    quantiles = model.one_pass(history, model.pass_steps)
    while quantiles.shape[1] < horizon:
        quantiles = np.concatenate([quantiles, _after(model, history, quantiles, model.pass_steps)], axis=1)
    return quantiles[:, :horizon]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", action="append", help="a bundled name, or a model folder; repeatable")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", type=Path, help="CSV; by default named by machine and date")
    options = parser.parse_args()
    rows = []
    for name in options.model or ["nanotst", "nanotst-small"]:
        model = load_predictor(name, threads=options.threads)
        assert isinstance(model, PatchForecaster)
        for kind, (values, truth, true_width) in kinds().items():
            history = History(values, np.ones(values.shape, dtype=bool), np.tile([24.0, 168.0], (LANES, 1)))
            for arm, forecast in (("paths alone", paths_alone), ("as it is", roll_out)):
                quantiles = forecast(model, history, HORIZON)
                width, off = quantiles[..., HIGH] - quantiles[..., LOW], np.abs(quantiles[..., HALF] - truth)
                for step in STEPS:
                    day = slice(step - 12, step + 12)
                    wide, far = width[:, day].mean(1), off[:, day].mean(1)
                    rows.append(
                        {"model": name, "kind": kind, "arm": arm, "step": step}
                        | {"true_width": true_width[step], "width": np.median(wide), "widest": wide.max()}
                        | {"median_off": np.median(far), "median_farthest": far.max()}
                    )
                    print(rows[-1], flush=True)
    about = {"lanes": LANES, **machine(options.threads)}
    write_figures(rows, options.output or default_output("far-horizons"), about)


if __name__ == "__main__":
    main()
