"""Simulated futures of a table: joint paths of every series."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Unpack

import numpy as np
from jaxtyping import Float64

from segue.errors import UserError, give_notice
from segue.forecasting.answers.dependence import PAST, Dependence, estimate_dependence
from segue.forecasting.answers.paths import join_paths, noise_of
from segue.forecasting.panels import forecast_panel
from segue.forecasting.predictor import LEVELS, Predictor, check_horizon
from segue.forecasting.registry import Model, load_predictor
from segue.forecasting.support import NO_LIMITS, Limits, within_support
from segue.forecasting.table.grid.panel import Panel
from segue.forecasting.table.layout import Layout, TableOptions
from segue.forecasting.table.reading import Reading, read_frame
from segue.forecasting.table.result import Number

_CELLS = 4_000_000  # values of paths that are made at once: 32 MB an array, of which some five exist


def simulate(
    frame: Any,
    horizon: int,
    *,
    paths: int = 500,
    seed: int = 0,
    model: Model = "nanotst",
    floor: Number | None = None,
    cap: Number | None = None,
    **table: Unpack[TableOptions],
) -> Any:
    """Simulates joint paths of every series of a long frame.

    At each step the paths are the quantiles of the forecast. How a path goes on from step to step comes from the
    series' own past (`segue.forecasting.answers.dependence`). Paths of different series are independent.

    Args:
        frame: A DataFrame of pandas or polars, as for `segue.forecast`.
        horizon: Number of steps ahead, at least 1.
        paths: The number of paths of each series, at least 2.
        seed: A whole number of at least 0. With it and its id alone, a series has the same paths in any table.
        model: See `segue.forecast`.
        floor: The least value, such as 0.
        cap: The largest value.
        **table: See `segue.forecast`.

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
    reading = read_frame(frame, Layout(**table))
    give_notice((*reading.notes, *limits.notes(reading.panel.values)))
    (whole,) = simulate_chunks(load_predictor(model), reading, horizon, paths, seed, limits, max(len(reading.panel), 1))
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
    chunk = max(1, _CELLS // (paths * horizon)) if chunk is None else chunk
    for first in range(0, len(reading.panel), chunk):
        part = replace(reading, panel=reading.panel.part(first, min(first + chunk, len(reading.panel))))
        values = simulate_panel(predictor, part.panel, horizon, paths, seed, limits)
        yield part.paths(horizon, predictor.name, values)


def check_paths(paths: object, seed: object) -> None:
    """Refuses a number of paths or a seed that is none.

    Raises:
        UserError: `paths` is no whole number of at least 2, or `seed` none of at least 0.
    """
    for name, given, least in (("paths", paths, 2), ("seed", seed, 0)):
        if isinstance(given, bool) or not isinstance(given, int | np.integer) or given < least:
            raise UserError(name, given, f"give a whole number of at least {least}")


def simulate_panel(
    predictor: Predictor,
    panel: Panel,
    horizon: int,
    paths: int,
    seed: int,
    limits: Limits = NO_LIMITS,
    together: bool = False,
) -> Float64[np.ndarray, "lanes paths steps"]:
    """Simulates paths of all series of a panel; see `simulate`.

    Args:
        predictor: NanoTST or a baseline.
        panel: The series.
        horizon: Number of steps ahead, at least 1.
        paths: Number of paths of each series, at least 2.
        seed: A whole number of at least 0.
        limits: The least and the largest value.
        together: Whether the shocks of different series are correlated as in the past; all must end at one time.
    """
    quantiles = forecast_panel(predictor, panel, horizon, LEVELS, limits=limits)
    names = panel.ids.to_list()
    result = np.empty((len(panel), paths, horizon))
    noise = np.stack([noise_of(seed, name, paths, horizon) for name in names])
    every = np.arange(len(panel))
    past = panel.lanes(every, PAST)
    dependence = estimate_dependence(*past, panel.seasons, horizon)
    if together:
        from segue.forecasting.answers.between import correlate

        noise = correlate(noise, dependence.shocks)
    size = max(1, _CELLS // (8 * paths * horizon))
    for first in range(0, len(panel), size):
        lanes = every[first : first + size]
        part = Dependence(dependence.response[lanes], dependence.shocks[lanes])
        joined = join_paths(quantiles[lanes], part.scores(noise[lanes]))
        if getattr(predictor, "keeps_support", False):
            values, observed = panel.lanes(lanes, predictor.context)
            joined = within_support(joined, values, observed)
        result[lanes] = limits.within(joined)
    return result
