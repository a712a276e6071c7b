"""How far does a forecast move when one value more is seen? Origins of the development sets, validation view.

    python -m benchmarks.forecasting.stability --data DIR --model nanotst --threads 1

Each origin is followed by the next one, a step later. Of the future steps that both forecast, the move is the distance
of the later median from the earlier one. It is divided by half the width of the earlier 80 % band plus the surprise,
the distance of the new value from its median: a wide band may move, and a surprise may move anything.

`lane` is the mean move of an origin over the mean of its divisors, `step` the ratio at every step by itself. A CSV with
quantiles over origins by set and overall, and a parquet file of origins. Origins whose band has no width, and those
whose new value is missing, are left out and counted.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.forecasting.scores import forecast, interval
from benchmarks.forecasting.sets import SETS, Task, load_task
from benchmarks.machine import default_output, machine
from segue.forecasting.predictor import LEVELS, Predictor
from segue.forecasting.registry import load_predictor
from segue.threads import usable_threads

ORIGINS = 2000
QUANTILES = {"50": 0.5, "90": 0.9, "99": 0.99, "99.9": 0.999}
WORST = 10  # origins that are shown


def main() -> None:
    options = read_options()
    tasks = list(some_origins(options.data, options.origins))
    output = options.output or default_output("stability")
    output.parent.mkdir(parents=True, exist_ok=True)
    tables, everyone = [], []
    for name in options.model or ["nanotst"]:
        predictor = load_predictor(name, threads=options.threads)
        lanes = pd.concat([moves(predictor, task) for task in tasks], ignore_index=True)
        table = summary(lanes).assign(model=name, fingerprint=predictor.fingerprint)
        show(name, table, lanes)
        tables.append(table)
        everyone.append(lanes.assign(model=name))
    pd.concat(tables).assign(**machine(options.threads)).to_csv(output, index=False, float_format="%.6g")
    pd.concat(everyone).to_parquet(output.with_suffix(".parquet"), index=False, compression="zstd")
    print(output)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of <set>.parquet")
    parser.add_argument("--model", action="append", help="a name such as nanotst, or a model folder; repeatable")
    parser.add_argument("--origins", type=int, default=ORIGINS, help="of all sets together")
    parser.add_argument("--threads", type=int, default=usable_threads())
    parser.add_argument("--output", type=Path, help="CSV; by default named by machine and date")
    return parser.parse_args()


def some_origins(folder: Path, count: int) -> Iterator[Task]:
    """Windows of every development set, always the same, `count` in all; large sets have equally many."""
    tasks = [load_task(folder, dataset, "validation") for dataset in SETS if not dataset.comparable]
    tasks = [task for task in tasks if len(task)]
    draw = np.random.default_rng(0)
    for task, share in zip(tasks, shares([len(task) for task in tasks], count), strict=True):
        picked = np.sort(draw.choice(len(task), share, replace=False))
        yield Task(
            task.dataset, [task.series[i] for i in picked], [task.histories[i] for i in picked], task.actual[picked]
        )


def shares(sizes: Sequence[int], count: int) -> list[int]:
    """Parts of `sizes` that sum to `count` or to all: equal ones, but for sizes that are smaller than that."""
    found, left = [0] * len(sizes), count
    order = sorted(range(len(sizes)), key=lambda index: sizes[index])
    for position, index in enumerate(order):
        found[index] = min(sizes[index], left // (len(order) - position))
        left -= found[index]
    return found


def moves(predictor: Predictor, task: Task) -> pd.DataFrame:
    """One row an origin: set, horizon, series, `lane`, and `step`, the ratios of its steps as a list.

    `lane` is NaN where the new value is missing, which `new` tells, or where the band has no width.
    """
    new = task.actual[:, 0]
    known = np.flatnonzero(~np.isnan(new))
    later = Task(
        replace(task.dataset, horizon=task.dataset.horizon - 1),
        [task.series[i] for i in known],
        [np.append(task.histories[i], new[i]) for i in known],
        task.actual[known, 1:],
    )
    before, after = forecast(predictor, task)[known], forecast(predictor, later)
    move, half, surprise = parts(before, after, new[known])
    wide = half > 0
    step = np.divide(move, half + surprise[:, None], out=np.full(move.shape, np.nan), where=wide)
    any_wide = wide.any(1)
    lane = np.full(len(task), np.nan)
    lane[known[any_wide]] = move[any_wide].mean(1) / (half[any_wide].mean(1) + surprise[any_wide])
    steps = [np.empty(0)] * len(task)
    for index, row in zip(known, step, strict=True):
        steps[index] = row[~np.isnan(row)]
    where = {"set": task.dataset.name, "horizon": task.dataset.horizon, "series": task.series}
    return pd.DataFrame(where | {"origin": range(len(task)), "new": ~np.isnan(new), "lane": lane, "step": steps})


def parts(before: np.ndarray, after: np.ndarray, new: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The moves of the median and the half widths of the band (lanes, horizon - 1), and the surprise of each lane.

    Args:
        before: The quantiles of the earlier origin (lanes, horizon, levels).
        after: Those of the later one (lanes, horizon - 1, levels).
        new: The value between the two origins.
    """
    middle = LEVELS.index(0.5)
    lower, upper = interval(before[:, 1:], 80)
    move = np.abs(after[..., middle] - before[:, 1:, middle])
    return move, (upper - lower) / 2, np.abs(new - before[:, 0, middle])


def summary(lanes: pd.DataFrame) -> pd.DataFrame:
    """Quantiles of `lane` and of `step`: a row a set and horizon, the last one over all."""
    groups = {(name, horizon): part for (name, horizon), part in lanes.groupby(["set", "horizon"], sort=False)}
    rows = []
    for (name, horizon), part in {**groups, ("all", 0): lanes}.items():
        known, steps = part["lane"].dropna(), np.concatenate(part["step"].to_list())
        row = {"set": name, "horizon": horizon, "origins": len(known), "no_value": int((~part["new"]).sum())}
        row["no_width"] = len(part) - len(known) - row["no_value"]
        for kind, values in (("lane", known.to_numpy()), ("step", steps)):
            row |= {f"{kind}_{q}": np.quantile(values, at) if len(values) else np.nan for q, at in QUANTILES.items()}
        rows.append(row)
    return pd.DataFrame(rows)


def show(name: str, table: pd.DataFrame, lanes: pd.DataFrame) -> None:
    columns = [column for column in table.columns if column not in ("model", "fingerprint")]
    print(f"\n{name}\n{table[columns].to_string(index=False, float_format='%.3f')}")
    worst = lanes.nlargest(WORST, "lane")[["set", "horizon", "series", "origin", "lane"]]
    print(f"\nmoved furthest\n{worst.to_string(index=False, float_format='%.3f')}")


if __name__ == "__main__":
    main()
