"""The answer of a watch to each value: the expected value, a band, a p-value and a status."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from jaxtyping import Float64, Int8, Shaped


class Status(IntEnum):
    """What became of a value."""

    FRESH = 0
    """It was new and had been forecast, so it has a p-value."""
    WARMING = 1
    """It was new, but the lane has too few values for a p-value, or no forecast reached so far."""
    MISSING = 2
    """The step was new, and had no value (NaN)."""
    LATE = 3
    """Its step was over, and had no value; it changes nothing."""
    DUPLICATE = 4
    """Its step had a value already; it changes nothing."""
    AHEAD = 5
    """Its step lies further ahead than the lane's history reaches, so its time may be wrong; it changes nothing. The
    next value is accepted if it lies there, too: then the lane had a long gap, and begins anew."""


@dataclass(frozen=True, eq=False)
class Observations:
    """One row for each value that was given, in the order given.

    Attributes:
        ids: The name of the lane.
        times: Times as given.
        values: Values in the unit of the series; NaN where missing.
        expected: The median of the newest forecast that was made before the value came; NaN without one.
        lower: The 10 % quantile of that forecast.
        upper: The 90 % quantile of that forecast.
        p: The calibrated p-value in (0, 1], small for a surprising value; NaN unless the status is `FRESH`.
        status: What became of the value, a `Status`.
    """

    ids: Shaped[np.ndarray, " rows"]
    times: Shaped[np.ndarray, " rows"]
    values: Float64[np.ndarray, " rows"]
    expected: Float64[np.ndarray, " rows"]
    lower: Float64[np.ndarray, " rows"]
    upper: Float64[np.ndarray, " rows"]
    p: Float64[np.ndarray, " rows"]
    status: Int8[np.ndarray, " rows"]

    def __len__(self) -> int:
        return len(self.values)

    @property
    def score(self) -> Float64[np.ndarray, " rows"]:
        """1 - p, in [0, 1]: 0.999 if one value in a thousand is as surprising; 0 without a p-value."""
        return 1.0 - np.where(np.isnan(self.p), 1.0, self.p)

    def frame(self) -> Any:
        """Returns a DataFrame of pandas with a row for each value; `status` is in words."""
        import pandas as pd

        words = np.array([status.name.lower() for status in Status], dtype=object)
        columns = {"unique_id": self.ids, "ds": self.times, "y": self.values, "expected": self.expected}
        columns |= {"lower": self.lower, "upper": self.upper, "p": self.p, "score": self.score}
        return pd.DataFrame(columns | {"status": words[self.status]})
