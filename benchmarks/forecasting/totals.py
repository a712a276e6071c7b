"""Paths and totals on public sets: a copula from the series' own past beside ranks, independence and added quantiles.

    python -m benchmarks.forecasting.totals --data DIR

All ways but two get the same marginals, the quantiles of one forecast; they differ in how steps hang together. `copula`
is the library's. `steps` joins calibrated steps by it, `calibrated` corrects its totals, each on eight past windows
(`--calibrate 8`). `ranks` reorders by past trajectories (the Schaake shuffle), `errors` by past errors of a seasonal
naive forecast. `added` adds the quantiles of the steps. The rows of `time` are of 1,000 series and 200 paths.

A set has several origins, since all its series meet one shock at one. What is calibrated at an origin reads nothing
after it.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.figures import write_figures
from benchmarks.forecasting.calibration import panel_of, picked
from benchmarks.forecasting.scores import clustered, forecast
from benchmarks.forecasting.sets import SETS, DataSet, Task, load_task
from benchmarks.machine import default_output, machine
from segue.forecasting.answers.calibration import calibrate_panel, calibrated_panel
from segue.forecasting.answers.dependence import PAST, estimate_dependence
from segue.forecasting.answers.joined import join_panel
from segue.forecasting.answers.parts import put_together
from segue.forecasting.answers.paths import join_paths, noise_of
from segue.forecasting.answers.total_bands import held_totals
from segue.forecasting.evaluation.metrics import interval_score
from segue.forecasting.predictor import LEVELS, predict_lanes
from segue.forecasting.registry import load_predictor
from segue.forecasting.support import NO_LIMITS, within_support

PATHS = 200
WINDOWS = 8
LOW, HIGH = LEVELS.index(0.1), LEVELS.index(0.9)
ASKED = {  # set and horizon: the steps of a part (a day, a week, a quarter or a year), origins and steps between them
    ("m4_hourly", 48): (24, 4, 48),
    ("pedestrian_melb", 168): (24, 15, 499),
    ("vic_elec", 336): (48, 60, 503),
    ("us_births", 30): (7, 60, 61),
    ("avocado_weekly", 13): (4, 4, 13),
    ("tourism_monthly", 24): (3, 4, 24),
    ("aus_retail", 24): (3, 4, 24),
    ("car_parts", 12): (3, 4, 12),
    ("m1_quarterly", 8): (4, 4, 8),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of <set>.parquet")
    parser.add_argument("--model", default="nanotst")
    parser.add_argument("--most", type=int, default=60, help="series of a set, evenly taken")
    parser.add_argument("--sets", nargs="+", default=[name for name, _ in ASKED])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    predictor, output = load_predictor(options.model, threads=options.threads), options.output
    rows = [timed(predictor)]
    for dataset in SETS:
        asked = ASKED.get((dataset.name, dataset.horizon))
        if asked is not None and dataset.name in options.sets:
            part, windows, stride = asked
            found = compare(predictor, replace(dataset, windows=windows, stride=stride), part, options)
            rows += found
            for row in found:
                print({key: round(x, 3) if isinstance(x, float) else x for key, x in row.items()}, flush=True)
            about = {"model": options.model, "fingerprint": predictor.fingerprint, **machine(options.threads)}
            write_figures(rows, output or default_output("totals"), about)


def some_series(options: argparse.Namespace, dataset: DataSet) -> tuple[Task, np.ndarray]:
    """Windows of some series without missing values, and the origin of each, the last first."""
    task = load_task(options.data, dataset, "validation")
    names = list(dict.fromkeys(task.series))
    chosen = {names[one] for one in np.unique(np.linspace(0, len(names) - 1, options.most).astype(int))}
    complete = ~np.isnan(task.actual).any(1)
    kept = [lane for lane in range(len(task)) if complete[lane] and task.series[lane] in chosen]
    return picked(task, kept), pd.Series(task.series).groupby(task.series).cumcount().to_numpy()[kept]


def compare(predictor: Any, dataset: DataSet, part: int, options: argparse.Namespace) -> list[dict[str, Any]]:
    """A row for each way: coverage and interval score of totals, and the energy score of paths."""
    task, origin = some_series(options, dataset)
    quantiles = forecast(predictor, task)
    past = task.lanes(np.arange(len(task)), predictor.context)
    support = (lambda paths: within_support(paths, *past[:2])) if predictor.keeps_support else (lambda paths: paths)
    noise = np.stack([noise_of(0, lane, PATHS, dataset.horizon + 1) for lane in range(len(task))])
    horizon, rows, base = dataset.horizon, [], None
    firsts = {"horizon": np.zeros(1, dtype=int), "part": np.arange(0, horizon - part + 1, part)}
    steps, held = calibrated(predictor, task, origin, firsts)
    for way, scores in ways(task, noise).items():
        paths = support(join_paths(quantiles, scores))
        energy = energy_scores(paths, task.actual)
        base = energy if base is None else base
        rows.append(row(task, way, part, bounds(paths, firsts), energy, base))
        if way == "copula":
            paths = support(join_paths(steps, scores))
            rows.append(row(task, "steps", part, bounds(paths, firsts), energy_scores(paths, task.actual), base))
    low, high = quantiles[..., LOW], quantiles[..., HIGH]
    added = {name: (totals_of(low, at, horizon), totals_of(high, at, horizon)) for name, at in firsts.items()}
    rows += [row(task, "added", part, added, base * np.nan, base)]
    return [*rows, row(task, "calibrated", part, held, base * np.nan, base)]


def calibrated(
    predictor: Any, task: Task, origin: np.ndarray, firsts: dict[str, np.ndarray]
) -> tuple[np.ndarray, dict[str, tuple[np.ndarray, np.ndarray]]]:
    """Quantiles of calibrated steps, and bounds of calibrated totals; each origin knows its own past only."""
    horizon = task.dataset.horizon
    steps = np.empty((len(task), horizon, len(LEVELS)))
    held = {name: tuple(np.empty((len(task), len(at))) for _ in range(2)) for name, at in firsts.items()}
    for one in np.unique(origin):
        lanes = np.flatnonzero(origin == one)
        panel = panel_of(picked(task, lanes))
        calibration = calibrate_panel(predictor, panel, horizon, WINDOWS)
        steps[lanes] = calibrated_panel(predictor, panel, horizon, LEVELS, calibration)
        plain = forecast(predictor, picked(task, lanes))
        paths = join_panel(predictor, panel, panel.ids.to_list(), plain, 5 * PATHS, 0)
        for name, at in firsts.items():
            every = (
                np.arange(0, horizon, at[1]) if len(at) > 1 else at
            )  # with the rest of the steps, which is not scored
            values = np.quantile(put_together(paths, every, "sum"), LEVELS, axis=1).transpose(1, 2, 0)
            rows, firsts_of = values.reshape(-1, len(LEVELS)), [every] * len(lanes)
            moved = held_totals(predictor, panel, rows, firsts_of, calibration, "sum", 0, NO_LIMITS)
            found = moved.reshape(values.shape)[:, : len(at)]
            held[name][0][lanes], held[name][1][lanes] = found[..., LOW], found[..., HIGH]
    return steps, held


def totals_of(values: np.ndarray, firsts: np.ndarray, horizon: int) -> np.ndarray:
    """The sums of whole parts, which all have the length of the first."""
    length = int(firsts[1]) if len(firsts) > 1 else horizon
    return put_together(values[..., : length * len(firsts)], firsts, "sum")


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


def bounds(paths: np.ndarray, firsts: dict[str, np.ndarray]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The bounds of 80 % intervals of totals, by what is put together."""
    horizon = paths.shape[2]
    found = {name: np.quantile(totals_of(paths, at, horizon), [0.1, 0.9], axis=1) for name, at in firsts.items()}
    return {name: (low, high) for name, (low, high) in found.items()}


def row(task: Task, way: str, part: int, of: dict[str, Any], energy: np.ndarray, base: np.ndarray) -> dict[str, Any]:
    horizon, found = task.dataset.horizon, {}
    sizes = np.array([np.nanmean(np.abs(history)) or 1.0 for history in task.histories])  # a window may be all zeros
    for name, (low, high) in of.items():
        actual = totals_of(task.actual, np.arange(low.shape[1]) * part, horizon if name == "horizon" else part)
        slack = 1e-9 * np.abs(actual)
        inside = ((low - slack <= actual) & (actual <= high + slack)).mean(1)
        unit = sizes[:, None] * (horizon if name == "horizon" else part)
        width = interval_score(*((x / unit) for x in (actual, low, high)), 80)
        share, error = clustered(inside, np.ones(len(inside)))
        found |= {f"coverage80_{name}": share, f"coverage80_se_{name}": error}
        found |= {f"winkler80_{name}": float(np.mean(width))}
    asked = {"set": task.dataset.name, "horizon": horizon, "part": part, "windows": len(task), "way": way}
    ratio = float("nan")
    if np.isfinite(energy).any():  # a window that is certain has nothing to compare
        ratio = float(np.nanmean(energy / np.where(base > 0, base, np.nan)))
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
    figures = ("coverage80", "coverage80_se", "winkler80")
    names = [*(f"{figure}_{of}" for of in ("horizon", "part") for figure in figures), "energy_ratio"]
    asked = {"set": "time", "horizon": horizon, "part": 0, "windows": series, "way": "copula"}
    return asked | dict.fromkeys(names, float("nan")) | {"ratio_of_time": both / forecast_only}


if __name__ == "__main__":
    main()
