"""Bands that hold: quantiles corrected by how the same predictor did on the last windows of each series."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float64, Int64

from segue.errors import UserError
from segue.forecasting.answers.conformal import PAIRS, scores, series_factors, widened
from segue.forecasting.answers.raw import without_support
from segue.forecasting.predictor import LEVELS, Forecast, Lanes, Predictor, Report, forecast_panel
from segue.forecasting.support import NO_LIMITS, Limits, within_support
from segue.forecasting.table.grid.origins import Origins
from segue.forecasting.table.grid.panel import Panel

SHORTEST = 7
"""The fewest steps before a window; the benchmarks leave shorter histories out, too."""
_FOR_NINETY = 9  # (n + 1) * 0.9 <= n: of fewer scores no quantile supports a 90 % band
_BATCH = 128


@dataclass(frozen=True, eq=False)
class Past:
    """The last windows of some lanes, as a predictor forecast them.

    Attributes:
        windows: The beginnings of series that they were forecast from; `window` counts back from the last.
        lane: The lane of each.
        quantiles: Their forecasts at `LEVELS`, before the support of a series is applied.
    """

    windows: Origins
    lane: Int64[np.ndarray, " windows"]
    quantiles: Float64[np.ndarray, "windows steps levels"]


@dataclass(frozen=True, eq=False)
class Calibration:
    """How much wider than a predictor says the bands of some lanes must be.

    Attributes:
        factors: By lane, lead time and pair of levels.
        windows: How many windows of each lane were used.
        wanted: How many were asked for.
        past: The windows; None in a part of a calibration.
    """

    factors: Float64[np.ndarray, "lanes steps pairs"]
    windows: Int64[np.ndarray, " lanes"]
    wanted: int
    past: Past | None = None

    def part(self, first: int, end: int) -> "Calibration":
        """Returns that of the lanes from index `first` up to `end`."""
        return replace(self, factors=self.factors[first:end], windows=self.windows[first:end], past=None)

    def note(self) -> str:
        """Says how many windows there were, and how many a series of its own needs."""
        total, lanes = int(self.windows.sum()), len(self.windows)
        if total == 0:
            need = SHORTEST + self.factors.shape[1]
            return (
                f"`calibrate`: no series has room for a window, which takes {need} steps; the bands are not corrected"
            )
        short = int((self.windows < self.wanted).sum())
        some = f"; {short:,} of {lanes:,} series are too short for all {self.wanted}" if short else ""
        need = "" if total >= _FOR_NINETY else f"; 80 % bands need 4 windows in all, and 90 % bands {_FOR_NINETY}"
        return f"`calibrate`: bands rest on {total:,} windows of {self.factors.shape[1]} steps{some}{need}"


def calibrate(predictor: Predictor, lanes: Origins, windows: int, report: Report | None = None) -> Calibration:
    """Measures a predictor on windows that end before the lanes do.

    The windows of a lane lie a horizon apart, or closer where it is short. Each is forecast from the values before it.

    Args:
        predictor: Any predictor.
        lanes: The beginnings of series to be forecast next; nothing after them is read.
        windows: The largest number of windows of a lane.
        report: See `forecast_panel`.
    """
    horizon, count = lanes.horizon, len(lanes)
    stride = np.clip((lanes.spans - horizon - SHORTEST) // max(windows - 1, 1), 1, horizon)
    lane, window = np.repeat(np.arange(count), windows), np.tile(np.arange(windows), count)
    spans = lanes.spans[lane] - horizon - stride[lane] * window
    kept = np.flatnonzero(spans >= SHORTEST)
    lane, window = lane[kept], window[kept]
    past = Origins(lanes.panel, lanes.series[lane], window, spans[kept], horizon)
    found = np.full((count, windows, horizon, PAIRS), np.nan)
    quantiles = np.empty((0, horizon, len(LEVELS)))
    if len(kept):
        quantiles = forecast_panel(without_support(predictor), past, horizon, LEVELS, report)
        found[lane, window] = scores(past.actual(), quantiles)
    used = (~np.isnan(found)).any((2, 3)).sum(1)
    return Calibration(series_factors(found), used, windows, Past(past, lane, quantiles))


def calibrate_panel(
    predictor: Predictor, panel: Panel, horizon: int, windows: int, report: Report | None = None
) -> Calibration:
    """Measures a predictor on the last windows of all series of a panel; see `calibrate`.

    Raises:
        UserError: The number of windows is not a whole number of at least 1.
    """
    check_windows(windows)
    every = np.arange(len(panel))
    return calibrate(predictor, Origins(panel, every, np.zeros_like(every), panel.ends, horizon), windows, report)


def calibrated_panel(
    predictor: Predictor,
    lanes: Lanes,
    horizon: int,
    levels: tuple[float, ...],
    calibration: Calibration,
    report: Report | None = None,
    limits: Limits = NO_LIMITS,
) -> Float64[np.ndarray, "lanes steps levels"]:
    """Forecasts lanes as `forecast_panel` does, with the bands that a calibration gives.

    The support of a series (`segue.forecasting.support`) is applied last, so calibrated counts are counts.
    """
    quantiles = widened(forecast_panel(without_support(predictor), lanes, horizon, LEVELS, report), calibration.factors)
    if getattr(predictor, "keeps_support", False):
        order = np.argsort(lanes.lengths, kind="stable")
        for picked in np.split(order, range(_BATCH, len(order), _BATCH)):
            quantiles[picked] = within_support(quantiles[picked], *lanes.lanes(picked, predictor.context))
    return limits.within(Forecast(quantiles).at(levels))


def check_windows(calibrate: object) -> None:
    """Refuses a number of windows that is none.

    Raises:
        UserError: It is not a whole number of at least 1.
    """
    if isinstance(calibrate, bool) or not isinstance(calibrate, int | np.integer) or calibrate < 1:
        raise UserError("calibrate", calibrate, "give a whole number of windows of at least 1, such as 8")
