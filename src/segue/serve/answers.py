"""Answers to requests, each by one call of the library."""

from typing import Any

import numpy as np
from jaxtyping import Float64

from segue.forecasting.answers.fitted import fitted_chunks
from segue.forecasting.answers.informed import informed
from segue.forecasting.forecast import forecast_reading
from segue.forecasting.predictor import Predictor, check_horizon
from segue.forecasting.table.grid.panel import make_panel
from segue.forecasting.table.reading import Reading
from segue.forecasting.table.result import QuantileColumns
from segue.forecasting.table.rows import read_rows
from segue.serve.asked import Asked


def read(asked: Asked) -> Reading:
    """Reads the table of a request as `segue.forecast` does, except that rows without values at its end stay.

    In a file such rows are those to be forecast. In a request they are missing values, and the forecast begins after
    them.
    """
    rows = read_rows(asked.frame, asked.layout)
    panel, _, _ = make_panel(rows.ids, rows.codes, rows.times, rows.values, asked.layout)
    return Reading(panel, rows.columns, rows.time_type)


def read_known(asked: Asked, held_out: int = 0) -> tuple[Predictor, Reading]:
    """Reads the table with its covariates, and returns the predictor that knows them; see `informed`."""
    reading = read(asked)
    own, reading, _ = informed(asked.predictor, reading, asked.given, asked.layout, asked.horizon, held_out)
    return own, reading


def forecast(asked: Asked) -> dict[str, Float64[np.ndarray, "series horizon"]]:
    """Forecasts all series, in the order of their numbers.

    Returns:
        `point` (the median), `lo-80` and `hi-80` for each level, and `q-10` for each quantile.
    """
    check_horizon(asked.horizon)
    predictor, reading = read_known(asked)
    frame = forecast_reading(predictor, reading, asked.horizon, asked.levels, asked.quantiles)
    columns = QuantileColumns.of(predictor.name, asked.levels, asked.quantiles)
    return {short(name, predictor.name): frame[name].to_numpy().reshape(-1, asked.horizon) for name in columns.names}


def fitted(asked: Asked) -> Any:
    """Forecasts all values of the past from those before them; returns the frame of `segue.fitted` by short names."""
    reading, columns = read(asked), QuantileColumns.of(asked.predictor.name, asked.levels)
    (whole,) = fitted_chunks(asked.predictor, reading, columns, chunk=max(len(reading.panel.values), 1))
    return whole.rename(columns={name: short(name, asked.predictor.name) for name in columns.names})


def short(column: str, point: str) -> str:
    """The name of a column of a forecast without the name of its model: `point`, `lo-80`."""
    return "point" if column == point else column.removeprefix(f"{point}-")
