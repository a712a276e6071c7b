"""From quantiles to scores: first of each series, then of each set.

The scores of a series are kept (`series_scores`), because everything else follows from them: the row of a set, coverage
by bucket with its standard error, and the bootstrap between two models.
"""

from functools import lru_cache

import numpy as np
import pandas as pd

from benchmarks.forecasting.scaled import geometric_mean, scaled_loss
from benchmarks.forecasting.sets import Task
from segue.forecasting.evaluation.metrics import DECILES, coverage, interval_score, mase
from segue.forecasting.predictor import LEVELS, Predictor, predict_lanes
from segue.forecasting.support import whole

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
    `loss` and `size`, whose sums over series give WQL as their ratio; `error`, the sum of the absolute errors of the
    median; `unit`, the mean over windows of the seasonal naive error, and `scaled_loss` (see `scaled.py`); `values`,
    the number observed; `inside<level>`, how many of them lie within the interval, and `strictly80`, how many lie
    within it and on no bound; `whole`, whether all values are whole numbers. Levels that the quantiles lack give NaN.
    """
    lanes = lane_scores(task, quantiles)
    owner = pd.Series(task.series, name="series")
    means = ("mase", "unit", *(f"winkler{level}" for level in SCORED))
    # a sum with a NaN is NaN, but a window whose unit error is undefined is left out of means
    rules = {name: "mean" if name in means else lambda part: part.sum(skipna=False) for name in lanes}
    found = lanes.groupby(owner, sort=False).agg(rules | {"whole": "all"}).reset_index()
    return found.assign(scaled_loss=scaled_loss(found))


def lane_scores(task: Task, quantiles: np.ndarray) -> pd.DataFrame:
    """The columns of `series_scores`, one row a window."""
    observed = ~np.isnan(task.actual)
    actual, count = np.where(observed, task.actual, 0), observed.sum(axis=1)
    deciles = quantiles[..., [LEVELS.index(level) for level in DECILES]]
    if np.isnan(deciles[observed]).any():
        raise ValueError(f"a forecast of an observed value of {task.dataset.name} is NaN")
    error = actual[..., None] - deciles
    pinball = np.maximum(np.multiply(DECILES, error), np.subtract(DECILES, 1) * error).mean(axis=-1)
    absolute = np.where(observed, np.abs(error[..., DECILES.index(0.5)]), 0).sum(axis=1)
    one_error = unit_errors(task)
    columns = {
        "mase": one_error * absolute / np.where(count > 0, count, np.nan),
        "loss": 2 * np.where(observed, pinball, 0).sum(axis=1),
        "error": absolute,
        "size": np.abs(actual).sum(axis=1),
        "unit": 1 / one_error,
        "values": count,
        "whole": whole_numbers(task),
        "strictly80": np.where(observed, strictly_inside(task.actual, *interval(quantiles, 80)), 0).sum(axis=1),
    }
    for level in COVERED:
        share = coverage(task.actual, *interval(quantiles, level))
        columns[f"inside{level}"] = np.where(count > 0, share, 0) * count
    for level in SCORED:
        columns[f"winkler{level}"] = one_error * interval_score(task.actual, *interval(quantiles, level), level)
    return pd.DataFrame(columns)


@lru_cache(maxsize=1)  # asked for once a model
def unit_errors(task: Task) -> np.ndarray:
    """The MASE of an error of one: the inverse of the seasonal naive error over the history. NaN where undefined."""
    one, season = np.ones((1, 1)), task.dataset.season
    # a history of no more than one season has no seasonal differences; GluonTS then takes those of one step
    seasons = (season if len(history) > season else 1 for history in task.histories)
    return np.array(
        [mase(0 * one, one, history[None], m)[0] for history, m in zip(task.histories, seasons, strict=True)]
    )


@lru_cache(maxsize=1)
def whole_numbers(task: Task) -> np.ndarray:
    """Whether all that is observed in a window and in the history before it is whole."""
    return np.array([whole(past) and whole(next_) for past, next_ in zip(task.histories, task.actual, strict=True)])


def strictly_inside(actual: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """1 where a value lies between the bounds and on neither, 0 elsewhere; NaN where a bound is NaN."""
    return np.where(np.isnan(lower + upper), np.nan, (lower < actual) & (actual < upper))


def interval(quantiles: np.ndarray, level: int) -> tuple[np.ndarray, np.ndarray]:
    """Bounds of the central interval of so many per cent."""
    lower, upper = round(0.5 - level / 200, 4), round(0.5 + level / 200, 4)
    return quantiles[..., LEVELS.index(lower)], quantiles[..., LEVELS.index(upper)]


def set_scores(series: pd.DataFrame) -> dict[str, float]:
    """The scores of a set, or of several pooled, from those of its series."""
    loss, error, size = (series[name].sum(skipna=False) for name in ("loss", "error", "size"))
    # quantiles that are calibrated have about .80 as WQL / ND
    found = {"mase": series["mase"].mean(), "wql": loss / size, "nd": error / size}
    found |= {"wql_nd": loss / error if error else float("nan"), "scaled_loss": geometric_mean(series["scaled_loss"])}
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
