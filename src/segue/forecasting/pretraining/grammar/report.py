"""The grammar evaluation: what a model makes of the grammar's four simplest sentences, and how sure it is."""

from dataclasses import dataclass

import torch

from segue.forecasting.predictor import Predictor
from segue.forecasting.pretraining.grammar.evaluation import HISTORY, sentences


@dataclass(frozen=True)
class SentenceReport:
    """How one sentence was continued, in the unit of the sentence."""

    sentence: str
    """Its name."""
    rmse: float
    """Root mean square error of the median."""
    width: float
    """Mean width of the 80 % interval."""
    coverage: float
    """Share of the true values inside the 80 % interval, ends included."""


def evaluate_sentences(predictor: Predictor, horizon: int, seed: int = 0) -> list[SentenceReport]:
    """Shows 512 values of each sentence and compares the forecast with the sentence's own continuation.

    Args:
        predictor: NanoTST or a baseline.
        horizon: Number of steps ahead, at least 1.
        seed: Seed of the noisy sentence.
    """
    known = sentences(torch.Generator().manual_seed(seed), HISTORY + horizon)
    values = torch.stack(list(known.values())).double()
    history, future = values[:, :HISTORY], values[:, HISTORY:]
    forecast = predictor.predict(history, torch.ones_like(history, dtype=torch.bool), horizon)
    low, median, high = forecast.at((0.1, 0.5, 0.9)).unbind(-1)
    slack = 1e-6 * history.std(1, keepdim=True)  # a line forecast to single precision is not outside its own interval
    inside = (future >= low - slack) & (future <= high + slack)
    return [
        SentenceReport(
            name,
            rmse=float((median - future)[row].square().mean().sqrt()),
            width=float((high - low)[row].mean()),
            coverage=float(inside[row].double().mean()),
        )
        for row, name in enumerate(known)
    ]
