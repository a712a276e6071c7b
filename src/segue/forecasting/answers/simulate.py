"""Simulated futures of a table: joint paths of every series."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Unpack

from segue.errors import give_notice
from segue.forecasting.answers.informed import read_given
from segue.forecasting.answers.joined import CELLS, check_paths, join_panel
from segue.forecasting.answers.options import GivenOptions
from segue.forecasting.predictor import LEVELS, Predictor, check_horizon, forecast_panel
from segue.forecasting.registry import Model, load_predictor
from segue.forecasting.support import NO_LIMITS, Limits
from segue.forecasting.table.reading import Reading
from segue.forecasting.table.result import Number


def simulate(
    frame: Any,
    horizon: int,
    *,
    paths: int = 500,
    seed: int = 0,
    model: Model = "nanotst",
    floor: Number | None = None,
    cap: Number | None = None,
    **options: Unpack[GivenOptions],
) -> Any:
    """Simulates joint paths of every series of a long frame.

    At each step the values of the paths are quantiles of the forecast. The past of the series decides how paths
    continue from step to step (`segue.forecasting.answers.dependence`). Paths of different series are independent.

    Args:
        frame: A DataFrame of pandas or polars, as for `segue.forecast`.
        horizon: Number of steps ahead, at least 1.
        paths: The number of paths of each series, at least 2.
        seed: A whole number of at least 0. With it and its id alone, a series has the same paths in any table.
        model: See `segue.forecast`.
        floor: The least value, such as 0.
        cap: The largest value.
        **options: `future`, `covariates` and `holidays`, as for `segue.forecast`; and how to read the table, as
            `segue.Layout` describes it.

    Returns:
        A frame of the same kind: series, `path` from 0 on, time, and a column of values with the name of the predictor.

    Raises:
        UserError: An argument is invalid; the message names it and the remedy.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"ds": [1, 2, 3, 4], "y": [5.0, 6.0, 5.0, 6.0]})
        >>> simulate(frame, horizon=3, paths=2, model="seasonal-naive:2")["SeasonalNaive"].tolist()
        [5.0, 6.0, 5.0, 5.0, 6.0, 5.0]
    """
    check_paths(paths, seed)
    limits = Limits(floor, cap)
    predictor, reading = read_given(frame, options, horizon, load_predictor(model))
    give_notice((*reading.notes, *limits.notes(reading.panel.values)))
    (whole,) = simulate_chunks(predictor, reading, horizon, paths, seed, limits, max(len(reading.panel), 1))
    return whole


def simulate_chunks(
    predictor: Predictor,
    reading: Reading,
    horizon: int,
    paths: int,
    seed: int,
    limits: Limits = NO_LIMITS,
    chunk: int | None = None,
) -> Iterator[Any]:
    """Yields the frames of `simulate` for consecutive series, so that memory does not grow with their number."""
    check_horizon(horizon)
    check_paths(paths, seed)
    reading.refuse_taken(("path", predictor.name))
    chunk = max(1, CELLS // (paths * horizon)) if chunk is None else chunk
    for first in range(0, len(reading.panel), chunk):
        part = replace(reading, panel=reading.panel.part(first, min(first + chunk, len(reading.panel))))
        quantiles = forecast_panel(predictor, part.panel, horizon, LEVELS, limits=limits)
        values = join_panel(predictor, part.panel, part.panel.ids.to_list(), quantiles, paths, seed, limits)
        yield part.paths(horizon, predictor.name, values)
