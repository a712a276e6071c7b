"""What a forecast is: quantiles per lane and step, at fixed levels."""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float64
from torch import Tensor

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

    @property
    def horizon(self) -> int:
        """The number of future steps."""
        return int(self.quantiles.shape[1])

    @cached_property
    def median(self) -> Float64[Tensor, "lanes steps"]:
        """The quantile of level one half: the point forecast."""
        return self.at((0.5,))[..., 0]

    def at(self, levels: tuple[float, ...]) -> Float64[Tensor, "lanes steps picked"]:
        """The quantiles of other levels, linear between the given ones.

        Args:
            levels: Each within the first and the last of `self.levels`.

        Raises:
            ValueError: A level lies outside; a tail is never extrapolated.
        """
        given = torch.tensor(self.levels, dtype=torch.float64)
        wanted = torch.tensor(levels, dtype=torch.float64)
        if bool(((wanted < given[0]) | (wanted > given[-1])).any()):
            raise ValueError(f"levels {levels} must lie in [{self.levels[0]}, {self.levels[-1]}]")
        right = torch.searchsorted(given, wanted).clamp(1, len(given) - 1)
        left = right - 1
        share = ((wanted - given[left]) / (given[right] - given[left])).to(self.quantiles.device)
        # lerp is exact at both ends, so a given level returns its own quantile to the last bit
        return torch.lerp(self.quantiles[..., left], self.quantiles[..., right], share)


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
