"""The grammar evaluation: how a predictor continues the grammar's four simplest sentences."""

from dataclasses import dataclass

import numpy as np
import torch

from segue.forecasting.predictor import Predictor, check_horizon, predict_lanes
from segue.forecasting.pretraining.grammar.sentences import HISTORY, simple_sentences


@dataclass(frozen=True)
class SentenceReport:
    """The accuracy of a forecast of one sentence, in the unit of the sentence."""

    sentence: str
    """Its name."""
    rmse: float
    """Root mean square error of the median."""
    width: float
    """Mean width of the 80 % interval."""
    coverage: float
    """Share of the true values inside the 80 % interval, ends included."""


def evaluate_sentences(predictor: Predictor, horizon: int, seed: int = 0) -> list[SentenceReport]:
    """Forecasts each sentence from its first 512 values, and compares the forecast with the sentence itself.

    Args:
        predictor: NanoTST or a baseline; no season is suggested to it.
        horizon: Number of steps ahead, at least 1.
        seed: Seed of the noisy sentence.

    Raises:
        UserError: The horizon is no whole number of at least 1.
    """
    check_horizon(horizon)
    values_of = simple_sentences(torch.Generator().manual_seed(seed), HISTORY + horizon)
    values = np.stack([series.double().numpy() for series in values_of.values()])
    history, future = values[:, :HISTORY], values[:, HISTORY:]
    observed, seasons = np.ones(history.shape, dtype=bool), np.zeros((len(history), 0))
    forecast = predict_lanes(predictor, history, observed, seasons, horizon)
    low, median, high = np.moveaxis(forecast.at((0.1, 0.5, 0.9)), -1, 0)
    slack = 1e-6 * history.std(axis=1, ddof=1, keepdims=True)  # single precision puts a line outside its own interval
    inside = (future >= low - slack) & (future <= high + slack)
    return [
        SentenceReport(
            name,
            rmse=float(np.sqrt(np.square(median - future)[row].mean())),
            width=float((high - low)[row].mean()),
            coverage=float(inside[row].mean()),
        )
        for row, name in enumerate(values_of)
    ]
