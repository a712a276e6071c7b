"""Totals of a forecast: the sum, mean, least or largest value of several steps, of several series, or of both.

Sums of quantiles are not the quantiles of a sum, because errors partly cancel. So the quantiles come from joint paths.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
from jaxtyping import Float64, Int64
from numpy.typing import NDArray

from segue.errors import UserError
from segue.forecasting.answers.calibration import Calibration
from segue.forecasting.answers.joined import CELLS, check_paths, join_panel
from segue.forecasting.answers.parts import PATHS, WAYS, put_together
from segue.forecasting.answers.paths import path_means
from segue.forecasting.answers.total_bands import held_totals
from segue.forecasting.predictor import LEVELS, Forecast, Predictor
from segue.forecasting.support import NO_LIMITS, Limits
from segue.forecasting.table.grid.frequency import Times
from segue.forecasting.table.grid.months import NAMES as MONTH_NAMES
from segue.forecasting.table.grid.panel import Panel
from segue.forecasting.table.reading import Reading
from segue.forecasting.table.result import QuantileColumns

_WHOLE = "horizon"
_ALL = "all"


@dataclass(frozen=True)
class Totals:
    """Which totals are made, and how.

    Attributes:
        per: One period of pandas such as `W`, `M` or `Q`, or `horizon` for all steps; None to keep the steps.
        how: `sum`, `mean`, `min` or `max`.
        over: A column of names, whose series of one name are put together, or `all` series; None to keep the series.
        seed: The seed of the paths.

    Raises:
        UserError: `how` is none of these words, or `per` is not a frequency, or is several periods, such as `2M`.
    """

    per: str | None = None
    how: str = "sum"
    over: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.how not in WAYS:
            raise UserError("how", self.how, f"choose one of {', '.join(WAYS)}")
        if self.per not in (None, _WHOLE):
            try:
                count = pd.Timestamp(2024, 1, 1).to_period(_period(self.per)).freq.n
            except (ValueError, KeyError, AttributeError) as error:
                raise UserError("per", self.per, "give a pandas frequency such as W, M or Q, or horizon") from error
            if count != 1:  # pandas would begin such a period at each step
                raise UserError("per", self.per, "give a single period such as W, M or Q, or horizon")


def totals_asked(per: str | None, how: str | None, over: str | None, seed: int | None = None) -> Totals | None:
    """Returns the totals that a user asks for; None without any.

    Raises:
        UserError: `how` or a seed comes without `per` and `over`, or one of them is invalid.
    """
    if per is None and over is None:
        for name, given in (("how", how), ("seed", seed)):
            if given is not None:
                raise UserError(name, given, "give `per`, `over` or both, too")
        return None
    seed = 0 if seed is None else seed
    check_paths(PATHS, seed)
    return Totals(per, "sum" if how is None else how, over, seed)


def totals(
    predictor: Predictor,
    reading: Reading,
    quantiles: Float64[np.ndarray, "lanes steps levels"],
    columns: QuantileColumns,
    asked: Totals,
    limits: Limits = NO_LIMITS,
    calibration: Calibration | None = None,
) -> Any:
    """Makes the table of totals of a forecast.

    Args:
        predictor: The predictor of the forecast.
        reading: The table.
        quantiles: The forecast of its series, at `segue.LEVELS`.
        columns: The columns of the result.
        asked: Which totals to make.
        limits: The least and the largest value of a step.
        calibration: The past windows on which the bands of totals are corrected; see `bands_of_totals`.

    Returns:
        A frame of the kind that was read: series, the first time of each total, the number of its `steps`, columns.

    Raises:
        UserError: `over` names no id column, the series of a total end at different times, or `per` names a calendar
            although rows are numbered.
    """
    times = reading.panel.future(quantiles.shape[1])
    groups, names = _groups(reading, asked.over)
    firsts = [_firsts(own, asked.per) for own in times]
    rows: list[tuple[int, Times, NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]] = []
    for lane, paths in _paths(predictor, reading.panel, quantiles, groups, times, asked, limits):
        parts = firsts[lane]
        made = put_together(paths, parts, asked.how)
        bounds, steps = np.quantile(made, LEVELS, axis=0).T, np.diff(parts, append=times.shape[1])
        rows.append((int(groups[lane]), times[lane, parts], steps, bounds, made.mean(0)))
    codes = np.concatenate([np.full(len(row[1]), row[0]) for row in rows])
    values, mean = (np.concatenate([row[part] for row in rows]) for part in (3, 4))
    if calibration is not None and bands_of_totals(asked):
        plain = values
        values = held_totals(predictor, reading.panel, values, firsts, calibration, asked.how, asked.seed, limits)
        mean = mean + path_means(values, PATHS) - path_means(plain, PATHS)
    found = Forecast(values[None]).at(tuple(columns.levels.values()))[0]
    named = columns.named(found, mean if columns.mean else None)
    table = {"steps": np.concatenate([row[2] for row in rows]), **named}
    return reading.summed(codes, names, np.concatenate([row[1] for row in rows]), table)


def _paths(
    predictor: Predictor,
    panel: Panel,
    quantiles: Float64[np.ndarray, "lanes steps levels"],
    groups: Int64[np.ndarray, " lanes"],
    times: Times,
    asked: Totals,
    limits: Limits,
) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Yields the first lane of each total over series, and its paths (paths, steps)."""
    for lanes in _blocks(groups, CELLS // (PATHS * times.shape[1]), asked.over is None):
        if asked.over is not None and (times[lanes] != times[lanes[0]]).any():
            raise UserError("over", asked.over, "the series of a total end at different times; cut them to one end")
        together = asked.over is not None and len(lanes) > 1
        part = _picked(panel, lanes)
        ids = part.ids.to_list()
        joined = join_panel(predictor, part, ids, quantiles[lanes], PATHS, asked.seed, limits, together)
        joined = joined if asked.over is None else WAYS[asked.how](joined, axis=0)[None]
        yield from zip(lanes.tolist(), joined, strict=False)


def bands_of_totals(asked: Totals | None) -> bool:
    """Whether `calibrate` corrects the bands of totals; else it corrects those of the steps, before paths are made.

    Windows of several series do not lie at the same times, so totals over series cannot be calibrated themselves.
    """
    return asked is not None and asked.over is None


def _groups(reading: Reading, over: str | None) -> tuple[Int64[np.ndarray, " lanes"], nw.Series[Any] | None]:
    """The total of each series, and the names of the totals; None if these are the series."""
    panel = reading.panel
    every = np.arange(len(panel))
    if over is None:
        return every, None
    backend = panel.ids.implementation
    if over == _ALL:
        return np.zeros_like(every), nw.new_series(reading.id_col, [_ALL], backend=backend)
    cells = {} if reading.keys is None else reading.keys.of(panel.ids, every)
    if over not in cells:
        known = f"one of {', '.join((*cells, _ALL))}" if cells else _ALL
        raise UserError("over", over, f"give {known}; name the column among `id_col` to have it here")
    codes, distinct = pd.factorize(pd.Series(cells[over].to_list(), dtype=object), sort=True)
    firsts = [int(np.flatnonzero(codes == code)[0]) for code in range(len(distinct))]
    return codes.astype(np.int64), cells[over][firsts]


def _blocks(groups: Int64[np.ndarray, " lanes"], most: int, apart: bool) -> Iterator[NDArray[np.int64]]:
    """The lanes that are joined at once: those of a total over series, or at most `most` single ones."""
    if apart:
        yield from np.split(np.arange(len(groups)), range(max(most, 1), len(groups), max(most, 1)))
    else:
        yield from (np.flatnonzero(groups == group) for group in range(int(groups.max()) + 1))


def _firsts(times: Times, per: str | None) -> NDArray[np.int64]:
    """The first step of each total."""
    if per is None:
        return np.arange(len(times))
    if per == _WHOLE:
        return np.zeros(1, dtype=np.int64)
    if times.dtype.kind == "i":
        raise UserError("per", per, "numbered rows have no calendar; give horizon")
    periods = pd.DatetimeIndex(times).to_period(_period(per))
    return np.flatnonzero(np.concatenate([[True], periods[1:] != periods[:-1]]))


def _picked(panel: Panel, lanes: NDArray[np.int64]) -> Panel:
    """The panel of some series."""
    if len(lanes) == 1:
        return panel.part(int(lanes[0]), int(lanes[0]) + 1)
    rows = np.concatenate([np.arange(panel.starts[lane], panel.starts[lane + 1]) for lane in lanes])
    starts = np.concatenate([[0], np.cumsum(np.diff(panel.starts)[lanes])]).astype(np.int64)
    return replace(
        panel,
        ids=panel.ids[lanes.tolist()],
        starts=starts,
        times=panel.times[rows],
        steps=panel.steps[rows],
        values=panel.values[rows],
    )


def _period(per: str) -> str:
    """The name of a period by that of its steps: pandas calls a quarter `Q`, and quarterly times `QE` or `QS`.

    The month in the name of a period is its last one: years that begin in April, `YS-APR`, are periods of `Y-MAR`.
    """
    begun = re.fullmatch(r"([QY])S-([A-Z]{3})", per)
    if begun and begun[2].title() in MONTH_NAMES:
        return f"{begun[1]}-{MONTH_NAMES[MONTH_NAMES.index(begun[2].title()) - 1].upper()}"
    return re.sub(r"^([MQY])[ES](?=-|$)", r"\1", per)
