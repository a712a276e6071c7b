"""Anomalies of a whole table: forecasts made before a row judge it, as if rows came live."""

from typing import Any, Unpack

import numpy as np

from segue.errors import UserError, give_notice
from segue.forecasting.registry import Model
from segue.forecasting.table.layout import Layout, TableOptions
from segue.forecasting.table.reading import Reading, read_frame
from segue.forecasting.table.result import Number
from segue.live.observations import Observations
from segue.live.watch import Watch

_MOST_LEVEL = 99.9
"""The highest level: one row in a thousand, which a few thousand rows can still verify."""


def detect(
    frame: Any,
    level: Number = 99,
    *,
    model: Model = "nanotst",
    refresh: int = 24,
    warm_up: int = 128,
    learn: bool = True,
    **options: Unpack[TableOptions],
) -> Any:
    """Finds the anomalies of every series of a long frame, whose rows may come in any order.

    Each row is compared with forecasts that were made before it. Its p-value is calibrated on the rows of its series
    before it, so that without anomalies 1 % of the rows are reported at level 99. Later forecasts read a surprising
    value only up to a bound, so one anomaly does not hide the next. A `segue.Watch`, fed row by row, gives the same.

    Args:
        frame: A DataFrame of pandas or polars with one row for each series and time.
        level: The percentage of ordinary rows that are not reported, in [50, 99.9].
        model: See `segue.forecast`.
        refresh: Steps after which the forecasts are made again; fewer take longer and detect more.
        warm_up: The number of first values of each series that are not judged.
        learn: Whether a series learns on the way: see `segue.Watch`.
        **options: How to read the table: `id_col`, `freq` and others, as `segue.Layout` describes them.

    Returns:
        A frame of the same kind with the rows of each series in order of time: series, times, `y`, the median
        `NanoTST`, the 80 % band `NanoTST-lo-80` and `NanoTST-hi-80` (each named after its predictor), `score` in
        [0, 1] (0.999: one such row in a thousand), and `anomaly`. While a series warms up, its rows have no forecast
        and score 0.

    Raises:
        UserError: An argument is invalid, or the frame is no such table.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"ds": range(60), "y": [1.0, 2.0] * 25 + [9.0] + [2.0, 1.0] * 4 + [2.0]})
        >>> found = detect(frame, model="seasonal-naive:2", warm_up=16)
        >>> found.loc[found["anomaly"], "ds"].tolist()
        [50]
    """
    if isinstance(level, bool) or not isinstance(level, int | float) or not 50 <= level <= _MOST_LEVEL:
        raise UserError("level", level, f"give per cent in [50, {_MOST_LEVEL}]")
    if options.get("season") is not None:
        raise UserError("season", options["season"], "leave it out: a watch takes the seasons that the step suggests")
    reading = read_frame(frame, Layout(**options))
    give_notice(reading.notes)
    watch = Watch(model, refresh=refresh, warm_up=warm_up, freq=_step(reading), learn=learn)
    observations = _observe(watch, reading)
    return _table(reading, watch.predictor.name, observations, float(level))


def _step(reading: Reading) -> str | int:
    """The step of the table, as a watch takes it; rows that are numbered are steps of 1."""
    panel = reading.panel
    alias = panel.frequency.alias
    return 1 if panel.times.dtype.kind == "i" and not alias.isdigit() else int(alias) if alias.isdigit() else alias


def _observe(watch: Watch, reading: Reading) -> Observations:
    """Feeds all rows of all series; a series is named by its number."""
    panel = reading.panel
    codes = np.repeat(np.arange(len(panel)), np.diff(panel.starts))
    return watch.observe(codes, panel.times, panel.values)


def _table(reading: Reading, point: str, observations: Observations, level: float) -> Any:
    """The rows of the table with what was observed of them."""
    columns = {
        point: observations.expected,
        f"{point}-lo-80": observations.lower,
        f"{point}-hi-80": observations.upper,
        "score": observations.score,
        "anomaly": observations.p <= 1 - level / 100,  # NaN compares as false
    }
    return reading.rows(np.arange(len(reading.panel.values)), columns)
