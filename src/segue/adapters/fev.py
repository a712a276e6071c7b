"""A model for fev, the benchmark of forecasts on data sets of the Hugging Face hub.

It needs the extra `fev`. `NanoTSTModel().fit_predict(task)` forecasts all windows of a task, and
`task.evaluation_summary` scores them. Each target of several is a series of its own, and features are not read.
"""

from typing import Any

import numpy as np

from segue.adapters.arrays import ArrayLanes, quantiles
from segue.errors import UserError
from segue.extras import remedy_for_missing
from segue.forecasting.predictor import Predictor
from segue.forecasting.registry import Model, load_predictor

try:
    import datasets
    import fev
except ModuleNotFoundError as error:
    raise UserError("segue.adapters.fev", "(fev)", remedy_for_missing(error) or str(error)) from error


class NanoTSTModel(fev.ForecastingModel):
    """A model of fev, zero-shot: it has seen synthetic series only, so no task's data set is among them.

    Args:
        model: A name, a model folder or a predictor, as in `segue.forecast`. Point forecasts are medians.
    """

    model_name = "segue-nanotst"
    trained_on_datasets: list[str] = []  # noqa: RUF012 (fev reads it from the class)

    def __init__(self, model: Model = "nanotst") -> None:
        super().__init__()
        self._predictor: Predictor = load_predictor(model)

    def _fit_predict(self, task: Any) -> list[Any]:
        with self._record_inference_time():
            return [self._window(task, window) for window in task.iter_windows()]

    def _window(self, task: Any, window: Any) -> Any:
        past, _ = window.get_input_data()
        levels = tuple(task.quantile_levels)
        predictions = {}
        for target in task.target_columns:
            lanes = ArrayLanes.of(past[target], freq=task.freq)
            values = quantiles(self._predictor, lanes, task.horizon, (0.5, *levels))
            named = {"predictions": values[..., 0]}
            named |= {str(level): values[..., 1 + place] for place, level in enumerate(levels)}
            predictions[target] = datasets.Dataset.from_dict({name: np.asarray(one) for name, one in named.items()})
        return datasets.DatasetDict(predictions)
