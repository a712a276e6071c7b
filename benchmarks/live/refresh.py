"""What a longer refresh costs in score, and what learning is worth within a watch, on real streams.

    python -m benchmarks.live.refresh --data DIR

Each series is a lane of a `segue.Watch`, observed in one call. The loss is the mean quantile loss of the bounds and the
median that stood for each value (levels 0.1, 0.5 and 0.9), over the mean size of the values: second half of each lane.
`to 1` is the loss over that with `refresh` 1, `to no learning` over that of the watch without learning. `alarms` are
p-values below 0.001, in 1,000 values.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.figures import write_figures
from benchmarks.live.learning import SERIES, STREAMS
from benchmarks.machine import default_output, machine
from segue.forecasting.predictor import Predictor
from segue.forecasting.registry import load_predictor
from segue.live.observations import Observations
from segue.live.watch import Watch

FREQ = {"us_births": "D", "saugeen_river": "D"}  # the others have hours
REFRESHES = (1, 8, 24)
WARM_UP = 128


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of <stream>.parquet")
    parser.add_argument("--model", default="nanotst")
    parser.add_argument("--streams", nargs="+", default=list(STREAMS), choices=list(STREAMS))
    parser.add_argument("--refreshes", nargs="+", type=int, default=list(REFRESHES))
    parser.add_argument("--values", type=int, default=4_000, help="the last values of each series")
    parser.add_argument("--series", type=int, default=4, help="the most series of a stream")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    predictor, rows = load_predictor(options.model, threads=options.threads), list[dict[str, Any]]()
    for name in options.streams:
        found = measured(options, name, predictor)
        rows += found
        for row in found:
            print(*(f"{x:.4g}" if isinstance(x, float) else x for x in row.values()), flush=True)
    about = {"model": options.model, "fingerprint": predictor.fingerprint, "values": options.values}
    write_figures([*rows, *means(rows)], options.output or default_output("live-refresh"), about | machine(1))


def measured(options: argparse.Namespace, name: str, predictor: Predictor) -> list[dict[str, Any]]:
    """A row for each refresh, with learning and without."""
    table = pd.read_parquet(options.data / f"{name}.parquet")
    table = table[table["unique_id"].isin(SERIES.get(name, tuple(table["unique_id"].unique()[: options.series])))]
    table = table.sort_values("ds").groupby("unique_id").tail(options.values).sort_values("ds", kind="stable")
    half = (table.groupby("unique_id").cumcount() >= table.groupby("unique_id")["ds"].transform("size") / 2).to_numpy()
    rows: list[dict[str, Any]] = []
    for refresh in options.refreshes:
        for learn in (False, True):
            watch = Watch(predictor, refresh=refresh, warm_up=WARM_UP, freq=FREQ.get(name, "h"), learn=learn)
            begin = time.perf_counter()
            seen = watch.observe(*(table[column].to_numpy() for column in ("unique_id", "ds", "y")))
            head = {"stream": name, "refresh": refresh, "learn": learn}
            rows.append(head | scores(seen, half) | {"seconds": time.perf_counter() - begin})
    for row in rows:
        same = [other for other in rows if other["refresh"] == row["refresh"] and not other["learn"]]
        first = [other for other in rows if other["refresh"] == options.refreshes[0] and other["learn"] == row["learn"]]
        row |= {"to 1": row["loss"] / first[0]["loss"], "to no learning": row["loss"] / same[0]["loss"]}
    return rows


def scores(seen: Observations, which: np.ndarray) -> dict[str, float]:
    """The loss, the coverage of the band and the alarms of some rows."""
    judged = which & ~np.isnan(seen.p)
    y = seen.values[judged]
    bounds = {0.1: seen.lower[judged], 0.5: seen.expected[judged], 0.9: seen.upper[judged]}
    losses = [np.maximum(level * (y - bound), (level - 1) * (y - bound)).mean() for level, bound in bounds.items()]
    inside = ((bounds[0.1] <= y) & (y <= bounds[0.9])).mean()
    alarms = 1000 * (seen.p[judged] < 0.001).mean()
    loss = 2 * np.mean(losses) / np.abs(y).mean()
    return {"loss": float(loss), "inside 80 %": float(inside), "alarms": float(alarms), "rows": float(judged.sum())}


def means(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The mean of the ratios over the streams, in the same columns."""
    found = []
    for refresh, learn in dict.fromkeys((row["refresh"], row["learn"]) for row in rows):
        picked = [row for row in rows if (row["refresh"], row["learn"]) == (refresh, learn)]
        mean = {name: float(np.mean([row[name] for row in picked])) for name in ("to 1", "to no learning", "alarms")}
        found.append({**dict.fromkeys(rows[0], ""), "stream": "mean", "refresh": refresh, "learn": learn, **mean})
    return found


if __name__ == "__main__":
    main()
