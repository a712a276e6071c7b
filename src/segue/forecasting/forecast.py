"""The front door: `forecast` takes a long table of pandas or polars, and returns the table of its future."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Unpack

import numpy as np

from segue.errors import UserError, give_notice
from segue.forecasting.answers.calibration import Calibration, calibrate_panel
from segue.forecasting.answers.distributions import panel_columns, panel_quantiles
from segue.forecasting.answers.informed import informed
from segue.forecasting.answers.options import AnswerOptions, Answers
from segue.forecasting.answers.totals import Totals, bands_of_totals, totals
from segue.forecasting.predictor import LEVELS, Lanes, Predictor, Report, check_horizon
from segue.forecasting.predictor import forecast_panel as forecast_panel
from segue.forecasting.registry import Model, load_predictor
from segue.forecasting.support import NO_LIMITS as NO_LIMITS
from segue.forecasting.support import Limits as Limits
from segue.forecasting.table.reading import Reading, read_frame
from segue.forecasting.table.result import Number, Numbers, QuantileColumns
from segue.memory import require_room

_CHUNK = 100_000  # rows that `forecast_chunks` makes at once: some ten megabytes
_FEWEST = 128  # series of a chunk, at least: one batch

_LAST_OF_NANOSECONDS = np.datetime64("2262-04-11", "us")
_LAST_OF_CALENDARS = np.datetime64("9999-12-31", "us")  # of Python and pandas


def forecast(
    frame: Any,
    horizon: int,
    *,
    model: Model = "nanotst",
    levels: Numbers = (80,),
    quantiles: Numbers = (),
    floor: Number | None = None,
    cap: Number | None = None,
    **options: Unpack[AnswerOptions],
) -> Any:
    """Forecasts every series of a long frame, whose rows may come in any order.

    Missing rows, null and NaN are missing values. Times are wall-clock times on a regular grid: a time zone is dropped,
    and a time off the grid is moved to the nearest step. A `UserError` names an argument to correct or to add.

    Args:
        frame: A DataFrame of pandas or polars with one row for each series and time.
        horizon: Number of steps ahead, at least 1.
        model: `nanotst`, `nanotst-small`, `ar`, `seasonal-naive`, `ets` or `theta`, a model folder, or a predictor;
            `seasonal-naive:288` also sets the steps of a season.
        levels: Prediction intervals in per cent, each in [1, 98]; or a single one.
        quantiles: Single quantile levels, each in [0.01, 0.99]; or a single one.
        floor: The least value of the forecasts, such as 0.
        cap: The largest value of the forecasts, such as a capacity.
        **options: `mean`, `future`, `covariates`, `holidays`, `calibrate`, `per`, `how`, `over` and `seed`, which
            `AnswerOptions` explains. Then options of reading the table, such as `id_col` and `freq`, which
            `segue.Layout` explains.

    Returns:
        A frame of the same kind: series, times, the median `NanoTST`, intervals `NanoTST-lo-80` and `NanoTST-hi-80`,
        quantiles `NanoTST-q-10`; each is named after its predictor. Totals have `steps`, too.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"ds": [1, 2, 3, 4], "y": [5.0, 6.0, 5.0, 6.0]})
        >>> forecast(frame, horizon=3, model="seasonal-naive:2")["SeasonalNaive"].tolist()
        [5.0, 6.0, 5.0]
    """
    check_horizon(horizon)
    limits, predictor, asked = Limits(floor, cap), load_predictor(model), Answers.of(frame, options)
    predictor, reading, found = _read(asked, horizon, predictor, limits)
    return forecast_totals(predictor, reading, horizon, asked.totals, levels, quantiles, limits, found, asked.mean)


def _read(
    asked: Answers, horizon: int, predictor: Predictor, limits: Limits
) -> tuple[Predictor, Reading, Calibration | None]:
    """Reads a frame with its covariates and holidays, measures its bands if `calibrate` is given, and gives notices."""
    reading = read_frame(asked.given.frame, asked.layout)
    require_room(len(reading.panel), horizon, 1)  # before covariates and bands are measured
    notes = [*reading.notes, *limits.notes(reading.panel.values)]
    predictor, reading, found = informed(predictor, reading, asked.given, asked.layout, horizon)
    windows = asked.calibrate
    calibration = None if windows is None else calibrate_panel(predictor, reading.panel, horizon, windows)
    give_notice((*notes, *found, *([] if calibration is None else [calibration.note()])))
    return predictor, reading, calibration


def forecast_totals(
    predictor: Predictor,
    reading: Reading,
    horizon: int,
    asked: Totals | None,
    levels: Numbers = (80,),
    quantiles: Numbers = (),
    limits: Limits = NO_LIMITS,
    calibration: Calibration | None = None,
    mean: bool = False,
) -> Any:
    """Forecasts totals of a table that was read before, or its single steps if `asked` is None; see `forecast`."""
    check_horizon(horizon)
    if asked is None:
        return forecast_reading(
            predictor, reading, horizon, levels, quantiles, limits=limits, calibration=calibration, mean=mean
        )
    columns = QuantileColumns.of(predictor.name, levels, quantiles, mean)
    _refuse_beyond(reading, horizon)
    require_room(len(reading.panel), horizon, 1)  # the quantiles of its steps take as much as one column
    of_steps = None if bands_of_totals(asked) else calibration
    values = panel_quantiles(predictor, reading.panel, horizon, LEVELS, None, limits, of_steps)
    bare = replace(
        reading, panel=replace(reading.panel, known=None)
    )  # covariates do not change the correlation of steps
    return totals(predictor, bare, values, columns, asked, limits, calibration)


def forecast_reading(
    predictor: Predictor,
    reading: Reading,
    horizon: int,
    levels: Numbers = (80,),
    quantiles: Numbers = (),
    report: Report | None = None,
    lanes: Lanes | None = None,
    limits: Limits = NO_LIMITS,
    calibration: Calibration | None = None,
    mean: bool = False,
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
        calibration: The factors of the bands of these series at these steps; by default none is applied.
        mean: Whether to add a column of the mean.

    Raises:
        UserError: The horizon, a level or a quantile is invalid, or a name of the table is also the name of another
            column of the result.
    """
    check_horizon(horizon)
    columns = QuantileColumns.of(predictor.name, levels, quantiles, mean)
    reading.refuse_taken(columns.names)
    _refuse_beyond(reading, horizon)
    series = reading.panel if lanes is None else lanes
    require_room(len(series), horizon, len(columns.names))
    return reading.future(horizon, panel_columns(predictor, series, horizon, columns, report, limits, calibration))


def _refuse_beyond(reading: Reading, horizon: int) -> None:
    """Refuses a horizon whose last time the table cannot hold; the series that ends last decides."""
    panel = reading.panel
    latest = int(panel.times[panel.starts[1:] - 1].argmax())
    last = _LAST_OF_NANOSECONDS if "ns" in str(reading.time_type) else _LAST_OF_CALENDARS
    try:
        times = panel.part(latest, latest + 1).future(horizon)[0]
        held = bool((times[1:] > times[:-1]).all()) and not (times.dtype.kind == "M" and (times > last).any())
    except (ValueError, OverflowError):  # pandas cannot count offsets that far
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
    calibration: Calibration | None = None,
    mean: bool = False,
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
        calibration: See `forecast_reading`; of all series of the table.
        mean: See `forecast_reading`.

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

        end = min(first + chunk, total)
        part, own = replace(reading, panel=panel.part(first, end)), calibration and calibration.part(first, end)
        yield forecast_reading(
            predictor, part, horizon, levels, quantiles, counted, limits=limits, calibration=own, mean=mean
        )
