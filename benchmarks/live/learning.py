"""What learning on the way is worth: streams forecast by the frozen model, and by the model with learning beside it.

    python -m benchmarks.live.learning --data DIR

Each series is a lane. Its origins lie `--every` steps apart, in the order of time, and each forecast reaches a day
(hourly series) or a week (daily ones). A target is learnt from when it has come: at the first origin after it, so the
target h steps ahead of an origin teaches nothing until h steps later. Choices were made on the first half of the
origins (`half` 1), and the claim is about the second (`half` 2), where the learner goes on with what it knows.

Scores pool the series of a set: the weighted quantile loss over deciles, as everywhere. `leads` is `1` for one step
ahead, and for example `1-24` for all steps. `ratio` is the learner's loss over that of the frozen model.
"""

import argparse
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view

from benchmarks.figures import write_figures
from benchmarks.machine import default_output, machine
from segue.forecasting.evaluation.metrics import DECILES, weighted_quantile_loss
from segue.forecasting.predictor import LEVELS, Forecast, Predictor, predict_lanes
from segue.forecasting.registry import load_predictor
from segue.live.experts import EXPERTS, Advice, advise
from segue.live.learning import combine, fresh, learn, terms

HOURLY, DAILY = (24.0, 168.0, 8766.0), (7.0, 365.25)
STREAMS = {  # seasons, steps ahead, steps between origins: no multiple of the season, so that all of its steps are seen
    "us_births": (DAILY, 7, 2),
    "saugeen_river": (DAILY, 7, 4),
    "etth1": (HOURLY, 24, 7),
    "pedestrian_melb": (HOURLY, 24, 7),
    "pjm_hourly": (HOURLY, 24, 17),
}
SERIES = {"etth1": ("HUFL", "MUFL", "LULL", "OT"), "pjm_hourly": ("AEP", "DUQ", "EKPC")}  # the rest is much alike
BATCH = 128


@dataclass(frozen=True)
class Streams:
    """All forecasts of the series of a set: origins first, then lanes; NaN before a shorter series begins.

    Attributes:
        every: The steps between origins.
        actual: The values after each origin, (origins, lanes, steps).
        quantiles: The frozen model's, (origins, lanes, steps, levels).
        medians: Those of all experts, (origins, lanes, steps, experts).
        seconds: The time for each forecast of a lane, by what took it.
    """

    every: int
    actual: np.ndarray
    quantiles: np.ndarray
    medians: np.ndarray
    seconds: dict[str, float]


def forecast_streams(data: Path, name: str, predictor: Predictor, every: int | None) -> Streams:
    seasons, steps, usual = STREAMS[name]
    every = every or usual
    table = pd.read_parquet(data / f"{name}.parquet")
    series = [rows.sort_values("ds")["y"].to_numpy(np.float64) for uid, rows in table.groupby("unique_id")
              if uid in SERIES.get(name, (uid,))]  # fmt: skip
    parts, seconds, count = [], {"model": 0.0, "experts": 0.0}, 0
    for values in series:
        origins = np.arange(len(values) - steps, predictor.context - 1, -every)[::-1]
        actual = values[origins[:, None] + np.arange(steps)]
        quantiles, medians = forecast_series(predictor, values, origins, steps, seasons, seconds)
        parts.append((actual, quantiles, medians))
        count += len(origins)
    longest = max(len(part[0]) for part in parts)
    lined = [np.stack([_late(part[which], longest) for part in parts], axis=1) for which in range(3)]
    return Streams(every, *lined, {what: taken / count for what, taken in seconds.items()})


def forecast_series(
    predictor: Predictor, values: np.ndarray, origins: np.ndarray, steps: int, seasons: Any, seconds: dict[str, float]
) -> tuple[np.ndarray, np.ndarray]:
    """The quantiles and the experts' medians at all origins of one series, in batches."""
    windows = sliding_window_view(values, predictor.context)
    quantiles = np.empty((len(origins), steps, len(LEVELS)))
    medians = np.empty((len(origins), steps, len(EXPERTS)))
    for begin in range(0, len(origins), BATCH):
        picked = slice(begin, begin + BATCH)
        past = windows[origins[picked] - predictor.context]
        periods, seen = np.tile(np.array(seasons), (len(past), 1)), ~np.isnan(past)
        began = time.process_time()
        forecast = predict_lanes(predictor, past, seen, periods, steps)
        told = time.process_time()
        medians[picked] = advise(forecast, np.where(seen, past, 0.0), seen, periods).medians
        quantiles[picked] = forecast.quantiles
        seconds["model"] += told - began
        seconds["experts"] += time.process_time() - told
    return quantiles, medians


def _late(array: np.ndarray, longest: int) -> np.ndarray:
    return np.pad(array, [(longest - len(array), 0)] + [(0, 0)] * (array.ndim - 1), constant_values=np.nan)


def learnt(streams: Streams) -> np.ndarray:
    """The quantiles of the learner at all origins, made in the order of time."""
    origins, lanes, steps = streams.actual.shape
    state, stood = fresh(lanes), np.full_like(streams.quantiles, np.nan)
    back = 1 + np.arange(steps) // streams.every  # origins from a forecast to the one at which this target has come
    for now in range(origins):
        source = now - back
        if now:
            held = np.maximum(source, 0), slice(None), np.arange(steps)  # lead times first, then lanes
            actual = np.where(source[:, None] >= 0, streams.actual[held], np.nan).T
            state = learn(
                state,
                Forecast(stood[held].swapaxes(0, 1)),
                Advice(Forecast(streams.quantiles[held].swapaxes(0, 1)), streams.medians[held].swapaxes(0, 1)),
                actual,
            )
        stood[now] = combine(terms(state), Advice(Forecast(streams.quantiles[now]), streams.medians[now])).quantiles
    return stood


def scores(name: str, streams: Streams, stood: np.ndarray) -> list[dict[str, Any]]:
    """A row for each half of the origins and each range of lead times."""
    steps, half = streams.actual.shape[2], len(streams.actual) // 2
    rows: list[dict[str, Any]] = []
    for part, origins in ((1, slice(0, half)), (2, slice(half, None))):
        for leads in (1, steps):
            which = origins, slice(None), slice(0, leads)
            actual, frozen, learner = streams.actual[which], streams.quantiles[which], stood[which]
            medians = streams.medians[which]
            loss = weighted(actual, frozen)
            alone = {expert: weighted(actual, frozen + (medians[..., [index]] - medians[..., [0]])) / loss
                     for index, expert in enumerate(EXPERTS) if index}  # fmt: skip
            rows.append({
                "stream": name, "half": part, "leads": "1" if leads == 1 else f"1-{leads}", "frozen": loss,
                "learner": weighted(actual, learner), "ratio": weighted(actual, learner) / loss, **alone,
                "frozen inside 80 %": inside(actual, frozen), "learner inside 80 %": inside(actual, learner),
                "targets": int((~np.isnan(actual)).sum()), "every": streams.every,
                **{f"{what} ms": 1e3 * taken for what, taken in streams.seconds.items()},
            })  # fmt: skip
    return rows


def weighted(actual: np.ndarray, quantiles: np.ndarray) -> float:
    deciles = quantiles[..., [LEVELS.index(level) for level in DECILES]].reshape(-1, 1, len(DECILES))
    known = ~np.isnan(deciles[:, 0, 0])  # before a shorter series begins there is neither
    return weighted_quantile_loss(actual.reshape(-1, 1)[known], deciles[known])


def inside(actual: np.ndarray, quantiles: np.ndarray) -> float:
    lower, upper = (quantiles[..., LEVELS.index(level)] for level in (0.1, 0.9))
    known = ~np.isnan(actual) & ~np.isnan(lower)
    return float(((lower <= actual) & (actual <= upper))[known].mean())


def means(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The mean ratio over the streams, in the same columns."""
    found = []
    for part in (1, 2):
        for short in (True, False):
            picked = [row for row in rows if row["half"] == part and (row["leads"] == "1") == short]
            mean = {name: float(np.mean([row[name] for row in picked])) for name in ("ratio", *EXPERTS[1:])}
            blank = dict.fromkeys(picked[0], "")
            found.append({**blank, "stream": "mean", "half": part, "leads": "1" if short else "all", **mean})
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of <stream>.parquet")
    parser.add_argument("--model", default="nanotst")
    parser.add_argument("--streams", nargs="+", default=list(STREAMS), choices=list(STREAMS))
    parser.add_argument("--every", type=int, help="steps between origins; by default another number for each stream")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    predictor, rows = load_predictor(options.model, threads=1), []
    for name in options.streams:
        streams = forecast_streams(options.data, name, predictor, options.every)
        found = scores(name, streams, learnt(streams))
        rows += found
        for row in found:
            print(name, row["half"], row["leads"], f"{row['frozen']:.5f} {row['ratio']:.4f}", flush=True)
    about = {"model": options.model, "fingerprint": predictor.fingerprint, **machine(1)}
    write_figures([*rows, *means(rows)], options.output or default_output("learning"), about)


if __name__ == "__main__":
    main()
