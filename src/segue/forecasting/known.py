"""What is known of the future beside the values: covariates and holidays, as a predictor reads them."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64


@dataclass(frozen=True, eq=False)
class Known:
    """What is known beside the values of some lanes, at their steps and at the steps ahead: covariates and holidays.

    Attributes:
        values: A number for each column; NaN where the past of a lane has none. The first steps are those of a history,
            and the steps after its last column follow.
        weights: How much each lane trusts a forecast with these columns over one without: 0 not at all, 1 fully.
    """

    values: Float64[np.ndarray, "lanes time_and_ahead columns"]
    weights: Float64[np.ndarray, " lanes"]

    def select(self, lanes: Int64[np.ndarray, " picked"], since: int = 0) -> "Known":
        """Returns that of some of the lanes, from the step `since` on."""
        return Known(self.values[lanes, since:], self.weights[lanes])
