"""Simulated futures of a table: joint paths of every series."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Unpack

import numpy as np
from jaxtyping import Float64

from segue.errors import UserError, give_notice
from segue.forecasting.answers.between import correlate
from segue.forecasting.answers.dependence import PAST, estimate_dependence
from segue.forecasting.answers.informed import read_given
from segue.forecasting.answers.options import GivenOptions
from segue.forecasting.answers.paths import join_paths, noise_of
from segue.forecasting.predictor import LEVELS, Lanes, Predictor, check_horizon, forecast_panel
from segue.forecasting.registry import Model, load_predictor
from segue.forecasting.support import NO_LIMITS, Limits, within_support
from segue.forecasting.table.reading import Reading
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
    **options: Unpack[GivenOptions],
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
    chunk = max(1, _CELLS // (paths * horizon)) if chunk is None else chunk
    for first in range(0, len(reading.panel), chunk):
        part = replace(reading, panel=reading.panel.part(first, min(first + chunk, len(reading.panel))))
        quantiles = forecast_panel(predictor, part.panel, horizon, LEVELS, limits=limits)
        values = join_panel(predictor, part.panel, part.panel.ids.to_list(), quantiles, paths, seed, limits)
        yield part.paths(horizon, predictor.name, values)


def check_paths(paths: object, seed: object) -> None:
    """Refuses a number of paths or a seed that is none.

    Raises:
        UserError: `paths` is no whole number of at least 2, or `seed` none of at least 0.
    """
    for name, given, least in (("paths", paths, 2), ("seed", seed, 0)):
        if isinstance(given, bool) or not isinstance(given, int | np.integer) or given < least:
            raise UserError(name, given, f"give a whole number of at least {least}")


def join_panel(
    predictor: Predictor,
    panel: Lanes,
    names: Sequence[object],
    quantiles: Float64[np.ndarray, "lanes steps levels"],
    paths: int,
    seed: int,
    limits: Limits = NO_LIMITS,
    together: bool = False,
) -> Float64[np.ndarray, "lanes paths steps"]:
    """Joins the quantiles of a forecast to paths; see `simulate`.

    Args:
        predictor: That of the forecast; it says whether values move to the support of the series.
        panel: The series, or beginnings of some.
        names: The id of the series of each lane.
        quantiles: Their forecast at `LEVELS`.
        paths: Number of paths of each series, at least 2.
        seed: A whole number of at least 0.
        limits: The least and the largest value.
        together: Whether the shocks of different series are correlated as in the past; all must end at one time.
    """
    horizon, every = quantiles.shape[1], np.arange(len(panel))
    noise = np.stack([noise_of(seed, name, paths, horizon + 1) for name in names])
    dependence = estimate_dependence(*panel.lanes(every, PAST), panel.seasons, horizon)
    if together:
        noise = correlate(noise, dependence.shocks)
    size = max(1, _CELLS // (8 * paths * horizon))
    for first in range(0, len(panel), size):  # paths take the place of the noise
        lanes = every[first : first + size]
        joined = join_paths(quantiles[lanes], dependence.part(first, first + size).scores(noise[lanes]))
        if getattr(predictor, "keeps_support", False):
            joined = within_support(joined, *panel.lanes(lanes, predictor.context))
        noise[lanes, :, :-1] = limits.within(joined)
    return noise[..., :-1]
