"""The front door: a long table of pandas or polars in, the table of its future out."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float64

from segue.forecasting.predictor import Predictor, check_horizon, predict_lanes
from segue.forecasting.registry import Model, load_predictor
from segue.forecasting.table.layout import Layout
from segue.forecasting.table.panel import Lanes
from segue.forecasting.table.reading import Reading, read_frame
from segue.forecasting.table.result import Numbers, QuantileColumns

Report = Callable[[int, int], None]
"""Is called with how many lanes are done, and of how many."""


def forecast(
    frame: Any,
    horizon: int,
    *,
    model: Model = "nanotst",
    levels: Numbers = (80,),
    quantiles: Numbers = (),
    freq: str | int | None = None,
    id_col: str | None = None,
    time_col: str | Sequence[str] | None = None,
    target_col: str | Sequence[str] | None = None,
    time_format: str | None = None,
    duplicates: str | None = None,
) -> Any:
    """Forecasts every series of a long frame.

    Rows may come in any order; missing rows, null and NaN are missing values. Times are wall-clock times on a regular
    grid: a time zone is dropped, the local time kept, and a time off the grid moved to the nearest step. Columns and
    frequency are inferred when unambiguous; otherwise an error names the option to set.

    Args:
        frame: One row a series and time, a DataFrame of pandas or polars.
        horizon: Number of steps ahead, at least 1.
        model: A name (`nanotst`, `nanotst-small`, `ar`, `seasonal-naive`, `ets`, `theta`; with the steps of a season
            `seasonal-naive:288`), a model folder, or a predictor.
        levels: Prediction intervals in per cent, each in (0, 98]; or a single one.
        quantiles: Single quantile levels, each in [0.01, 0.99]; or a single one.
        freq: The step; see `segue.Layout`, as for all that follow.
        id_col: The column that names the series.
        time_col: The column of times, or several.
        target_col: The column to forecast, or several.
        time_format: The format of times that are text.
        duplicates: What becomes of several values at one time.

    Returns:
        A frame of the same kind: the series, the time (`ds` if it was several columns), then with the predictor's name
        its median `NanoTST`, intervals `NanoTST-lo-80`, `NanoTST-hi-80`, and quantiles `NanoTST-q-10`.

    Raises:
        UserError: An argument that fits nothing; the line names it and what to do.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"ds": [1, 2, 3, 4], "y": [5.0, 6.0, 5.0, 6.0]})
        >>> forecast(frame, horizon=3, model="seasonal-naive:2")["SeasonalNaive"].tolist()
        [5.0, 6.0, 5.0]
    """
    reading = read_frame(frame, Layout(id_col, time_col, target_col, freq, time_format, duplicates))
    return forecast_reading(load_predictor(model), reading, horizon, levels, quantiles)


def forecast_reading(
    predictor: Predictor,
    reading: Reading,
    horizon: int,
    levels: Numbers = (80,),
    quantiles: Numbers = (),
    report: Report | None = None,
    lanes: Lanes | None = None,
) -> Any:
    """Forecasts a table already read; see `forecast`.

    Args:
        predictor: NanoTST or a baseline.
        reading: The table, whose kind and names the result has.
        horizon: Number of steps ahead, at least 1.
        levels: Prediction intervals in per cent, each in (0, 98]; or a single one.
        quantiles: Single quantile levels, each in [0.01, 0.99]; or a single one.
        report: See `forecast_panel`.
        lanes: The values of the series where the reading has their names and times only; by default its panel.

    Raises:
        UserError: The horizon, a level, or a name of the table that a column of the result has as well.
    """
    check_horizon(horizon)
    columns = QuantileColumns.of(predictor.name, levels, quantiles).levels
    reading.refuse_taken(columns)
    values = forecast_panel(
        predictor, reading.panel if lanes is None else lanes, horizon, tuple(columns.values()), report
    )
    return reading.future(horizon, dict(zip(columns, np.moveaxis(values, -1, 0), strict=True)))


def forecast_panel(
    predictor: Predictor, panel: Lanes, horizon: int, levels: tuple[float, ...], report: Report | None = None
) -> Float64[np.ndarray, "lanes steps levels"]:
    """Forecasts all lanes of a panel, those of like length together, so that short ones cost little.

    Args:
        predictor: NanoTST or a baseline; it is given as many lanes at once as its `batch` says.
        panel: The series, or the beginnings of some (`segue.forecasting.evaluation.origins.Origins`).
        horizon: Number of steps ahead, at least 1.
        levels: Quantile levels, each in [0.01, 0.99].
        report: Is called before each batch, and once at the end.

    Returns:
        The quantiles, lanes in the order of the panel; NaN for a lane without any value.
    """
    result = np.empty((len(panel), horizon, len(levels)))
    order = np.argsort(panel.lengths, kind="stable")
    batch, seasons = getattr(predictor, "batch", 128), panel.seasons
    for begin in range(0, len(order), batch):
        if report is not None:
            report(begin, len(order))
        picked = order[begin : begin + batch]
        values, observed = panel.lanes(picked, predictor.context)
        result[picked] = predict_lanes(predictor, values, observed, seasons[picked], horizon).at(levels)
    if report is not None:
        report(len(order), len(order))
    return result
