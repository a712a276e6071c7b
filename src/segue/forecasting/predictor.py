"""The contract of every forecaster, from a history to quantiles, and the work that every caller shares."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float64, Int64
from numpy.typing import NDArray

from segue.errors import UserError
from segue.forecasting.known import Known as Known
from segue.forecasting.support import NO_LIMITS, Limits, within_support
from segue.memory import require_memory

LEVELS: tuple[float, ...] = (
    0.01, 0.025, 0.05, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 0.95, 0.975, 0.99,
)  # fmt: skip
"""The quantile levels of every forecaster: deciles, quartiles, and the bounds of the 90, 95 and 98 % intervals."""

_STEP_BYTES = 650  # bytes for each step of one series: the peak memory of 30,000 steps was 18 MB above that of 2,000


@dataclass(frozen=True, eq=False)
class History:
    """The past of some lanes, as a predictor reads it; every lane has a value in the last column.

    Attributes:
        values: Values in the unit of the series; they are finite even where not observed.
        observed: False where a value is missing, or before the lane began.
        seasons: Periods in steps that the calendar or the user suggests, the customary one first. They are not always
            whole (365.25 days, 52.18 weeks), and zero where there is none.
        known: Covariates and holidays of these steps and of those ahead, or None. Most predictors do not read them.

    Raises:
        ValueError: The last column is not observed in every lane.
    """

    values: Float64[np.ndarray, "lanes time"]
    observed: Bool[np.ndarray, "lanes time"]
    seasons: Float64[np.ndarray, "lanes periods"]
    known: Known | None = None

    def __post_init__(self) -> None:
        if not (self.observed.shape[1] and self.observed[:, -1].all()):
            raise ValueError("every lane must have an observed value in the last column")

    def __len__(self) -> int:
        return len(self.values)

    def select(self, lanes: Int64[np.ndarray, " picked"], since: int = 0) -> "History":
        """Returns some of the lanes, from the column `since` on."""
        known = self.known and self.known.select(lanes, since)
        return History(self.values[lanes, since:], self.observed[lanes, since:], self.seasons[lanes], known)


@dataclass(frozen=True, eq=False)
class Forecast:
    """The distribution of each future value, as quantiles.

    Attributes:
        quantiles: Values in the unit of the series, non-decreasing along the last axis.
        levels: The quantile level of each entry of the last axis, ascending, in (0, 1).
        mean: The expectation of each value; None if the predictor does not give it.

    Raises:
        ValueError: The levels do not ascend between 0 and 1.
    """

    quantiles: Float64[np.ndarray, "lanes steps levels"]
    levels: tuple[float, ...] = LEVELS
    mean: Float64[np.ndarray, "lanes steps"] | None = None

    def __post_init__(self) -> None:
        if not all(low < high for low, high in pairwise((0.0, *self.levels, 1.0))):
            raise ValueError(f"levels {self.levels} must ascend between 0 and 1")

    @property
    def horizon(self) -> int:
        """The number of future steps."""
        return int(self.quantiles.shape[1])

    @cached_property
    def median(self) -> Float64[np.ndarray, "lanes steps"]:
        """The quantile of level 0.5: the point forecast.

        Raises:
            ValueError: 0.5 is not among the levels; the median is never interpolated.
        """
        if 0.5 not in self.levels:
            raise ValueError(f"no median among the levels {self.levels}")
        return self.quantiles[..., self.levels.index(0.5)]

    def at(self, levels: tuple[float, ...]) -> Float64[np.ndarray, "lanes steps picked"]:
        """Returns the quantiles of other levels, by linear interpolation between the given ones.

        Args:
            levels: Each within the first and the last of `self.levels`.

        Raises:
            ValueError: A level lies outside this range; a tail is never extrapolated.
        """
        if levels == self.levels:
            return self.quantiles
        if not all(self.levels[0] <= level <= self.levels[-1] for level in levels):
            raise ValueError(f"levels {levels} must lie in [{self.levels[0]}, {self.levels[-1]}]")
        given, wanted = np.array(self.levels), np.array(levels)
        right = np.searchsorted(given, wanted)
        left = np.maximum(right - 1, 0)
        distance = np.where(right > left, given[right] - given[left], 1.0)
        share = np.where(given[right] == wanted, 1.0, (wanted - given[left]) / distance)
        low, high = self.quantiles[..., left], self.quantiles[..., right]
        return np.where(share == 1.0, high, low + share * (high - low))


@runtime_checkable
class Predictor(Protocol):
    """Anything that forecasts lanes of numbers: NanoTST and every baseline.

    Four more attributes are optional. `batch` is the number of lanes that it takes at once, 128 by default. `workers`
    is the number of batches that may run side by side, in threads, 1 by default. If `keeps_support` is true, the caller
    moves its quantiles to values that each series can take (`segue.forecasting.support`). `pass_context` is the number
    of values that live series keep, `context` by default. Values before these may improve a forecast, at a price.
    """

    name: str
    """The column name of its point forecast, for example `NanoTST`."""

    @property
    def context(self) -> int:
        """The number of last values that it reads."""
        ...

    @property
    def fingerprint(self) -> str:
        """A text that no other predictor has: a hash of config and weights, or the settings."""
        ...

    def predict(self, history: History, horizon: int) -> Forecast:
        """Forecasts the `horizon` values after the last column, at `LEVELS`.

        Args:
            history: The past of the lanes, at most `context` columns.
            horizon: Number of steps ahead, at least 1.
        """
        ...


def predict_lanes(
    predictor: Predictor,
    values: Float64[np.ndarray, "lanes time"],
    observed: Bool[np.ndarray, "lanes time"],
    seasons: Float64[np.ndarray, "lanes periods"],
    horizon: int,
    known: Known | None = None,
) -> Forecast:
    """Forecasts lanes of a table or a stream, and does the work that every caller of a predictor shares.

    Lanes are cut to the context. Each lane is cut at its last value, and the steps since then are forecast together
    with the future. So no forecast depends on the other lanes. Quantiles move to the support where the predictor
    declares `keeps_support`.

    Args:
        predictor: NanoTST or a baseline.
        values: Values in the unit of the series; they are finite where observed.
        observed: False where a value is missing, or before the lane began.
        seasons: See `History`.
        horizon: Number of steps after the last column, at least 1.
        known: Covariates and holidays of all columns and of the steps ahead, if there are any.

    Returns:
        The forecast at `LEVELS`; NaN for a lane without any value.

    Raises:
        UserError: The horizon is not a whole number of at least 1.
        ValueError: The predictor breaks its contract: other levels, or another number of lanes or steps.
    """
    check_horizon(horizon)
    begin = max(0, values.shape[1] - predictor.context)
    values, observed = np.where(observed, values, 0.0)[:, begin:], observed[:, begin:]
    quantiles = np.full((len(values), horizon, len(LEVELS)), np.nan)
    mean: Float64[np.ndarray, "lanes steps"] | None = None
    gaps = np.where(observed.any(1), observed[:, ::-1].argmax(1), -1) if observed.shape[1] else np.full(len(values), -1)
    for gap in np.unique(gaps[gaps >= 0]).tolist():
        lanes = np.flatnonzero(gaps == gap)
        width = values.shape[1] - gap
        beside = known and known.select(lanes, begin)
        history = History(values[lanes, :width], observed[lanes, :width], seasons[lanes], beside)
        forecast = predictor.predict(history, horizon + gap)
        _check(forecast, predictor.name, (len(lanes), horizon + gap, len(LEVELS)))
        ahead = forecast.quantiles
        if getattr(predictor, "keeps_support", False):
            ahead = within_support(ahead, history.values, history.observed)
        quantiles[lanes] = ahead[:, gap:]
        if forecast.mean is not None:
            mean = np.full(quantiles.shape[:2], np.nan) if mean is None else mean
            mean[lanes] = forecast.mean[:, gap:]
    return Forecast(quantiles, LEVELS, mean)


def _check(forecast: Forecast, name: str, shape: tuple[int, int, int]) -> None:
    """Refuses a result that breaks the contract: its quantiles would appear under wrong levels or steps."""
    if forecast.levels != LEVELS or forecast.quantiles.shape != shape:
        given = f"{forecast.quantiles.shape} at levels {forecast.levels}"
        raise ValueError(f"{name} gives quantiles of shape {given}; its caller needs {shape} at segue.LEVELS")


@runtime_checkable
class Lanes(Protocol):
    """Lanes that can be forecast: series, or beginnings of series."""

    def __len__(self) -> int: ...

    @property
    def lengths(self) -> Int64[np.ndarray, " lanes"]:
        """The number of steps of each lane, missing ones included."""
        ...

    @property
    def seasons(self) -> Float64[np.ndarray, "lanes periods"]:
        """The periods in steps that the calendar suggests for each lane; see `History`."""
        ...

    def lanes(
        self, picked: Sequence[int] | NDArray[np.int64], context: int
    ) -> tuple[Float64[np.ndarray, "lanes time"], Bool[np.ndarray, "lanes time"]]:
        """Returns the last values of some lanes, aligned at their ends, and which of them are observed."""
        ...


Report = Callable[[int, int], None]
"""A function to call with the number of lanes that are done, and the number of all lanes."""


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
        panel: The series, or the beginnings of some (`segue.forecasting.table.grid.origins.Origins`).
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
        known = _known(panel, picked, values.shape[1], horizon)
        quantiles = predict_lanes(predictor, values, observed, seasons[picked], horizon, known).at(levels)
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


def _known(panel: Lanes, picked: NDArray[np.int64], width: int, horizon: int) -> Known | None:
    """Covariates and holidays of the last `width` steps of some lanes and of the steps ahead; None without any."""
    lanes = getattr(panel, "known_lanes", None)  # streams hold values only
    found = None if lanes is None else lanes(picked, width, horizon)
    return None if found is None else Known(*found)


def check_horizon(horizon: object) -> None:
    """Refuses a horizon that is not a number of steps, or that asks for more memory than there is.

    Raises:
        UserError: The horizon is not a whole number of at least 1, or one series of so many steps fills the memory.
    """
    if isinstance(horizon, bool) or not isinstance(horizon, int | np.integer) or horizon < 1:
        raise UserError("horizon", horizon, "give a whole number of at least 1")
    require_memory("horizon", horizon, int(horizon) * _STEP_BYTES, "give a smaller one")
