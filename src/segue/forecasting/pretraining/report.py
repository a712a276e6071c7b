"""The grammar evaluation: how well a predictor forecasts the grammar's four simplest sentences."""

from dataclasses import dataclass

import numpy as np
import torch

from segue.forecasting.predictor import Predictor, check_horizon, predict_lanes
from segue.forecasting.pretraining.grammar.sentences import HISTORY, simple_sentences


@dataclass(frozen=True)
class SentenceReport:
    """The accuracy of a forecast of one sentence, in the unit of the sentence."""

    sentence: str
    """The name of the sentence."""
    rmse: float
    """The root mean square error of the median."""
    width: float
    """The mean width of the 80 % interval."""
    coverage: float
    """The share of the true values inside the 80 % interval, ends included."""


def evaluate_sentences(predictor: Predictor, horizon: int, seed: int = 0) -> list[SentenceReport]:
    """Forecasts each sentence from its first 512 values, and compares the forecast with the sentence itself.

    Args:
        predictor: NanoTST or a baseline; it gets no season.
        horizon: Number of steps ahead, at least 1.
        seed: The seed of the noisy sentence.

    Raises:
        UserError: The horizon is not a whole number of at least 1.
    """
    check_horizon(horizon)
    values_of = simple_sentences(torch.Generator().manual_seed(seed), HISTORY + horizon)
    values = np.stack([series.double().numpy() for series in values_of.values()])
    history, future = values[:, :HISTORY], values[:, HISTORY:]
    observed, seasons = np.ones(history.shape, dtype=bool), np.zeros((len(history), 0))
    forecast = predict_lanes(predictor, history, observed, seasons, horizon)
    low, median, high = np.moveaxis(forecast.at((0.1, 0.5, 0.9)), -1, 0)
    slack = 1e-6 * history.std(axis=1, ddof=1, keepdims=True)  # single precision may put a line outside
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
