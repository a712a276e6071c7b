"""The one form of a request inside the server, whatever dialect it came in."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from segue.forecasting.answers.covariates import Given
from segue.forecasting.predictor import Predictor
from segue.forecasting.table.layout import Layout
from segue.forecasting.table.result import Number
from segue.serve.table import ID, TARGET, TIME


@dataclass(frozen=True, eq=False)
class Asked:
    """A table and what is asked of it.

    Attributes:
        frame: The table: `unique_id`, `ds`, `y`, and covariates.
        predictor: The model that answers, with the time that it may take.
        horizon: Steps ahead.
        freq: The step of the times, as `segue.Layout` takes it.
        levels: Prediction intervals in per cent.
        quantiles: Single quantile levels.
        covariates: Columns of the table that are known ahead.
        future: Their table of the steps ahead; None where there are none.
    """

    frame: pd.DataFrame
    predictor: Predictor
    horizon: int
    freq: str | int | None
    levels: tuple[Number, ...] = ()
    quantiles: tuple[float, ...] = ()
    covariates: tuple[str, ...] = ()
    future: pd.DataFrame | None = None

    @property
    def layout(self) -> Layout:
        """How the library reads the table."""
        return Layout(**self.options)

    @property
    def options(self) -> dict[str, Any]:
        """The layout as keyword arguments."""
        return {"id_col": ID, "time_col": TIME, "target_col": TARGET, "freq": self.freq}

    @property
    def given(self) -> Given:
        """What is known beside the values."""
        return Given(self.frame, self.future, self.covariates or None)
