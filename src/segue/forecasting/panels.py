"""Forecasts of all lanes of a panel, in batches."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from jaxtyping import Float64
from numpy.typing import NDArray

from segue.forecasting.predictor import Known, Predictor, predict_lanes
from segue.forecasting.support import NO_LIMITS, Limits
from segue.forecasting.table.grid.panel import Lanes

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
        panel: The series, or the beginnings of some (`segue.forecasting.evaluation.origins.Origins`).
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
    """What is known beside the last `width` steps of some lanes, and of the steps ahead; None where nothing is."""
    lanes = getattr(panel, "known_lanes", None)  # streams hold values only
    found = None if lanes is None else lanes(picked, width, horizon)
    return None if found is None else Known(*found)
