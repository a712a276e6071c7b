"""Frames in, frames out: long tables of pandas or polars, as the forecasting field keeps them."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float64

from segue.errors import UserError
from segue.forecasting.baselines.statsforecast import Classical
from segue.forecasting.predictor import Predictor
from segue.forecasting.table.panel import Lanes
from segue.forecasting.table.reading import Reading, read_frame

Numbers = Sequence[float | int] | float | int
"""Several numbers, or a single one."""


def forecast_frame(
    predictor: Predictor,
    frame: Any,
    horizon: int,
    *,
    freq: str | int | None = None,
    levels: Numbers = (80,),
    quantiles: Numbers = (),
    id_col: str | None = None,
    time_col: str | Sequence[str] | None = None,
    target_col: str | Sequence[str] | None = None,
    time_format: str | None = None,
    duplicates: str | None = None,
    batch: int = 128,
) -> Any:
    """Forecasts every series of a long frame.

    Rows may come in any order; missing rows, null and NaN are missing values. Times are wall-clock times on a regular
    grid: a time zone is dropped, the local time kept, and a time off the grid moved to the nearest step.

    Args:
        predictor: NanoTST, or a baseline.
        frame: One row a series and time, a DataFrame of pandas or polars.
        horizon: Number of steps ahead, at least 1.
        freq: The step, as pandas names it, or an integer for integer times. By default the most common one.
        levels: Prediction intervals in per cent, each in (0, 98]; or a single one.
        quantiles: Single quantiles, each in [0.01, 0.99]; or a single one.
        id_col: The column that names the series. By default `unique_id` or the like; without one, the frame is one
            series, named after its target.
        time_col: The column of times, or several, such as `["date", "hour"]` or `date,hour`. By default `ds`, or the
            one column of times.
        target_col: The column to forecast, or several likewise, which become series `id/target`. By default `y`, or
            the one column of numbers.
        time_format: How times are written, as in `time.strptime`. By default found out.
        duplicates: What becomes of several values at one time: their `mean`, the `first` or the `last`.
        batch: How many series are forecast at once.

    Returns:
        A frame of the same kind: the series, the time (`ds` if it was several columns), then with the predictor's name
        its median `NanoTST`, intervals `NanoTST-lo-80`, `NanoTST-hi-80`, and quantiles `NanoTST-q-10`.

    Raises:
        UserError: An argument that fits nothing; the message tells which and what to do.
    """
    reading = read_frame(
        frame,
        freq=freq,
        id_col=id_col,
        time_col=time_col,
        target_col=target_col,
        time_format=time_format,
        duplicates=duplicates,
    )
    return forecast_reading(predictor, reading, horizon, levels, quantiles, batch)


def forecast_reading(
    predictor: Predictor,
    reading: Reading,
    horizon: int,
    levels: Numbers = (80,),
    quantiles: Numbers = (),
    batch: int = 128,
    report: Callable[[int, int], None] | None = None,
) -> Any:
    """Forecasts a frame already read; see `forecast_frame`, and `forecast_panel` for `report`."""
    columns = output_columns(predictor.name, horizon, levels, quantiles)
    reading.refuse_taken(columns)
    values = forecast_panel(predictor, reading.panel, horizon, tuple(columns.values()), batch, report)
    return reading.future(horizon, dict(zip(columns, np.moveaxis(values, -1, 0), strict=True)))


def output_columns(name: str, horizon: int, levels: Numbers = (80,), quantiles: Numbers = ()) -> dict[str, float]:
    """The columns of a forecast and the quantile level of each, the median first.

    Raises:
        UserError: A horizon, a level or a quantile that cannot be forecast.
    """
    if isinstance(horizon, bool) or not isinstance(horizon, int | np.integer) or horizon < 1:
        raise UserError("horizon", horizon, "give a whole number of at least 1")
    columns = {name: 0.5}
    for level in _distinct("levels", levels):
        if not 0 < level <= 98:
            raise UserError("levels", level, "give a percentage above 0 and at most 98")
        columns[f"{name}-lo-{level:.12g}"] = round(0.5 - level / 200, 12)
        columns[f"{name}-hi-{level:.12g}"] = round(0.5 + level / 200, 12)
    for quantile in _distinct("quantiles", quantiles):
        if not 0.01 <= quantile <= 0.99:
            raise UserError("quantiles", quantile, "give a fraction from 0.01 to 0.99")
        columns[f"{name}-q-{100 * quantile:.12g}"] = quantile
    return columns


def _distinct(argument: str, given: Numbers) -> list[float | int]:
    numbers = np.unique(np.asarray(given))
    if len(numbers) and numbers.dtype.kind not in "iuf":
        raise UserError(argument, given, "give numbers, such as (80, 95) or (0.1, 0.9)")
    distinct: list[float | int] = numbers.tolist()
    return distinct


def forecast_panel(
    predictor: Predictor,
    panel: Lanes,
    horizon: int,
    levels: tuple[float, ...],
    batch: int = 128,
    report: Callable[[int, int], None] | None = None,
) -> Float64[np.ndarray, "series steps levels"]:
    """Forecasts all series of a panel, those of like length together, so that short ones cost little.

    Args:
        predictor: NanoTST, or a baseline.
        panel: The series, or the beginnings of some (`segue.forecasting.evaluation.origins.Origins`).
        horizon: Number of steps ahead, at least 1.
        levels: Quantile levels, each in [0.01, 0.99].
        batch: How many series are forecast at once.
        report: Is told how many series are done, and of how many.

    Returns:
        The quantiles, series in the order of the panel; NaN for a series without any value.
    """
    if batch < 1:
        raise UserError("batch", batch, "give a whole number of at least 1")
    result = np.empty((len(panel), horizon, len(levels)))
    order = np.argsort(panel.lengths, kind="stable")
    batch = 1 if isinstance(predictor, Classical) else batch  # fitted one by one, and reported so
    with torch.inference_mode():
        for begin in range(0, len(order), batch):
            if report is not None:
                report(begin, len(order))
            picked = order[begin : begin + batch]
            forecast = predictor.predict(*panel.lanes(picked, predictor.context), horizon)
            result[picked] = forecast.at(levels).cpu().numpy()
    if report is not None:
        report(len(order), len(order))
    return result
