"""Is a second forecast at a quarter of the sampling rate worth its time, for series longer than the context?

    python -m benchmarks.forecasting.two_rates --data DIR

A long series is also forecast as means of four values each, so that the same network sees four times as far back. The
medians of both rates are combined, as temporal hierarchies do (Athanasopoulos et al., European Journal of Operational
Research 262, 2017). The share of the coarse forecast grows with the past that only it sees: `weight * (1 - context /
values)`. Every forecast is given the seasons of the calendar, as `segue.forecast` gives them. It prints the scores of
each validation task with a history longer than the context for several weights, their mean change with its standard
error, and the error on real series with a year or a day as the cycle.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float64

from benchmarks.forecasting.cycle_data import REAL, SEASONS, WINDOWS
from benchmarks.forecasting.scores import forecast, series_scores, set_scores
from benchmarks.forecasting.sets import SETS, Task, load_task
from benchmarks.machine import default_output, machine
from segue.forecasting.evaluation.backtest import backtest
from segue.forecasting.predictor import LEVELS, Forecast, History, Predictor
from segue.forecasting.registry import load_predictor
from segue.forecasting.table.files.read import read_table
from segue.forecasting.table.layout import Layout

RATE = 4  # values a mean; of 2, 4, 7, 12, 24 and 48 the best single one over all frequencies
MEMORY = 2_592  # values: what a stream may keep of a lane, in whole patches of means
WEIGHTS = (0.25, 0.35, 0.5, 0.7)
CALENDAR = {  # the steps of a frequency's seasons, as frames have them
    "weekly": (365.25 / 7,),
    "daily": (7.0, 365.25),
    "hourly": (24.0, 168.0, 8766.0),
    "half-hourly": (48.0, 336.0, 17532.0),
    "quarter-hourly": (96.0, 672.0, 35064.0),
    "5-minutely": (288.0, 2016.0),
}
HALF = LEVELS.index(0.5)


class TwoRates:
    """A predictor that reads long histories a second time, as means of `RATE` values.

    Args:
        inner: The predictor of both rates.
        weight: The share of the coarse forecast in the median of an endless history, 0 to 1.
        seasons: Beside those of the histories.
    """

    keeps_support = True

    def __init__(self, inner: Predictor, weight: float, seasons: tuple[float, ...] = ()) -> None:
        self.inner, self.weight, self.seasons = inner, weight, seasons
        self.name = f"{inner.name}-rates"
        self.context = max(MEMORY, inner.context)

    @property
    def fingerprint(self) -> str:
        return f"{self.inner.fingerprint} {RATE} {self.weight}"

    def predict(self, history: History, horizon: int) -> Forecast:
        """Moves the quantiles of the fine forecast by a share of the difference between the two medians."""
        history = self._with_seasons(history)
        time = history.values.shape[1]
        begin = max(0, time - self.inner.context)
        blocks = -(-horizon // RATE) + 1  # one more, so that a longer horizon changes no nearer step
        fine = self.inner.predict(history.select(np.arange(len(history)), begin), blocks * RATE)
        quantiles = fine.quantiles[:, :horizon].copy()
        longer = np.flatnonzero(history.observed[:, :begin].any(1)) if begin else np.array([], dtype=np.int64)
        if len(longer):
            coarse = self.inner.predict(averaged(history.select(longer)), blocks).median
            means = fine.median[longer].reshape(len(longer), blocks, RATE).mean(2)
            seen = time - history.observed[longer].argmax(1)
            share = self.weight * (1 - self.inner.context / seen)
            quantiles[longer] += (share[:, None] * between(coarse - means, horizon))[..., None]
        return Forecast(quantiles)

    def _with_seasons(self, history: History) -> History:
        given = set(history.seasons.ravel().tolist())
        added = [season for season in self.seasons if season not in given]
        more = np.tile(np.array(added, dtype=np.float64), (len(history), 1))
        return History(history.values, history.observed, np.concatenate([history.seasons, more], axis=1))


def averaged(history: History) -> History:
    """Makes means of `RATE` values, aligned at the last; a mean needs half of its values, and the last mean one."""
    blocks = history.values.shape[1] // RATE
    shape = (len(history), blocks, RATE)
    observed = history.observed[:, -blocks * RATE :].reshape(shape)
    values = np.where(observed, history.values[:, -blocks * RATE :].reshape(shape), 0.0)
    count = observed.sum(2)
    enough = count >= RATE / 2
    enough[:, -1] = True  # the last value is observed
    seasons = np.where(history.seasons >= 2 * RATE, history.seasons / RATE, 0.0)
    return History(np.where(enough, values.sum(2) / np.maximum(count, 1), 0.0), enough, seasons)


def between(difference: Float64[np.ndarray, "lanes blocks"], horizon: int) -> Float64[np.ndarray, "lanes horizon"]:
    """Interpolates from zero at the last value through the difference at the middle of each block."""
    middles = np.concatenate([[0.0], np.arange(difference.shape[1]) * RATE + (RATE + 1) / 2])
    steps = np.arange(1, horizon + 1)
    return np.stack([np.interp(steps, middles, np.concatenate([[0.0], row])) for row in difference])


def task_rows(task: Task, inner: Predictor) -> list[dict[str, object]]:
    """The scores of one task without and with the second rate."""
    weights = (0.0, *WEIGHTS)
    seasons = CALENDAR.get(task.dataset.frequency, ())
    scores = [set_scores(series_scores(task, forecast(TwoRates(inner, weight, seasons), task))) for weight in weights]
    kept = ("mase", "wql", "scaled_loss", "coverage80")
    key = {"set": task.dataset.name, "horizon": task.dataset.horizon, "windows": len(task)}
    return [
        key | {"weight": weight} | {name: found[name] for name in kept}
        for weight, found in zip(weights, scores, strict=True)
    ]


def real_rows(folder: Path, inner: Predictor) -> list[dict[str, object]]:
    """The mean absolute error over the last windows of real series with a long cycle."""
    rows = []
    for file, horizon in REAL.items():
        frame = read_table(next(folder.rglob(file)), Layout()).frame[["ds", "y"]]
        rivals = [load_predictor(f"seasonal-naive:{season}", threads=1) for season in SEASONS[horizon]]
        models = [TwoRates(inner, weight) for weight in (0.0, *WEIGHTS)]
        everyone: list[Predictor] = [*models, *rivals]
        errors = [float(backtest(frame, horizon, WINDOWS, models=[m]).overall["mae"].iloc[0]) for m in everyone]
        naive = min(errors[len(models) :])
        rows += [
            {"set": file, "horizon": horizon, "windows": WINDOWS, "weight": m.weight, "mae": mae, "naive": naive}
            for m, mae in zip(models, errors, strict=False)
        ]
    return rows


def changes(table: pd.DataFrame) -> pd.DataFrame:
    """The mean change over tasks against no coarse forecast, and its standard error, in per cent."""
    kept = ["mase", "wql", "scaled_loss"]
    wide = np.log(table.dropna(subset="mase").set_index(["set", "horizon", "weight"])[kept]).unstack("weight")
    apart = 100 * pd.concat({score: wide[score].sub(wide[score][0.0], axis=0) for score in kept}, axis=1)
    return pd.DataFrame({"change": apart.mean(), "error": apart.sem()}).unstack(0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of <set>.parquet")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", type=Path, help="CSV; by default named by machine and date")
    options = parser.parse_args()
    inner = load_predictor("nanotst", threads=options.threads)
    rows = real_rows(options.data.parent, inner)
    for dataset in SETS:
        task = load_task(options.data, dataset, "validation")
        if len(task) and max(map(len, task.histories)) > inner.context:
            rows += task_rows(task, inner)
            print(dataset.name, dataset.horizon, flush=True)
    table = pd.DataFrame(rows).assign(**machine(options.threads))
    output = options.output or default_output("two-rates")
    table.to_csv(output, index=False, float_format="%.6g")
    print(table.pivot_table(["mase", "mae"], ["set", "horizon"], "weight").to_string(float_format="%.3f"))
    print(changes(table).to_string(float_format="%.2f"))
    print(output)


if __name__ == "__main__":
    main()
