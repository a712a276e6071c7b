"""Joint paths of a panel: quantiles of a forecast, correlated over lead times and series as errors were in the past."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64

from segue.errors import UserError
from segue.forecasting.answers.between import correlate
from segue.forecasting.answers.dependence import PAST, estimate_dependence
from segue.forecasting.answers.paths import join_paths, noise_of
from segue.forecasting.predictor import Lanes, Predictor
from segue.forecasting.support import NO_LIMITS, Limits, within_support

CELLS = 4_000_000
"""The number of path values that are made at once: 32 MB for each of some five arrays."""


def check_paths(paths: object, seed: object) -> None:
    """Refuses an impossible number of paths, or an impossible seed.

    Raises:
        UserError: `paths` is not a whole number of at least 2, or `seed` is not one of at least 0.
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
    """Joins the quantiles of a forecast to paths; see `segue.simulate`.

    Args:
        predictor: The predictor of the forecast; it declares whether values move to the support of the series.
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
    size = max(1, CELLS // (8 * paths * horizon))
    for first in range(0, len(panel), size):  # paths take the place of the noise
        lanes = every[first : first + size]
        joined = join_paths(quantiles[lanes], dependence.part(first, first + size).scores(noise[lanes]))
        if getattr(predictor, "keeps_support", False):
            joined = within_support(joined, *panel.lanes(lanes, predictor.context))
        noise[lanes, :, :-1] = limits.within(joined)
    return noise[..., :-1]
