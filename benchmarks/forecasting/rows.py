"""A row of a result: a set, a model, its scores, and their ratios to seasonal naive."""

from typing import Any

import numpy as np
import pandas as pd

from benchmarks.forecasting.scaled import scaled_ratio
from benchmarks.forecasting.scores import forecast, series_scores, set_scores
from benchmarks.forecasting.sets import Task
from segue.forecasting.baselines.seasonal_naive import SeasonalNaive
from segue.forecasting.predictor import LEVELS

POINT, BANDS = "seasonal-naive-point", "seasonal-naive"
Baselines = dict[str, pd.DataFrame]


def baselines(task: Task) -> Baselines:
    """The series scores of seasonal naive, as the point forecast of the tables and with bands as wide as its errors.

    Every quantile of a point forecast is that point, which flatters the WQL of all others; hence both.
    """
    bands = forecast(SeasonalNaive(task.dataset.season), task)
    point = np.repeat(bands[..., [LEVELS.index(0.5)]], len(LEVELS), axis=-1)
    return {BANDS: series_scores(task, bands), POINT: series_scores(task, point)}


def row(task: Task, model: str, series: pd.DataFrame, baseline: Baselines) -> dict[str, Any]:
    """What was asked, the scores, and ratios: `mase_ratio` and `wql_ratio` to the point forecast of seasonal naive,
    the others to seasonal naive with its bands."""
    dataset = task.dataset
    asked = {
        "set": dataset.name,
        "horizon": dataset.horizon,
        "frequency": dataset.frequency,
        "season": dataset.season,
        "comparable": dataset.comparable,
        "series": series["series"].nunique(),
        "windows": len(task),
        "model": model,
    }
    scores, point, bands = map(set_scores, (series, baseline[POINT], baseline[BANDS]))
    ratios = {
        "mase_ratio": scores["mase"] / point["mase"],
        "wql_ratio": scores["wql"] / point["wql"],
        "wql_bands_ratio": scores["wql"] / bands["wql"],
        "winkler80_ratio": scores["winkler80"] / bands["winkler80"],
        "winkler95_ratio": scores["winkler95"] / bands["winkler95"],
        "scaled_ratio": scaled_ratio(series, baseline[BANDS]),
    }
    return asked | scores | ratios
