"""What others reach on the same windows, run once and kept: a row that is in the file already is not run again.

    python -m benchmarks.forecasting.competitors --data DIR --view validation --model auto-theta --sets m1_monthly

Needs `pip install -r benchmarks/forecasting/requirements.txt`. One thread. `history` is how many of the last values a
model was given, `fallbacks` how many windows it could not forecast, for which seasonal naive stood in. `seconds` is the
cost of the run on a shared machine; `rates.py` compares speed, where all run side by side.
"""

import argparse
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

import segue
from benchmarks.forecasting.rows import baselines, row
from benchmarks.forecasting.scores import forecast, series_scores
from benchmarks.forecasting.sets import SETS, DataSet, Task, load_task
from benchmarks.machine import machine
from segue.atomic import atomic_file
from segue.forecasting.baselines.autoregression import Autoregression
from segue.forecasting.baselines.seasonal_naive import SeasonalNaive
from segue.forecasting.predictor import LEVELS

RESULTS = Path(__file__).parents[1] / "results" / "competitors"
CUT = 512  # the classical models take minutes a series beyond
INTERVALS = [round(100 - 200 * level, 4) for level in LEVELS if level < 0.5]
FLAIR_FREQUENCIES = {
    "yearly": "Y", "quarterly": "Q", "monthly": "M", "weekly": "W", "daily": "D", "hourly": "H", "half-hourly": "30T",
    "quarter-hourly": "15T", "5-minutely": "5T",
}  # fmt: skip

Lanes = list[np.ndarray]


@dataclass(frozen=True)
class Competitor:
    """Someone else's forecaster.

    Attributes:
        package: Whose version is noted.
        forecast: Histories without missing values to quantiles (lanes, horizon, levels); NaN where it fails.
        history: Values it is given at most.
    """

    package: str
    forecast: Callable[[Lanes, DataSet], np.ndarray]
    history: int = 8192


def main() -> None:
    options = read_options()
    warnings.filterwarnings("ignore", category=RuntimeWarning)
    for name in options.model:
        for dataset in SETS:
            if dataset.name in options.sets and not (options.comparable and not dataset.comparable):
                run(name, dataset, options)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = sorted({dataset.name for dataset in SETS})
    parser.add_argument("--data", type=Path, required=True, help="folder of <set>.parquet")
    parser.add_argument("--model", nargs="+", choices=COMPETITORS, default=list(COMPETITORS), metavar="MODEL")
    parser.add_argument("--view", choices=["official", "validation"], default="validation")
    parser.add_argument("--sets", nargs="+", choices=names, default=names, metavar="SET")
    parser.add_argument("--comparable", action="store_true", help="only the sets of published tables")
    return parser.parse_args()


def run(name: str, dataset: DataSet, options: argparse.Namespace) -> None:
    """Adds one row to `<view>.csv` and the scores of its series to `<view>-<model>.parquet`."""
    table = RESULTS / f"{options.view}.csv"
    rows = known(table)
    if ((rows["set"] == dataset.name) & (rows["horizon"] == dataset.horizon) & (rows["model"] == name)).any():
        return
    task = load_task(options.data, dataset, options.view)
    if not task:  # the view has no window
        return
    competitor = COMPETITORS[name]
    start = time.perf_counter()
    quantiles, fallbacks = quantiles_of(competitor, task)
    seconds = round(time.perf_counter() - start, 1)
    series = series_scores(task, quantiles)
    cost = {"history": competitor.history, "fallbacks": fallbacks, "seconds": seconds}
    made = row(task, name, series, baselines(task)) | cost | {"package": versioned(competitor.package)} | machine(1)
    RESULTS.mkdir(parents=True, exist_ok=True)
    append(
        series.assign(set=dataset.name, horizon=dataset.horizon, model=name), RESULTS / f"{options.view}-{name}.parquet"
    )
    # read anew: another run may have added rows meanwhile
    with atomic_file(table) as fresh:
        pd.concat([known(table), pd.DataFrame([made])]).to_csv(fresh, index=False, float_format="%.6g")
    print(name, dataset.name, dataset.horizon, f"{made['mase_ratio']:.3f} {made['wql_ratio']:.3f}", cost, flush=True)


def known(table: Path) -> pd.DataFrame:
    return pd.read_csv(table) if table.exists() else pd.DataFrame(columns=["set", "horizon", "model"])


def versioned(package: str) -> str:
    return f"{package} {segue.__version__ if package == 'segue' else version(package)}"


def append(series: pd.DataFrame, path: Path) -> None:
    """Keeps what the bootstrap needs, in single precision."""
    keys, numbers = ["set", "horizon", "model", "series"], ["mase", "loss", "size"]
    fresh = series[keys + numbers].astype(dict.fromkeys(numbers, np.float32))
    whole = pd.concat([pd.read_parquet(path), fresh]) if path.exists() else fresh
    with atomic_file(path) as temporary:
        whole.to_parquet(temporary, index=False, compression="zstd")


def quantiles_of(competitor: Competitor, task: Task) -> tuple[np.ndarray, int]:
    """Its quantiles, and for how many lanes those of seasonal naive had to do."""
    histories = [filled(history[-competitor.history :]) for history in task.histories]
    quantiles = competitor.forecast(histories, task.dataset)
    failed = ~np.isfinite(quantiles[..., LEVELS.index(0.5)]).all(axis=1)
    if failed.any():
        missing = np.isnan(quantiles[~failed]).any(axis=(0, 1))  # levels that it never gives
        naive = forecast(SeasonalNaive(task.dataset.season), task)
        quantiles[failed] = np.where(missing, np.nan, naive[failed])
    return quantiles, int(failed.sum())


def filled(history: np.ndarray) -> np.ndarray:
    """Missing values on the line between their neighbours."""
    time, known = np.arange(len(history)), ~np.isnan(history)
    return np.interp(time, time[known], history[known])


# the competitors ------------------------------------------------------------------------------------------------------


def statsforecast(model: str) -> Callable[[Lanes, DataSet], np.ndarray]:
    """A model of statsforecast by the name of its class."""

    def quantiles(histories: Lanes, dataset: DataSet) -> np.ndarray:
        from statsforecast import models

        made = getattr(models, model)(season_length=dataset.season)

        def one(history: np.ndarray) -> np.ndarray:
            found = made.new().forecast(y=history, h=dataset.horizon, level=INTERVALS)
            lower = [found[f"lo-{level}"] for level in INTERVALS]
            upper = [found[f"hi-{level}"] for level in reversed(INTERVALS)]
            return np.stack([*lower, found["mean"], *upper], axis=-1)

        return one_by_one(one, histories, dataset.horizon)

    return quantiles


def flair(histories: Lanes, dataset: DataSet) -> np.ndarray:
    """Of 1,000 sample paths, so that the outer quantiles are no accident; its default is 200."""
    import flaircast

    frequency = FLAIR_FREQUENCIES[dataset.frequency]

    def one(history: np.ndarray) -> np.ndarray:
        return np.quantile(flaircast.forecast(history, dataset.horizon, frequency, 1000, 0), LEVELS, axis=0).T

    return one_by_one(one, histories, dataset.horizon)


def one_by_one(one: Callable[[np.ndarray], np.ndarray], histories: Lanes, horizon: int) -> np.ndarray:
    """The quantiles of every lane; NaN where the model refuses, mostly a history too short for it."""
    quantiles = np.full((len(histories), horizon, len(LEVELS)), np.nan)
    for lane, history in enumerate(histories):
        with suppress(Exception):
            quantiles[lane] = one(history)
    return quantiles


def fracast(histories: Lanes, dataset: DataSet) -> np.ndarray:
    """The weights in its wheel in float32. It has the nine deciles only and needs 8 values."""
    import torch
    from fracast import FracastModel

    torch.set_num_threads(1)
    model = FracastModel.from_pretrained(weights="fp32")
    indices = [LEVELS.index(round(level, 4)) for level in model.quantiles]
    quantiles = np.full((len(histories), dataset.horizon, len(LEVELS)), np.nan)
    lengths = np.array([len(history) for history in histories])
    order = [lane for lane in np.argsort(lengths, kind="stable") if lengths[lane] >= 8]
    for begin in range(0, len(order), 32):
        picked = order[begin : begin + 32]
        longest = lengths[picked[-1]]
        rows = [np.pad(histories[lane], (longest - lengths[lane], 0), constant_values=np.nan) for lane in picked]
        quantiles[np.ix_(picked, range(dataset.horizon), indices)] = model.forecast_batch(
            np.stack(rows), horizon=dataset.horizon
        )
    return quantiles


def autoregression(histories: Lanes, dataset: DataSet) -> np.ndarray:
    """Ours, `ar` of the command line."""
    lanes = Task(dataset, [""] * len(histories), histories, np.empty((0, 0)))
    return forecast(Autoregression(), lanes)


COMPETITORS = {
    "ar": Competitor("segue", autoregression),
    "statsforecast-seasonal-naive": Competitor("statsforecast", statsforecast("SeasonalNaive"), CUT),
    "fracast": Competitor("fracast", fracast),
    "flair": Competitor("flaircast", flair),
    "dynamic-optimized-theta": Competitor("statsforecast", statsforecast("DynamicOptimizedTheta"), CUT),
    "auto-theta": Competitor("statsforecast", statsforecast("AutoTheta"), CUT),
    "auto-ets": Competitor("statsforecast", statsforecast("AutoETS"), CUT),
}
"""Cheap ones first."""


if __name__ == "__main__":
    main()
