"""Calibrated bands: quantiles corrected by the errors of the same predictor on the last windows of each series."""

from collections.abc import Sequence
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
_FOR_NINETY_FIVE = 19  # (n + 1) * 0.95 <= n: fewer scores support no 95 % band
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
    """The factors by which the bands of some lanes become wider or narrower.

    Attributes:
        factors: By lane, lead time and pair of levels.
        windows: How many windows of each lane were used.
        wanted: How many were asked for.
        past: The windows; None in a part of a calibration, and in a backtest.
    """

    factors: Float64[np.ndarray, "lanes steps pairs"]
    windows: Int64[np.ndarray, " lanes"]
    wanted: int
    past: Past | None = None

    def part(self, first: int, end: int) -> "Calibration":
        """Returns the lanes from index `first` up to `end`."""
        return replace(self, factors=self.factors[first:end], windows=self.windows[first:end], past=None)

    def note(self, where: str = "") -> str:
        """The note on how many windows there were, and how many a series needs alone; `where` names the origin."""
        total, lanes = int(self.windows.sum()), len(self.windows)
        if total == 0:
            need = SHORTEST + self.factors.shape[1]
            return f"`calibrate`: {where}no series has room for a window of {need} steps; the bands are not corrected"
        short = int((self.windows < self.wanted).sum())
        some = f"; {short:,} of {lanes:,} series are too short for all {self.wanted}" if short else ""
        few = total < _FOR_NINETY_FIVE
        need = "; an 80 % band needs 4 windows in all, a 90 % band 9 and a 95 % band 19" if few else ""
        return f"`calibrate`: {where}bands rest on {total:,} windows of {self.factors.shape[1]} steps{some}{need}"


def calibrate(predictor: Predictor, lanes: Origins, windows: int, report: Report | None = None) -> Calibration:
    """Measures a predictor on windows that end before the lanes do.

    The windows of a lane lie a horizon apart, or closer where it is short. Each is forecast from the values before it.

    Args:
        predictor: Any predictor.
        lanes: The beginnings of series to be forecast next; nothing after them is read.
        windows: The largest number of windows of a lane.
        report: See `forecast_panel`.
    """
    (found,) = _calibrations(predictor, [lanes], windows, report)
    return found


def calibrate_origins(
    predictor: Predictor, origins: Origins, windows: int, report: Report | None = None
) -> tuple[Calibration, str]:
    """Measures a predictor anew at each origin of a backtest; see `calibrate`.

    At an origin, all series of the panel with values before it count, even those without a window in the backtest. So
    the factors are those of `calibrate_panel` on the table cut off there.

    Returns:
        The factors of each lane, and the note on the origins with the fewest windows.

    Raises:
        UserError: The number of windows is not a whole number of at least 1.
    """
    check_windows(windows)
    panel, every = origins.panel, np.arange(len(origins.panel))
    factors = np.ones((len(origins), origins.horizon, PAIRS))
    used = np.zeros(len(origins), dtype=np.int64)
    behind = panel.ends[origins.series] - origins.spans
    masks = [behind == steps for steps in np.unique(behind)]
    cuts = [panel.ends_before(panel.ends - behind[own][0]) for own in masks]
    groups = [Origins(panel, every, np.zeros_like(every), cut, origins.horizon) for cut in cuts]
    found = _calibrations(predictor, groups, windows, report)
    for own, calibration in zip(masks, found, strict=True):
        factors[own], used[own] = calibration.factors[origins.series[own]], calibration.windows[origins.series[own]]
    fewest = min(found, key=lambda calibration: int(calibration.windows.sum()))
    where = "at the origins with the fewest windows before them, " if len(found) > 1 else ""
    return Calibration(factors, used, windows), fewest.note(where)


def _calibrations(
    predictor: Predictor, groups: Sequence[Origins], windows: int, report: Report | None
) -> list[Calibration]:
    """Measures a predictor on the windows before the lanes of each group; a window of several groups is forecast once.

    The groups are of one panel and horizon.
    """
    panel, horizon = groups[0].panel, groups[0].horizon
    own = [_windows(group, windows) for group in groups]
    wanted = [np.stack([group.series[lane], spans]) for group, (lane, _, spans) in zip(groups, own, strict=True)]
    distinct, index = np.unique(np.concatenate(wanted, axis=1), axis=1, return_inverse=True)
    each, quantiles = np.full((distinct.shape[1], horizon, PAIRS), np.nan), np.empty((0, horizon, len(LEVELS)))
    if len(each):
        lanes = Origins(panel, distinct[0], np.zeros_like(distinct[0]), distinct[1], horizon)
        quantiles = forecast_panel(without_support(predictor), lanes, horizon, LEVELS, report)
        each = scores(lanes.actual(), quantiles)
    results, first = [], 0
    for group, (lane, window, spans) in zip(groups, own, strict=True):
        which = index.reshape(-1)[first : first + len(lane)]
        first += len(lane)
        found = np.full((len(group), windows, horizon, PAIRS), np.nan)
        found[lane, window] = each[which]
        used = (~np.isnan(found)).any((2, 3)).sum(1)
        past = None
        if len(groups) == 1:  # copies for each origin of a backtest, which makes no totals, would fill the memory
            past = Past(Origins(panel, group.series[lane], window, spans, horizon), lane, quantiles[which])
        results.append(Calibration(series_factors(found), used, windows, past))
    return results


def _windows(
    lanes: Origins, windows: int
) -> tuple[Int64[np.ndarray, " past"], Int64[np.ndarray, " past"], Int64[np.ndarray, " past"]]:
    """The lane of each past window, its number, and the steps before it."""
    horizon, count = lanes.horizon, len(lanes)
    stride = np.clip((lanes.spans - horizon - SHORTEST) // max(windows - 1, 1), 1, horizon)
    lane, window = np.repeat(np.arange(count), windows), np.tile(np.arange(windows), count)
    spans = lanes.spans[lane] - horizon - stride[lane] * window
    kept = spans >= SHORTEST
    return lane[kept], window[kept], spans[kept]


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
    """Refuses an impossible number of windows.

    Raises:
        UserError: It is not a whole number of at least 1.
    """
    if isinstance(calibrate, bool) or not isinstance(calibrate, int | np.integer) or calibrate < 1:
        raise UserError("calibrate", calibrate, "give a whole number of windows of at least 1, such as 8")
