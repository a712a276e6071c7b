"""From quantiles to scores: first of each series, then of each set.

The scores of a series are kept (`series_scores`), because everything else follows from them: the row of a set, coverage
by bucket with its standard error, and the bootstrap between two models.
"""

from functools import lru_cache

import numpy as np
import pandas as pd

from benchmarks.forecasting.sets import Task
from segue.forecasting.evaluation.metrics import DECILES, coverage, interval_score, mase
from segue.forecasting.predictor import LEVELS, Predictor, predict_lanes

COVERED = (50, 80, 95, 98)  # per cent
SCORED = (80, 95)  # intervals that get an interval score


def forecast(predictor: Predictor, task: Task) -> np.ndarray:
    """Quantiles (lanes, horizon, levels) at `LEVELS`; lanes of like length together, so that short ones cost little."""
    horizon, batch = task.dataset.horizon, getattr(predictor, "batch", 128)
    quantiles = np.empty((len(task), horizon, len(LEVELS)))
    order = np.argsort([len(history) for history in task.histories], kind="stable")
    for begin in range(0, len(order), batch):
        picked = order[begin : begin + batch]
        quantiles[picked] = predict_lanes(predictor, *task.lanes(picked, predictor.context), horizon).quantiles
    return quantiles


def series_scores(task: Task, quantiles: np.ndarray) -> pd.DataFrame:
    """One row a series, in the order of the task.

    Columns: `mase` and `winkler<level>`, means over its windows, the latter in units of the seasonal naive error;
    `loss` and `size`, whose sums over series give WQL as their ratio; `values`, the number observed, and
    `inside<level>`, how many of them lie within the interval. Levels that the quantiles lack (NaN) give NaN.
    """
    observed = ~np.isnan(task.actual)
    actual, count = np.where(observed, task.actual, 0), observed.sum(axis=1)
    deciles = quantiles[..., [LEVELS.index(level) for level in DECILES]]
    if np.isnan(deciles[observed]).any():
        raise ValueError(f"a forecast of an observed value of {task.dataset.name} is NaN")
    error = actual[..., None] - deciles
    pinball = np.maximum(np.multiply(DECILES, error), np.subtract(DECILES, 1) * error).mean(axis=-1)
    one_error = unit_errors(task)
    columns = {
        "mase": one_error
        * np.where(observed, np.abs(error[..., DECILES.index(0.5)]), 0).sum(axis=1)
        / np.where(count > 0, count, np.nan),
        "loss": 2 * np.where(observed, pinball, 0).sum(axis=1),
        "size": np.abs(actual).sum(axis=1),
        "values": count,
    }
    for level in COVERED:
        share = coverage(task.actual, *interval(quantiles, level))
        columns[f"inside{level}"] = np.where(count > 0, share, 0) * count
    for level in SCORED:
        columns[f"winkler{level}"] = one_error * interval_score(task.actual, *interval(quantiles, level), level)
    lanes = pd.DataFrame(columns)
    rules = {name: "mean" if name == "mase" or name.startswith("winkler") else "sum" for name in columns}
    owner = pd.Series(task.series, name="series")
    # a sum with a NaN is NaN, but a window whose unit error is undefined is left out of means
    sums = {name: rule if rule == "mean" else lambda part: part.sum(skipna=False) for name, rule in rules.items()}
    return lanes.groupby(owner, sort=False).agg(sums).reset_index()


@lru_cache(maxsize=1)  # asked for once a model
def unit_errors(task: Task) -> np.ndarray:
    """The MASE of an error of one: the inverse of the seasonal naive error over the history. NaN where undefined."""
    one, season = np.ones((1, 1)), task.dataset.season
    # a history of no more than one season has no seasonal differences; GluonTS then takes those of one step
    seasons = (season if len(history) > season else 1 for history in task.histories)
    return np.array(
        [mase(0 * one, one, history[None], m)[0] for history, m in zip(task.histories, seasons, strict=True)]
    )


def interval(quantiles: np.ndarray, level: int) -> tuple[np.ndarray, np.ndarray]:
    """Bounds of the central interval of so many per cent."""
    lower, upper = round(0.5 - level / 200, 4), round(0.5 + level / 200, 4)
    return quantiles[..., LEVELS.index(lower)], quantiles[..., LEVELS.index(upper)]


def set_scores(series: pd.DataFrame) -> dict[str, float]:
    """The scores of a set, or of several pooled, from those of its series."""
    found = {"mase": series["mase"].mean(), "wql": series["loss"].sum(skipna=False) / series["size"].sum()}
    for level in COVERED:
        share, error = clustered(series[f"inside{level}"].to_numpy(), series["values"].to_numpy())
        found |= {f"coverage{level}": share, f"coverage{level}_se": error}
    return found | {f"winkler{level}": series[f"winkler{level}"].mean() for level in SCORED}


def clustered(hits: np.ndarray, counts: np.ndarray) -> tuple[float, float]:
    """A share and its standard error when values of one series hang together: hits and counts of each series.

    The linearised variance of a ratio estimator over clusters (Cochran 1977, section 2.11).
    """
    clusters, total = int((counts > 0).sum()), counts.sum()
    if not total:
        return float("nan"), float("nan")
    share = hits.sum() / total
    if clusters < 2:
        return float(share), float("nan")
    variance = clusters / (clusters - 1) * np.square(hits - share * counts).sum() / total**2
    return float(share), float(np.sqrt(variance))
