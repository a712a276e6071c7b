"""One running series of numbers, forecast at any time, with learning on the way."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64

from segue.errors import UserError
from segue.forecasting.predictor import Forecast, check_horizon, predict_lanes
from segue.forecasting.registry import Model, load_predictor
from segue.live.experts import Advice, advise
from segue.live.learning import combine, fresh, learn, terms


class SingleSeries:
    """`append` takes the next value, and `forecast` only reads.

    Args:
        model: A name, a model folder or a predictor, as in `segue.forecast`.
        seasons: The periods in steps that the calendar suggests, such as `(24, 168)` for hours; the experts of learning
            need them.
        learn: Whether the lane learns weights of experts and the width of its bands.
        refresh: The number of steps between the forecasts from which the lane learns.
    """

    def __init__(self, model: Model, seasons: Sequence[float | int], learn: bool, refresh: int) -> None:
        self._predictor, self._learns, self._refresh = load_predictor(model), learn, refresh
        self._seasons = np.array([seasons], dtype=np.float64).reshape(1, -1)
        self._values = np.full((1, self._predictor.context), np.nan)
        self._state, self._since = fresh(1), 0
        self._standing: tuple[Forecast, Advice] | None = None

    def append(self, value: float) -> None:
        """Takes the next value; NaN is missing.

        Raises:
            UserError: The value is infinite.
        """
        if np.isinf(value):
            raise UserError("y", value, "is infinite; give NaN if it is missing")
        self._values = np.concatenate([self._values[:, 1:], [[value]]], axis=1)
        self._since += 1
        if not self._learns or (self._standing is not None and self._since < self._refresh):
            return
        if self._standing is not None:
            self._state = learn(self._state, *self._standing, self._values[:, -self._refresh :])
            self._standing = None  # it is learnt from once, also if no value is left to forecast from
        if not np.isnan(self._values).all():
            advice = self._asked(self._refresh)
            self._standing, self._since = (combine(terms(self._state), advice), advice), 0

    def forecast(self, horizon: int) -> Float64[np.ndarray, " horizon"]:
        """Returns the medians of the next steps; NaN before the first value.

        Raises:
            UserError: `horizon` is not a whole number of at least 1.
        """
        check_horizon(horizon)
        if np.isnan(self._values).all():
            return np.full(horizon, np.nan)
        advice = self._asked(horizon)
        forecast = combine(terms(self._state), advice) if self._learns else advice.forecast
        return np.asarray(forecast.median[0])

    def _asked(self, horizon: int) -> Advice:
        observed = ~np.isnan(self._values)
        values = np.where(observed, self._values, 0.0)
        forecast = predict_lanes(self._predictor, values, observed, self._seasons, horizon)
        return advise(forecast, values, observed, self._seasons)
