"""A predictor for GluonTS, and so for GIFT-Eval, whose evaluation runs GluonTS predictors.

It needs the extra `gluonts`. Series are forecast in batches, so it is as fast as `segue.forecast`.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.adapters.arrays import ArrayLanes, Season, quantiles
from segue.errors import UserError
from segue.extras import remedy_for_missing
from segue.forecasting.predictor import check_horizon
from segue.forecasting.registry import Model, load_predictor

try:
    from gluonts.model.forecast import QuantileForecast
    from gluonts.model.predictor import Predictor
except ModuleNotFoundError as error:
    raise UserError("segue.adapters.gluonts", "(gluonts)", remedy_for_missing(error) or str(error)) from error

_TOGETHER = 1024  # series that are forecast at once: eight batches, and some ten megabytes


class NanoTSTPredictor(Predictor):
    """A predictor of GluonTS: `evaluate_model(NanoTSTPredictor(24), test_data=..., metrics=...)`.

    Args:
        prediction_length: Steps ahead, at least 1.
        model: A name, a model folder or a predictor, as in `segue.forecast`.
        quantile_levels: Each in [0.01, 0.99]; the default are the nine deciles that GIFT-Eval scores.
        season: The steps of a season, or several; by default those that the step of each series suggests.
    """

    def __init__(
        self,
        prediction_length: int,
        model: Model = "nanotst",
        quantile_levels: Iterable[float] = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9),
        season: Season | None = None,
    ) -> None:
        check_horizon(prediction_length)
        super().__init__(prediction_length=prediction_length)
        self.levels, self.season = tuple(quantile_levels), season
        self._predictor = load_predictor(model)

    def predict(self, dataset: Iterable[dict[str, Any]], **options: Any) -> Iterator[QuantileForecast]:
        """Forecasts entries with `target` and `start` (a period), in their order; other fields are not read.

        A target of several dimensions, `(dimensions, time)`, is forecast one dimension at a time.
        """
        held: list[dict[str, Any]] = []
        for entry in dataset:
            held.append(entry)
            if len(held) == _TOGETHER:
                yield from self._forecast(held)
                held = []
        yield from self._forecast(held)

    def _forecast(self, entries: list[dict[str, Any]]) -> Iterator[QuantileForecast]:
        """The step of each series suggests its seasons, so neighbours of one step are forecast together."""
        for freq, same in groupby(entries, key=lambda entry: str(entry["start"].freqstr)):
            own = list(same)
            rows = [np.atleast_2d(np.asarray(entry["target"], dtype=np.float64)) for entry in own]
            lanes = ArrayLanes.of([row for target in rows for row in target], self.season, freq)
            values = quantiles(self._predictor, lanes, self.prediction_length, self.levels)
            ends = np.cumsum([len(target) for target in rows])[:-1]
            for entry, part in zip(own, np.split(values, ends), strict=True):
                yield self._made(entry, part)

    def _made(self, entry: dict[str, Any], values: NDArray[np.float64]) -> QuantileForecast:
        several = np.ndim(entry["target"]) > 1
        arrays = np.moveaxis(values, -1, 0)  # levels, dimensions, steps
        return QuantileForecast(
            forecast_arrays=arrays.swapaxes(1, 2) if several else arrays[:, 0],
            forecast_keys=[f"{level:.12g}" for level in self.levels],
            start_date=entry["start"] + np.shape(entry["target"])[-1],
            item_id=entry.get("item_id"),
        )
