"""The front door: a long table of pandas or polars in, the table of its future out."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Unpack

import numpy as np
from jaxtyping import Float64
from numpy.typing import NDArray

from segue.errors import UserError, give_notice
from segue.forecasting.predictor import Predictor, check_horizon, predict_lanes
from segue.forecasting.registry import Model, load_predictor
from segue.forecasting.support import NO_LIMITS as NO_LIMITS
from segue.forecasting.support import Limits as Limits
from segue.forecasting.table.grid.panel import Lanes
from segue.forecasting.table.layout import Layout, TableOptions
from segue.forecasting.table.reading import Reading, read_frame
from segue.forecasting.table.result import Number, Numbers, QuantileColumns

_CHUNK = 100_000  # rows that `forecast_chunks` makes at once: some ten megabytes
_FEWEST = 128  # series that it takes at least: a batch

_LAST_OF_NANOSECONDS = np.datetime64("2262-04-11", "us")
_LAST_OF_CALENDARS = np.datetime64("9999-12-31", "us")  # of Python and pandas

Report = Callable[[int, int], None]
"""A function to call with the number of lanes that are done, and the number of all lanes."""


def forecast(
    frame: Any,
    horizon: int,
    *,
    model: Model = "nanotst",
    levels: Numbers = (80,),
    quantiles: Numbers = (),
    floor: Number | None = None,
    cap: Number | None = None,
    **table: Unpack[TableOptions],
) -> Any:
    """Forecasts every series of a long frame.

    Rows may come in any order. Missing rows, null and NaN are missing values. Times are wall-clock times on a regular
    grid: a time zone is dropped, and the local time is kept. A time off the grid is moved to the nearest step. Columns
    and frequency are inferred when unambiguous; otherwise an error names the option to set.

    Args:
        frame: A DataFrame of pandas or polars with one row for each series and time.
        horizon: Number of steps ahead, at least 1.
        model: A name, a model folder, or a predictor. The names are `nanotst`, `nanotst-small`, `ar`, `seasonal-naive`,
            `ets` and `theta`; `seasonal-naive:288` also sets the steps of a season.
        levels: Prediction intervals in per cent, each in [1, 98]; or a single one.
        quantiles: Single quantile levels, each in [0.01, 0.99]; or a single one.
        floor: The least value of the forecasts, such as 0.
        cap: The largest value of the forecasts, such as a capacity.
        **table: How to read the table: `id_col`, `time_col`, `target_col`, `freq`, `time_format`, `duplicates`,
            `season`, `decimal` and `skip_bad`, as `segue.Layout` describes them.

    Returns:
        A frame of the same kind. Its columns are the series, the time (`ds` if it was several columns), the median
        `NanoTST`, the intervals `NanoTST-lo-80` and `NanoTST-hi-80`, and the quantiles `NanoTST-q-10`. The name of the
        predictor begins each of these columns.

    Raises:
        UserError: An argument is invalid; the message names it and the remedy.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"ds": [1, 2, 3, 4], "y": [5.0, 6.0, 5.0, 6.0]})
        >>> forecast(frame, horizon=3, model="seasonal-naive:2")["SeasonalNaive"].tolist()
        [5.0, 6.0, 5.0]
    """
    limits = Limits(floor, cap)
    reading = read_frame(frame, Layout(**table))
    give_notice((*reading.notes, *limits.notes(reading.panel.values)))
    return forecast_reading(load_predictor(model), reading, horizon, levels, quantiles, limits=limits)


def forecast_reading(
    predictor: Predictor,
    reading: Reading,
    horizon: int,
    levels: Numbers = (80,),
    quantiles: Numbers = (),
    report: Report | None = None,
    lanes: Lanes | None = None,
    limits: Limits = NO_LIMITS,
) -> Any:
    """Forecasts a table that was read before; see `forecast`.

    Args:
        predictor: NanoTST or a baseline.
        reading: The table; the result has its kind and its names.
        horizon: Number of steps ahead, at least 1.
        levels: Prediction intervals in per cent, each in [1, 98]; or a single one.
        quantiles: Single quantile levels, each in [0.01, 0.99]; or a single one.
        report: See `forecast_panel`.
        lanes: The values of the series, if the reading has only their names and times; by default its panel.
        limits: The least and the largest value of the forecasts.

    Raises:
        UserError: The horizon, a level or a quantile is invalid, or a name of the table is also the name of another
            column of the result.
    """
    check_horizon(horizon)
    columns = QuantileColumns.of(predictor.name, levels, quantiles).levels
    reading.refuse_taken(columns)
    _refuse_beyond(reading, horizon)
    series = reading.panel if lanes is None else lanes
    values = forecast_panel(predictor, series, horizon, tuple(columns.values()), report, limits)
    return reading.future(horizon, dict(zip(columns, np.moveaxis(values, -1, 0), strict=True)))


def _refuse_beyond(reading: Reading, horizon: int) -> None:
    """Refuses a horizon whose last times the table cannot hold, by the series that ends last."""
    panel = reading.panel
    latest = int(panel.times[panel.starts[1:] - 1].argmax())
    last = _LAST_OF_NANOSECONDS if "ns" in str(reading.time_type) else _LAST_OF_CALENDARS
    try:
        times = panel.part(latest, latest + 1).future(horizon)[0]
        held = bool((times[1:] > times[:-1]).all()) and not (times.dtype.kind == "M" and (times > last).any())
    except (ValueError, OverflowError):  # pandas cannot count the offsets so far
        held = False
    if not held:
        end = last.astype("datetime64[D]") if panel.times.dtype.kind == "M" else 2**63 - 1
        raise UserError("horizon", horizon, f"times end at {end}; ask for fewer steps")


def forecast_chunks(
    predictor: Predictor,
    reading: Reading,
    horizon: int,
    levels: Numbers = (80,),
    quantiles: Numbers = (),
    report: Report | None = None,
    limits: Limits = NO_LIMITS,
    chunk: int | None = None,
) -> Iterator[Any]:
    """Forecasts a table part by part, so that memory does not grow with the number of series.

    Args:
        predictor: NanoTST or a baseline.
        reading: The table; each frame has its kind and its names.
        horizon: Number of steps ahead, at least 1.
        levels: Prediction intervals in per cent, each in [1, 98]; or a single one.
        quantiles: Single quantile levels, each in [0.01, 0.99]; or a single one.
        report: See `forecast_panel`.
        limits: The least and the largest value of the forecasts.
        chunk: The number of consecutive series in a frame; by default some 100,000 rows.

    Yields:
        Frames of the same columns and types. Together they are the result of `forecast_reading`, in all bits.

    Raises:
        UserError: See `forecast_reading`; it is raised before the first frame.
    """
    check_horizon(horizon)
    panel, total = reading.panel, len(reading.panel)
    chunk = max(_FEWEST, _CHUNK // horizon) if chunk is None else chunk
    reading = reading.with_lasting_times(horizon)
    for first in range(0, total, chunk):

        def counted(done: int, _: int, first: int = first) -> None:
            if report is not None:
                report(first + done, total)

        part = replace(reading, panel=panel.part(first, min(first + chunk, total)))
        yield forecast_reading(predictor, part, horizon, levels, quantiles, counted, limits=limits)


def forecast_panel(
    predictor: Predictor,
    panel: Lanes,
    horizon: int,
    levels: tuple[float, ...],
    report: Report | None = None,
    limits: Limits = NO_LIMITS,
) -> Float64[np.ndarray, "lanes steps levels"]:
    """Forecasts all lanes of a panel, those of similar length together, so that short ones cost little.

    Args:
        predictor: NanoTST or a baseline. Its `batch` is the number of lanes it gets at once, 128 by default, and its
            `workers` the number of batches that run side by side, 1 by default.
        panel: The series, or the beginnings of some (`segue.forecasting.evaluation.origins.Origins`).
        horizon: Number of steps ahead, at least 1.
        levels: Quantile levels, each in [0.01, 0.99].
        report: A function that is called before the first batch and after each.
        limits: The least and the largest value of the forecasts.

    Returns:
        The quantiles, with lanes in the order of the panel; NaN for a lane without any value.
    """
    result = np.empty((len(panel), horizon, len(levels)))
    order, seasons = np.argsort(panel.lengths, kind="stable"), panel.seasons
    batch, done = getattr(predictor, "batch", 128), 0

    def run(picked: NDArray[np.int64]) -> NDArray[np.int64]:
        values, observed = panel.lanes(picked, predictor.context)
        quantiles = predict_lanes(predictor, values, observed, seasons[picked], horizon).at(levels)
        result[picked] = limits.within(quantiles)
        return picked

    batches = np.split(order, range(batch, len(order), batch))
    with ThreadPoolExecutor(getattr(predictor, "workers", 1)) as pool:
        if report is not None:
            report(0, len(order))
        for picked in pool.map(run, batches):
            done += len(picked)
            if report is not None:
                report(done, len(order))
    return result
