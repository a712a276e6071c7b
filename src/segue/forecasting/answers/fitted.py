"""One-step forecasts of a table's own past: each value is forecast from the values before it."""

from collections.abc import Iterator
from typing import Any, Unpack

import numpy as np

from segue.errors import give_notice
from segue.forecasting.answers.distributions import panel_columns
from segue.forecasting.predictor import Predictor, Report
from segue.forecasting.registry import Model, load_predictor
from segue.forecasting.support import NO_LIMITS, Limits
from segue.forecasting.table.grid.origins import Origins
from segue.forecasting.table.layout import Layout, TableOptions
from segue.forecasting.table.reading import Reading, read_frame
from segue.forecasting.table.result import Number, Numbers, QuantileColumns

_CHUNK = 16_384  # rows that are forecast at once: some ten megabytes


def fitted(
    frame: Any,
    *,
    model: Model = "nanotst",
    levels: Numbers = (80,),
    quantiles: Numbers = (),
    mean: bool = False,
    floor: Number | None = None,
    cap: Number | None = None,
    **table: Unpack[TableOptions],
) -> Any:
    """Forecasts every value of a long frame, one step ahead, from the values before it.

    These are the fitted values of statsforecast (`forecast_fitted_values`). Here no model is fitted to the whole
    series: each row equals the row of its time in the result of `segue.forecast` on the series cut off before it.

    Args:
        frame: A DataFrame of pandas or polars, as for `segue.forecast`.
        model: See `segue.forecast`.
        levels: Prediction intervals in per cent, each in [1, 98]; or a single one.
        quantiles: Single quantile levels, each in [0.01, 0.99]; or a single one.
        mean: Whether to add the mean, as a column `NanoTST-mean`.
        floor: The least value of the forecasts, such as 0.
        cap: The largest value of the forecasts.
        **table: See `segue.forecast`.

    Returns:
        A frame of the same kind with a row for each row of the table, in the order of series and times: series, time,
        the value `y`, and the columns of a forecast. A forecast is missing where no value comes before.

    Raises:
        UserError: An argument is invalid; the message names it and the remedy.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"ds": [1, 2, 3, 4], "y": [5.0, 6.0, 7.0, 8.0]})
        >>> fitted(frame, model="seasonal-naive:1")["SeasonalNaive"].tolist()
        [nan, 5.0, 6.0, 7.0]
    """
    limits, predictor = Limits(floor, cap), load_predictor(model)
    columns = QuantileColumns.of(predictor.name, levels, quantiles, mean)
    reading = read_frame(frame, Layout(**table))
    give_notice((*reading.notes, *limits.notes(reading.panel.values)))
    (whole,) = fitted_chunks(predictor, reading, columns, limits, chunk=max(len(reading.panel.values), 1))
    return whole


def fitted_chunks(
    predictor: Predictor,
    reading: Reading,
    columns: QuantileColumns,
    limits: Limits = NO_LIMITS,
    report: Report | None = None,
    chunk: int = _CHUNK,
) -> Iterator[Any]:
    """Yields the frame of `fitted` in parts of some rows, so that memory does not grow with the table.

    Args:
        predictor: NanoTST or a baseline.
        reading: The table; each frame has its kind and its names.
        columns: The columns of the forecasts.
        limits: The least and the largest value of the forecasts.
        report: A function to call with the number of rows that are done, and of all rows.
        chunk: The number of rows in a frame.
    """
    panel, total = reading.panel, len(reading.panel.values)
    reading.refuse_taken(("y", *columns.names))
    for first in range(0, total, chunk):

        def counted(done: int, _: int, first: int = first) -> None:
            if report is not None:
                report(first + done, total)

        rows = np.arange(first, min(first + chunk, total))
        series = np.searchsorted(panel.starts, rows, side="right") - 1
        later = panel.steps[rows] > 0  # the first row of a series has no past
        past = Origins(panel, series[later], np.zeros(int(later.sum()), dtype=np.int64), panel.steps[rows[later]], 1)
        values = {name: np.full(len(rows), np.nan) for name in columns.names}
        if len(past):
            for name, found in panel_columns(predictor, past, 1, columns, counted, limits).items():
                values[name][later] = found[:, 0]
        yield reading.rows(rows, values)
        counted(len(rows), total)
