"""The Numenta Anomaly Benchmark: our detector beside the windowed Gaussian and a random one, by NAB's own rule.

    python -m benchmarks.live.nab --data DIR

`DIR` holds `nab.parquet` (`unique_id`, `ds`, `y`) and `nab_windows.json`. Files are sorted by name and taken in turns:
the even ones, from 0, are the half for development. The other half judges.

Each detector sees one value at a time. Our threshold was fixed beforehand: a score of 0.999, which one value in 1,000
has. NAB itself optimises the threshold with the labels in sight, which is given beside. `alerts` are the rows at which
`segue watch` opens an alert with its default policy; what comes after in the same event has the score 0.
"""

import argparse
import json
import time
from collections.abc import Callable
from math import erfc, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.live.nab_scoring import Labelled, sweep
from benchmarks.machine import default_output, machine
from segue.live.policy import Policy
from segue.live.session import Session
from segue.live.store import IN_MEMORY, Store
from segue.live.watch import Watch

FIXED = {"alerts": 0.999, "p-value": 0.999, "windowed Gaussian": 1 - 1e-12, "random": 0.999}
"""The thresholds that were fixed beforehand: one false alarm in 1,000 values, the default of `segue.Policy`."""

Detector = Callable[[NDArray[Any], NDArray[np.float64]], NDArray[np.float64]]
"""From times and values to scores in [0, 1]; a score depends on the values before it, and on its own."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of nab.parquet and nab_windows.json")
    parser.add_argument("--model", default="nanotst")
    parser.add_argument("--refresh", type=int, default=8)
    parser.add_argument("--learn", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--halves", nargs="+", choices=("development", "judged"), default=["development", "judged"])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    values, windows = read(options.data)
    halves = {half: split(list(values))[half] for half in options.halves}
    names = [name for half in halves.values() for name in half]
    detectors = {"windowed Gaussian": windowed_gaussian, "random": random_scores}
    found = {
        detector: {name: score(values[name]["ds"].to_numpy(), values[name]["y"].to_numpy()) for name in names}
        for detector, score in detectors.items()
    }
    start = time.perf_counter()
    found |= watched(
        {name: values[name] for name in names}, options.model, options.refresh, options.threads, options.learn
    )
    seconds = time.perf_counter() - start
    files = {name: labelled(values[name], windows[name]) for name in names}
    result = pd.DataFrame(rows({**halves, "all": names}, files, found))
    facts = {"model": options.model, "refresh": options.refresh, "learn": options.learn, "seconds": round(seconds, 1)}
    output = options.output or default_output("nab")
    result.assign(**facts, **machine(options.threads)).to_csv(output, index=False, float_format="%.5g")
    print(result.to_string(index=False, float_format="%.4g"))
    print(output)


def read(folder: Path) -> tuple[dict[str, pd.DataFrame], dict[str, list[list[str]]]]:
    """The files by name, sorted, and the begin and end of their windows."""
    frame = pd.read_parquet(folder / "nab.parquet", columns=["unique_id", "ds", "y"])
    windows: dict[str, list[list[str]]] = json.loads((folder / "nab_windows.json").read_text())
    return {str(name): part for name, part in sorted(frame.groupby("unique_id"))}, windows


def split(names: list[str]) -> dict[str, list[str]]:
    """The files for development and those that judge, in turns by name, without a look at labels."""
    return {"development": sorted(names)[::2], "judged": sorted(names)[1::2]}


def labelled(file: pd.DataFrame, windows: list[list[str]]) -> Labelled:
    """The windows of a file as rows; a time that occurs twice counts where it comes first."""
    times = pd.DatetimeIndex(file["ds"])
    bounds = [[int((times == pd.Timestamp(bound)).argmax()) for bound in window] for window in windows]
    return Labelled(len(file), tuple((first, last) for first, last in bounds))


def rows(
    halves: dict[str, list[str]], files: dict[str, Labelled], found: dict[str, dict[str, NDArray[np.float64]]]
) -> list[dict[str, Any]]:
    """The scores of each detector on each part of the corpus, and its detections per 1,000 rows."""
    table = []
    for part, names in halves.items():
        for detector, scores in found.items():
            whole = sweep([files[name] for name in names], [scores[name] for name in names])
            threshold, best = whole.best
            fixed = FIXED[detector]
            every = np.concatenate([scores[name] for name in names])
            outside = np.concatenate([files[name].membership == -1 for name in names])
            table.append(
                {
                    "part": part,
                    "files": len(names),
                    "detector": detector,
                    "fixed_threshold": fixed,
                    "fixed": whole.at(fixed),
                    "false_per_1000": 1000 * float((every[outside] >= fixed).mean()),
                    "optimised_threshold": threshold,
                    "optimised": best,
                }
            )
    return table


def windowed_gaussian(times: NDArray[Any], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The baseline of NAB: one minus the normal tail probability among the last 6,400 values, taken in by hundreds."""
    size, stride, scores = 6400, 100, np.zeros(len(values))
    mean, deviation, begin, end = 0.0, 1.0, 0, 0
    for row, value in enumerate(values):
        if row:
            scores[row] = 1 - 0.5 * erfc(abs(value - mean) / deviation / sqrt(2))
        if row < size or (row - size + 1) % stride == 0:
            end = row + 1
            begin = 0 if row < size else begin + stride
            mean, deviation = float(values[begin:end].mean()), float(values[begin:end].std()) or 1e-6
    return scores


def random_scores(times: NDArray[Any], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Uniform scores."""
    return np.random.default_rng(len(values)).uniform(size=len(values))


def watched(
    files: dict[str, pd.DataFrame], model: str, refresh: int, threads: int, learn: bool
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """What a watch with one lane for each file gives: 1 - p of each row, and the same of rows at which an alert opens.

    Rows are steps of the most frequent gap of their file, because some files have gaps of days.
    """
    steps = {name: int(file["ds"].diff().dt.total_seconds().mode()[0]) for name, file in files.items()}
    found: dict[str, dict[str, NDArray[np.float64]]] = {"p-value": {}, "alerts": {}}
    for seconds in sorted(set(steps.values())):
        names = [name for name in files if steps[name] == seconds]
        numbers = np.repeat(np.array(names, dtype=object), [len(files[name]) for name in names])
        row = np.concatenate([np.arange(len(files[name])) for name in names])
        order = np.argsort(row, kind="stable")
        times = np.datetime64("2024-01-01", "us") + row * np.timedelta64(seconds, "s")
        values = np.concatenate([files[name]["y"].to_numpy(np.float64) for name in names])
        watch = Watch(model, refresh=refresh, freq=f"{seconds}s", threads=threads, learn=learn)
        with Store(IN_MEMORY, {"model": model}) as store:
            seen, events = Session(watch, Policy(), store).observe(numbers[order], times[order], values[order])
        found["p-value"] |= {name: seen.score[seen.ids == name] for name in names}
        found["alerts"] |= {name: np.zeros(len(files[name])) for name in names}
        for event in events:
            if event.end is None:
                step = int((event.begin - times[0]) // np.timedelta64(seconds, "s"))
                found["alerts"][event.lane][step] = 1 - event.p
    return found


if __name__ == "__main__":
    main()
