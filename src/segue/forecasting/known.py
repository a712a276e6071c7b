"""Covariates and holidays, whose future is known, as a predictor reads them."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64


@dataclass(frozen=True, eq=False)
class Known:
    """Covariates and holidays of some lanes, at their steps and at the steps ahead.

    Attributes:
        values: A number for each column; NaN where the past of a lane has none. The first steps are those of a history,
            and the steps after its last column follow.
        weights: The weight of each lane's forecast with these columns, 0 to 1; the forecast without them has the rest.
    """

    values: Float64[np.ndarray, "lanes time_and_ahead columns"]
    weights: Float64[np.ndarray, " lanes"]

    def select(self, lanes: Int64[np.ndarray, " picked"], since: int = 0) -> "Known":
        """Returns some of the lanes, from the step `since` on."""
        return Known(self.values[lanes, since:], self.weights[lanes])
