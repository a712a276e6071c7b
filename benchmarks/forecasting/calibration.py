"""Do calibrated bands hold? Coverage and interval scores with and without `--calibrate`, on the validation view.

    python -m benchmarks.forecasting.calibration --data DIR --windows 8

Each set is calibrated on windows before an origin, and is scored on the values after it. There are four origins a
horizon apart, or those of the set, since all series of a set meet one shock at one origin: the last one of `fred_qd` is
an example. Each origin is calibrated on its own, so nothing after it is read.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.forecasting.scores import clustered, series_scores
from benchmarks.forecasting.sets import SETS, DataSet, Task, load_task
from benchmarks.machine import default_output, machine
from segue.forecasting.answers.calibration import Calibration, calibrate_panel, calibrated_panel
from segue.forecasting.predictor import LEVELS, Predictor, forecast_panel
from segue.forecasting.registry import load_predictor
from segue.forecasting.table.grid.panel import Panel
from segue.forecasting.table.layout import Layout
from segue.forecasting.table.reading import read_frame

FORMS = ("plain", "calibrated")
ORIGINS = 4
LONGEST = 60  # steps; calibration costs as many forecasts as there are windows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of <set>.parquet")
    parser.add_argument("--model", default="nanotst")
    parser.add_argument("--windows", type=int, default=8)
    parser.add_argument("--sets", nargs="+", default=list(dict.fromkeys(one.name for one in SETS)))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    predictor = load_predictor(options.model, threads=options.threads)
    output = options.output or default_output("calibration")
    found = []
    for dataset in SETS:
        if dataset.name in options.sets and dataset.horizon <= LONGEST:
            task = load_task(options.data, several(dataset), "validation")
            if len(task):
                found += [scored(predictor, *one, options.windows) for one in by_origin(task)]
                series = pd.concat(found, ignore_index=True)
                result = pd.DataFrame([*sets(series), *buckets(series)])
                result.assign(
                    model=options.model,
                    fingerprint=predictor.fingerprint,
                    wanted=options.windows,
                    view="validation",
                    **machine(options.threads),
                ).to_csv(output, index=False, float_format="%.5g")
                print(dataset.name, dataset.horizon, flush=True)
    print(result.to_string(index=False, float_format="%.3f", na_rep=""))
    print(output)


def several(dataset: DataSet) -> DataSet:
    """The set with several origins, a horizon apart unless it has its own."""
    single = dataset.windows == 1
    return replace(dataset, windows=ORIGINS, stride=dataset.horizon) if single else dataset


def by_origin(task: Task) -> list[tuple[Task, int]]:
    """The windows of each origin, the last first, and how many origins are after it."""
    seen: dict[str, int] = {}
    origins: dict[int, list[int]] = {}
    for lane, name in enumerate(task.series):
        origins.setdefault(seen.get(name, 0), []).append(lane)
        seen[name] = seen.get(name, 0) + 1
    return [(picked(task, lanes), origin) for origin, lanes in origins.items()]


def picked(task: Task, lanes: Sequence[int]) -> Task:
    """Some windows of a task."""
    series, histories = ([column[lane] for lane in lanes] for column in (task.series, task.histories))
    return replace(task, series=series, histories=histories, actual=task.actual[lanes])


def scored(predictor: Predictor, task: Task, origin: int, windows: int) -> pd.DataFrame:
    """The scores of all series at an origin in both forms, each in a row."""
    panel, horizon = panel_of(task), task.dataset.horizon
    start = time.perf_counter()
    plain = forecast_panel(predictor, panel, horizon, LEVELS)
    middle = time.perf_counter()
    calibration: Calibration = calibrate_panel(predictor, panel, horizon, windows)
    calibrated = calibrated_panel(predictor, panel, horizon, LEVELS, calibration)
    seconds = {"plain": middle - start, "calibrated": time.perf_counter() - middle}
    scores = [
        series_scores(task, quantiles).assign(
            form=form,
            origin=origin,
            used=float(calibration.windows.mean()),
            seconds=seconds[form] / len(task),
            set=task.dataset.name,
            horizon=horizon,
            frequency=task.dataset.frequency,
        )
        for form, quantiles in zip(FORMS, (plain, calibrated), strict=True)
    ]
    return pd.concat(scores, ignore_index=True)


def panel_of(task: Task) -> Panel:
    """The histories of a task as a panel; each lane is a series of its own."""
    lengths = [len(history) for history in task.histories]
    frame = pd.DataFrame(
        {
            "unique_id": np.repeat(np.arange(len(lengths)), lengths),
            "ds": np.concatenate([np.arange(length) for length in lengths]),
            "y": np.concatenate(task.histories),
        }
    )
    return read_frame(frame, Layout(season=task.dataset.season)).panel


def sets(series: pd.DataFrame) -> list[dict[str, object]]:
    """A row for each set."""
    return [
        {"set": name, "horizon": horizon, "frequency": frequency} | summary(part)
        for (name, horizon, frequency), part in series.groupby(["set", "horizon", "frequency"], sort=False)
    ]


def buckets(series: pd.DataFrame) -> list[dict[str, object]]:
    """A row for each frequency, then for its series of whole numbers and for all others."""
    found = []
    for frequency, part in series.groupby("frequency", sort=False):
        kinds = {"all": part, "whole numbers": part[part["whole"]], "other numbers": part[~part["whole"]]}
        for kind, own in kinds.items():
            if len(own):
                found.append({"set": f"{frequency}, {kind}", "frequency": frequency} | summary(own))
    return found


def summary(series: pd.DataFrame) -> dict[str, object]:
    """Coverage of both forms at all origins, its standard error over series, and the ratio of interval scores.

    The ratio is the geometric mean over sets, because each set has its own unit.
    """
    row: dict[str, object] = {
        "series": series.loc[series["form"] == "plain", ["set", "series"]].drop_duplicates().shape[0],
        "origins": series["origin"].nunique(),
        "windows_used": series["used"].mean(),
    }
    ratios = {"winkler80": [], "winkler95": []}
    for form, part in series.groupby("form"):
        last = part[part["origin"] == 0]
        sums = part.groupby(["set", "horizon", "series"])[["values", "inside50", "inside80", "inside95"]].sum()
        for level in (50, 80, 95):
            share, error = clustered(sums[f"inside{level}"].to_numpy(), sums["values"].to_numpy())
            row |= {f"coverage{level}_{form}": share, f"coverage{level}_se_{form}": error}
        row[f"coverage80_last_{form}"] = last["inside80"].sum() / last["values"].sum()
        row[f"strictly80_{form}"] = part["strictly80"].sum() / part["values"].sum()
        row[f"ms_per_series_{form}"] = 1000 * part["seconds"].mean()
    for _, part in series.groupby(["set", "horizon"]):
        for score, logs in ratios.items():
            both = part.groupby("form")[score].mean()
            logs.append(np.log(both["calibrated"] / both["plain"]))
    return row | {f"{score}_ratio": float(np.exp(np.nanmean(logs))) for score, logs in ratios.items()}


if __name__ == "__main__":
    main()
