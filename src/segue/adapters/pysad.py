"""A model for pysad: `fit_partial`, `score_partial` and `fit_score_partial`, with calibrated scores in [0, 1].

It needs the extra `pysad`: `pip install -c constraints.txt -e '.[pysad]'`. pysad gives one instance at a time, so each
call forecasts few lanes. Many series are faster in one `segue.Watch`.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from segue.adapters.scorer import Scorer
from segue.errors import UserError
from segue.extras import remedy_for_missing
from segue.forecasting.registry import Model

try:
    from pysad.core.base_model import BaseModel
except ModuleNotFoundError as error:
    raise UserError("segue.adapters.pysad", "(pysad)", remedy_for_missing(error) or str(error)) from error


class AnomalyModel(BaseModel):
    """A streaming anomaly detector of pysad; 0.999 is one in a thousand.

    Each feature is a running series, and each instance a step of it. NaN is missing.

    Args:
        model: A name, a model folder or a predictor, as in `segue.forecast`.
        refresh: The number of steps after which a feature is forecast again.
        warm_up: The number of values of a feature before its first score; it is 0 until then.
        learn: Whether a feature learns on the way: see `segue.Watch`.
    """

    def __init__(self, model: Model = "nanotst", refresh: int = 24, warm_up: int = 128, learn: bool = True) -> None:
        self._scorer = Scorer(model, refresh, warm_up, learn)

    def fit_partial(self, X: ArrayLike, y: Any = None) -> "AnomalyModel":
        """Learns from the next instance, of shape (features,); the label `y` is not read."""
        self._scorer.take(_named(X))
        return self

    def score_partial(self, X: ArrayLike) -> float:
        """Returns the score that an instance of shape (features,) would have as the next one; it changes nothing."""
        return self._scorer.score(_named(X))

    def fit_score_partial(self, X: ArrayLike, y: Any = None) -> float:
        """Returns the score of the next instance, of shape (features,), and learns from it."""
        return self._scorer.take_and_score(_named(X))


def _named(instance: ArrayLike) -> dict[str, float]:
    return {str(feature): float(value) for feature, value in enumerate(np.ravel(np.asarray(instance, np.float64)))}
