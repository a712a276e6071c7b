"""Paths and totals on public sets: a copula from the series' own past beside ranks, independence and added quantiles.

    python -m benchmarks.forecasting.totals --data DIR

All ways get the same marginals, the quantiles of one forecast; they differ in how steps hang together. `copula` is the
library's. `ranks` reorders by past trajectories (the Schaake shuffle), `errors` by past errors of a seasonal naive
forecast. `added` adds the quantiles of the steps. The rows of `time` are of 1,000 series and 200 paths.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.figures import write_figures
from benchmarks.forecasting.scores import forecast
from benchmarks.forecasting.sets import SETS, DataSet, Task, load_task
from benchmarks.machine import default_output, machine
from segue.forecasting.answers.dependence import PAST, estimate_dependence
from segue.forecasting.answers.paths import join_paths, noise_of
from segue.forecasting.evaluation.metrics import interval_score
from segue.forecasting.predictor import LEVELS, predict_lanes
from segue.forecasting.registry import load_predictor
from segue.forecasting.support import within_support

PATHS = 200
ASKED = {  # set and horizon, and the steps of a part: a day, a week, a quarter or a year
    ("m4_hourly", 48): 24,
    ("pedestrian_melb", 168): 24,
    ("vic_elec", 336): 48,
    ("us_births", 30): 7,
    ("avocado_weekly", 13): 4,
    ("tourism_monthly", 24): 3,
    ("aus_retail", 24): 3,
    ("car_parts", 12): 3,
    ("m1_quarterly", 8): 4,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of <set>.parquet")
    parser.add_argument("--model", default="nanotst")
    parser.add_argument("--most", type=int, default=100, help="windows of a set, evenly taken")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", type=Path, default=default_output("totals"))
    options = parser.parse_args()
    predictor = load_predictor(options.model, threads=options.threads)
    rows = [timed(predictor)]
    for dataset in SETS:
        part = ASKED.get((dataset.name, dataset.horizon))
        if part is not None:
            found = compare(predictor, dataset, part, options)
            rows += found
            for row in found:
                print({key: round(x, 3) if isinstance(x, float) else x for key, x in row.items()}, flush=True)
            write_figures(rows, options.output, {"model": options.model, **machine(options.threads)})


def compare(predictor: Any, dataset: DataSet, part: int, options: argparse.Namespace) -> list[dict[str, Any]]:
    """A row for each way: coverage and interval score of totals, and the energy score of paths."""
    task = load_task(options.data, dataset, "validation")
    lanes = np.unique(np.linspace(0, len(task) - 1, options.most).astype(int))
    kept = [lane for lane in lanes if not np.isnan(task.actual[lane]).any()]
    task = replace(
        task,
        series=[task.series[lane] for lane in kept],
        histories=[task.histories[lane] for lane in kept],
        actual=task.actual[kept],
    )
    quantiles = forecast(predictor, task)
    past = task.lanes(np.arange(len(task)), predictor.context)
    support = (lambda paths: within_support(paths, *past[:2])) if predictor.keeps_support else (lambda paths: paths)
    noise = np.stack([noise_of(0, lane, PATHS, dataset.horizon + 1) for lane in range(len(task))])
    rows = []
    base = None
    for way, scores in ways(task, noise).items():
        paths = support(join_paths(quantiles, scores))
        energy = energy_scores(paths, task.actual)
        base = energy if base is None else base
        rows.append(row(task, way, part, lambda a, paths=paths: bounds(paths[..., a].sum(-1)), energy, base))
    low, high = quantiles[..., LEVELS.index(0.1)], quantiles[..., LEVELS.index(0.9)]
    rows.append(row(task, "added", part, lambda a: (low[:, a].sum(1), high[:, a].sum(1)), base * np.nan, base))
    return rows


def ways(task: Task, noise: np.ndarray) -> dict[str, np.ndarray]:
    values, observed, seasons = task.lanes(np.arange(len(task)), PAST)
    copula = estimate_dependence(values, observed, seasons, noise.shape[2] - 1).scores(noise)
    noise = noise[..., :-1]
    return {
        "independent": noise,
        "copula": copula,
        "ranks": past_windows(task, noise, errors=False),
        "errors": past_windows(task, noise, errors=True),
    }


def past_windows(task: Task, noise: np.ndarray, errors: bool) -> np.ndarray:
    """Past trajectories of each lane, as many as there are paths, drawn again where there are fewer."""
    result, (_, paths, steps), season = noise * 1e-9, noise.shape, task.dataset.season
    rng = np.random.default_rng(0)
    for lane, history in enumerate(task.histories):
        history = history[-PAST:]
        origins = np.arange(season, len(history) - steps + 1)
        if len(origins) < 2:
            result[lane] = noise[lane]
            continue
        picked = np.concatenate([rng.permutation(origins) for _ in range(-(-paths // len(origins)))])[:paths]
        index = picked[:, None] + np.arange(steps)
        windows = history[index] - (history[picked[:, None] - season + np.arange(steps) % season] if errors else 0)
        scale = np.nanstd(windows) or 1.0
        result[lane] += np.nan_to_num(windows / scale)
    return result


def bounds(totals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    low, high = np.quantile(totals, [0.1, 0.9], axis=1)
    return low, high


def row(task: Task, way: str, part: int, of: Any, energy: np.ndarray, base: np.ndarray) -> dict[str, Any]:
    horizon, found = task.dataset.horizon, {}
    sizes = np.array([np.nanmean(np.abs(history)) or 1.0 for history in task.histories])  # a window may be all zeros
    cells = {"horizon": [slice(0, horizon)], "part": [slice(a, a + part) for a in range(0, horizon - part + 1, part)]}
    for name, spans in cells.items():
        inside, width = [], []
        for span in spans:
            low, high = of(span)
            actual = task.actual[:, span].sum(1)
            slack = 1e-9 * np.abs(actual)
            inside.append((low - slack <= actual) & (actual <= high + slack))
            unit = sizes * (span.stop - span.start)
            scaled = [(x / unit)[:, None] for x in (actual, low, high)]
            width.append(interval_score(*scaled, 80))
        found |= {f"coverage80_{name}": float(np.mean(inside)), f"winkler80_{name}": float(np.mean(width))}
    asked = {"set": task.dataset.name, "horizon": horizon, "part": part, "windows": len(task), "way": way}
    with np.errstate(invalid="ignore"):
        ratio = float(np.mean(energy / np.where(base > 0, base, np.nan))) if np.isfinite(energy).any() else float("nan")
    return asked | found | {"energy_ratio": ratio, "ratio_of_time": float("nan")}


def energy_scores(paths: np.ndarray, actual: np.ndarray) -> np.ndarray:
    """E|X - y| - E|X - X'| / 2 (Gneiting & Raftery 2007, equation 22); every pair of paths counts."""
    near = np.linalg.norm(paths - actual[:, None], axis=2).mean(1)
    count = paths.shape[1]
    apart = [np.linalg.norm(paths - np.roll(paths, shift, axis=1), axis=2).mean(1) for shift in range(1, count // 2)]
    return np.asarray(near - 0.5 * np.mean(apart, axis=0))


def timed(predictor: Any) -> dict[str, Any]:
    """The time of 200 paths of 1,000 series on top of the forecast, over the time of the forecast."""
    rng, series, steps, horizon = np.random.default_rng(0), 1000, 240, 24
    values, observed = rng.standard_normal((series, steps)).cumsum(1), np.ones((series, steps), dtype=bool)
    seasons = np.full((series, 1), 12.0)
    begun = time.perf_counter()
    cut = [slice(first, first + 128) for first in range(0, series, 128)]
    quantiles = np.concatenate(
        [predict_lanes(predictor, values[a], observed[a], seasons[a], horizon).quantiles for a in cut]
    )
    forecast_only = time.perf_counter() - begun
    noise = np.stack([noise_of(0, lane, PATHS, horizon + 1) for lane in range(series)])
    scores = estimate_dependence(values, observed, seasons, horizon).scores(noise)
    paths = join_paths(quantiles, scores)
    if predictor.keeps_support:
        within_support(paths, values, observed)
    both = time.perf_counter() - begun
    print(f"forecast {forecast_only:.2f} s, with paths {both:.2f} s")
    names = ["coverage80_horizon", "winkler80_horizon", "coverage80_part", "winkler80_part", "energy_ratio"]
    asked = {"set": "time", "horizon": horizon, "part": 0, "windows": series, "way": "copula"}
    return asked | dict.fromkeys(names, float("nan")) | {"ratio_of_time": both / forecast_only}


if __name__ == "__main__":
    main()
