"""Models for river: `Forecaster` (learn_one, forecast) and `AnomalyDetector` (learn_one, score_one).

Both need the extra `river`: `pip install -c constraints.txt -e '.[river]'`. They are models of river like any other:
river clones, pickles and evaluates them. river gives one value at a time, so each call forecasts one lane alone. Many
series are faster in one `segue.Watch` or `segue.Stream`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from segue.adapters.scorer import Scorer
from segue.adapters.single import SingleSeries
from segue.errors import UserError
from segue.extras import remedy_for_missing
from segue.forecasting.registry import Model

try:
    from river import base
    from river.time_series.base import Forecaster as _RiverForecaster
except ModuleNotFoundError as error:
    raise UserError("segue.adapters.river", "(river)", remedy_for_missing(error) or str(error)) from error


class Forecaster(_RiverForecaster):
    """A forecaster of river: `learn_one` takes the next value, and `forecast` returns medians.

    Args:
        model: A name, a model folder or a predictor, as in `segue.forecast`.
        seasons: The periods in steps that the calendar suggests, such as `(24, 168)` for hours; None for none.
        learn: Whether the model learns on the way: see `segue.live.learning`.
        refresh: The number of steps between the forecasts from which the model learns.

    Example:
        >>> from segue.adapters.river import Forecaster
        >>> model = Forecaster("seasonal-naive:2", learn=False)
        >>> for y in (5.0, 6.0, 5.0, 6.0):
        ...     model.learn_one(y)
        >>> model.forecast(3)
        [5.0, 6.0, 5.0]
    """

    def __init__(
        self,
        model: Model = "nanotst",
        seasons: Sequence[float | int] | None = None,
        learn: bool = True,
        refresh: int = 24,
    ) -> None:
        self.model, self.seasons, self.learn, self.refresh = model, seasons, learn, refresh
        self._series = SingleSeries(model, seasons or (), learn, refresh)

    def learn_one(self, y: float | int | None, x: Mapping[str, Any] | None = None) -> None:
        """Takes the next value; None and NaN are missing. Features `x` are not read."""
        self._series.append(float("nan") if y is None else float(y))

    def forecast(self, horizon: int, xs: Sequence[Mapping[str, Any]] | None = None) -> list[float]:
        """Returns the medians of the next steps; NaN before the first value. Features `xs` are not read.

        Raises:
            UserError: `horizon` is not a whole number of at least 1.
        """
        medians: list[float] = self._series.forecast(horizon).tolist()
        return medians


class AnomalyDetector(base.AnomalyDetector):
    """An anomaly detector of river whose scores are calibrated: 0.999 is one in a thousand.

    Each feature is a running series, and each instance a step of it. A feature that an instance lacks is missing there.

    Args:
        model: A name, a model folder or a predictor, as in `segue.forecast`.
        refresh: The number of steps after which a feature is forecast again.
        warm_up: The number of values of a feature before its first score; it is 0 until then.
        learn: Whether a feature learns on the way: see `segue.Watch`.
    """

    def __init__(self, model: Model = "nanotst", refresh: int = 24, warm_up: int = 128, learn: bool = True) -> None:
        self.model, self.refresh, self.warm_up, self.learn = model, refresh, warm_up, learn
        self._scorer = Scorer(model, refresh, warm_up, learn)

    def learn_one(self, x: Mapping[Any, Any]) -> None:
        """Learns from the next instance; this costs nothing if the instance has just been scored."""
        self._scorer.take(_named(x))

    def score_one(self, x: Mapping[Any, Any]) -> float:
        """Returns the score in [0, 1] that an instance would have as the next one; it changes nothing."""
        return self._scorer.score(_named(x))


def _named(x: Mapping[Any, Any]) -> dict[str, float]:
    return {str(name): float("nan") if value is None else float(value) for name, value in x.items()}
