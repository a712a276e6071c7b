"""The columns of a forecast: quantiles, with bands that were corrected or not, and the mean."""

import numpy as np
from jaxtyping import Float64
from numpy.typing import NDArray

from segue.forecasting.answers.calibration import Calibration, calibrated_panel
from segue.forecasting.answers.expectation import means
from segue.forecasting.predictor import LEVELS, Lanes, Predictor, Report, forecast_panel
from segue.forecasting.support import NO_LIMITS, Limits
from segue.forecasting.table.result import QuantileColumns


def panel_quantiles(
    predictor: Predictor,
    lanes: Lanes,
    horizon: int,
    levels: tuple[float, ...],
    report: Report | None = None,
    limits: Limits = NO_LIMITS,
    calibration: Calibration | None = None,
) -> Float64[np.ndarray, "lanes steps levels"]:
    """Returns the quantiles of lanes, with the bands that a calibration gives if there is one; see `forecast_panel`."""
    if calibration is None:
        return forecast_panel(predictor, lanes, horizon, levels, report, limits)
    return calibrated_panel(predictor, lanes, horizon, levels, calibration, report, limits)


def panel_columns(
    predictor: Predictor,
    lanes: Lanes,
    horizon: int,
    columns: QuantileColumns,
    report: Report | None = None,
    limits: Limits = NO_LIMITS,
    calibration: Calibration | None = None,
) -> dict[str, NDArray[np.float64]]:
    """Returns the values `(lanes, steps)` of each column of a forecast, by its name; see `panel_quantiles`."""
    own = tuple(columns.levels.values())
    levels = (*LEVELS, *own) if columns.mean else own
    found = panel_quantiles(predictor, lanes, horizon, levels, report, limits, calibration)
    mean = means(predictor, lanes, found[..., : len(LEVELS)], limits) if columns.mean else None
    return columns.named(found[..., -len(own) :], mean)
