"""The mean of a predictive distribution, from its quantiles."""

import numpy as np
from jaxtyping import Float64

from segue.forecasting.answers.paths import path_values
from segue.forecasting.predictor import Lanes, Predictor
from segue.forecasting.support import NO_LIMITS, Limits, within_support

NODES = 1000
"""The number of levels at which the quantile function is read. Totals take as many paths, so both have the same mean.
The tail beyond the last level is left out, which costs 0.0001 of a deviation."""
_CELLS, _BATCH = 4_000_000, 128  # values and lanes that are made at once: 32 MB, and some long pasts


def means(
    predictor: Predictor,
    lanes: Lanes,
    quantiles: Float64[np.ndarray, "lanes steps levels"],
    limits: Limits = NO_LIMITS,
) -> Float64[np.ndarray, "lanes steps"]:
    """Returns the mean of each distribution: the integral of its quantile function.

    Between levels the quantile function is linear. Beyond 1 and 99 % it goes on as the tail of the normal distribution
    through the last two quantiles. Values move to the support of the series and to the limits before they are averaged,
    so no mean lies beyond a floor or a cap. The mean of counts is not whole itself. `segue.simulate` with as many
    paths has the same mean.

    Args:
        predictor: That of the forecast; it says whether values move to the support of the series.
        lanes: The series.
        quantiles: Their forecast at `segue.LEVELS`.
        limits: The least and the largest value.
    """
    result = np.empty(quantiles.shape[:2])
    order = np.argsort(lanes.lengths, kind="stable")
    size = min(_BATCH, max(1, _CELLS // (NODES * quantiles.shape[1])))
    for picked in np.split(order, range(size, len(order), size)):
        values = path_values(quantiles[picked], NODES)
        if getattr(predictor, "keeps_support", False):
            values = within_support(values, *lanes.lanes(picked, predictor.context))
        result[picked] = limits.within(values).mean(1)
    return result
