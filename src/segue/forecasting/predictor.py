"""What a forecast is: quantiles per lane and step, at fixed levels."""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Protocol, runtime_checkable

from jaxtyping import Bool, Float64
from torch import Tensor

from segue.heads.quantiles import quantiles_between

LEVELS: tuple[float, ...] = (
    0.01, 0.025, 0.05, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 0.95, 0.975, 0.99,
)  # fmt: skip
"""The quantile levels every forecaster gives: the nine deciles, the quartiles and the 90, 95 and 98 % intervals."""


@dataclass(frozen=True, eq=False)
class Forecast:
    """The distribution of each future value, as quantiles.

    Attributes:
        quantiles: Values in the unit of the series, non-decreasing along the last axis.
        levels: The quantile level of each place of the last axis, ascending, in (0, 1).
    """

    quantiles: Float64[Tensor, "lanes steps levels"]
    levels: tuple[float, ...] = LEVELS

    def __post_init__(self) -> None:
        if not all(low < high for low, high in pairwise((0.0, *self.levels, 1.0))):
            raise ValueError(f"levels {self.levels} must ascend between 0 and 1")

    @property
    def horizon(self) -> int:
        """The number of future steps."""
        return int(self.quantiles.shape[1])

    @cached_property
    def median(self) -> Float64[Tensor, "lanes steps"]:
        """The quantile of level one half: the point forecast.

        Raises:
            ValueError: It is not among the levels; neighbours would only seem to give it.
        """
        if 0.5 not in self.levels:
            raise ValueError(f"no median among the levels {self.levels}")
        return self.quantiles[..., self.levels.index(0.5)]

    def at(self, levels: tuple[float, ...]) -> Float64[Tensor, "lanes steps picked"]:
        """The quantiles of other levels, linear between the given ones.

        Args:
            levels: Each within the first and the last of `self.levels`.

        Raises:
            ValueError: A level lies outside; a tail is never extrapolated.
        """
        return quantiles_between(self.quantiles, self.levels, levels)


@runtime_checkable
class Predictor(Protocol):
    """Anything that forecasts lanes of numbers: NanoTST and every baseline."""

    name: str
    """The column name of its point forecast, for example `NanoTST`."""

    @property
    def context(self) -> int:
        """How many of the last values it looks at."""
        ...

    @property
    def fingerprint(self) -> str:
        """Tells it from every other predictor: a hash of config and weights, or its settings as text."""
        ...

    def predict(
        self,
        values: Float64[Tensor, "lanes time"],
        observed: Bool[Tensor, "lanes time"],
        horizon: int,
    ) -> Forecast:
        """Forecasts the `horizon` values after the last column.

        Args:
            values: Lanes aligned at their last value; finite also where not observed.
            observed: False where a value is missing, or before the lane began.
            horizon: Number of steps ahead, at least 1.

        Returns:
            Quantiles at `LEVELS`. A lane with no observed value at all has quantiles NaN.
        """
        ...
