"""Answers to requests, each by one call of the library."""

from typing import Any

import numpy as np
from jaxtyping import Float64

from segue.forecasting.answers.fitted import fitted_chunks
from segue.forecasting.answers.informed import informed
from segue.forecasting.answers.simulate import simulate_chunks
from segue.forecasting.evaluation.backtest import backtest_reading, held_out_steps
from segue.forecasting.forecast import forecast_reading
from segue.forecasting.predictor import Predictor, check_horizon
from segue.forecasting.table.grid.panel import make_panel
from segue.forecasting.table.reading import Reading
from segue.forecasting.table.result import QuantileColumns
from segue.forecasting.table.rows import read_rows
from segue.live.detect import detect
from segue.serve.asked import Asked
from segue.serve.table import ID, TIME


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


def windows(asked: Asked, count: int, step: int | None) -> Any:
    """Forecasts the last windows of all series from the values before them; see `segue.backtest`.

    Args:
        asked: The request; its covariates are known in each window.
        count: The largest number of windows of a series.
        step: Steps from one window to the next; by default the horizon.

    Returns:
        The table of forecasts by short names.
    """
    predictor, reading = read_known(asked, held_out_steps(asked.horizon, count, step))
    found = backtest_reading(reading, [predictor], asked.horizon, count, step, asked.levels).forecasts
    return found.rename(columns={name: short(name, predictor.name) for name in found.columns})


def anomalies(asked: Asked, level: float, refresh: int, warm_up: int) -> Any:
    """Judges every row by forecasts made before it; see `segue.detect`.

    Returns:
        A table with each row that was sent, by short names. Rows without a value at the end of all series are not
        judged.
    """
    found = detect(asked.frame, level, model=asked.predictor, refresh=refresh, warm_up=warm_up, **asked.options).drop(
        columns="y"
    )
    found = found.rename(columns={name: short(name, asked.predictor.name) for name in found.columns})
    whole = asked.frame[[ID, TIME]].merge(found, how="left", on=[ID, TIME])
    return whole.assign(anomaly=whole["anomaly"].eq(True), score=whole["score"].fillna(0.0))


def paths(asked: Asked, count: int, seed: int) -> Float64[np.ndarray, "series paths horizon"]:
    """Simulates joint paths; see `segue.simulate`."""
    predictor, reading = read_known(asked)
    frames = simulate_chunks(predictor, reading, asked.horizon, count, seed)
    values = np.concatenate([frame[predictor.name].to_numpy() for frame in frames])
    return values.reshape(-1, count, asked.horizon)


def short(column: str, point: str) -> str:
    """The name of a column of a forecast without the name of its model: `point`, `lo-80`."""
    return "point" if column == point else column.removeprefix(f"{point}-")
