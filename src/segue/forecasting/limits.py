"""The least and the largest value of forecasts, as the user knows them: no negative sales, or no more than a capacity."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from segue.errors import UserError


@dataclass(frozen=True)
class Limits:
    """The least and the largest value that a user allows in forecasts; None for no limit.

    Attributes:
        floor: No quantile lies below it.
        cap: No quantile lies above it.

    Raises:
        UserError: A limit is no finite number, or the floor lies above the cap.
    """

    floor: float | None = None
    cap: float | None = None

    def __post_init__(self) -> None:
        for name, limit in (("floor", self.floor), ("cap", self.cap)):
            number = isinstance(limit, int | float | np.number) and not isinstance(limit, bool)
            if limit is not None and not (number and np.isfinite(limit)):
                raise UserError(name, limit, "give a number")
        if self.floor is not None and self.cap is not None and self.floor > self.cap:
            raise UserError("floor", f"{self.floor:.12g}", f"give one that is at most `cap` ({self.cap:.12g})")

    def within(self, quantiles: Float64[np.ndarray, "*shape"]) -> Float64[np.ndarray, "*shape"]:
        """Moves quantiles beyond a limit to it; their order stays."""
        if self.floor is None and self.cap is None:
            return quantiles
        return np.asarray(np.clip(quantiles, self.floor, self.cap))

    def notes(self, values: Float64[np.ndarray, " values"]) -> Iterator[str]:
        """Yields a line for each limit that observed values pass; words in backticks are arguments.

        Args:
            values: All values of the series, NaN where missing.

        Raises:
            UserError: All values lie beyond a limit, so every forecast would be the limit.
        """
        seen = values[np.isfinite(values)]
        if self.floor is not None and len(seen):
            yield from _passed("floor", self.floor, "below", seen[seen < self.floor], len(seen))
        if self.cap is not None and len(seen):
            yield from _passed("cap", self.cap, "above", seen[seen > self.cap], len(seen))


def _passed(name: str, limit: float, side: str, beyond: Float64[np.ndarray, " beyond"], total: int) -> Iterator[str]:
    """The note on values beyond a limit, if there are some; all of them beyond it are refused."""
    if len(beyond) == total:
        extent = f"{beyond.min():.12g} to {beyond.max():.12g}"
        raise UserError(name, f"{limit:.12g}", f"all values of the table lie {side} it ({extent}); give another limit")
    if len(beyond):
        extreme = beyond.min() if side == "below" else beyond.max()
        yield f"{len(beyond):,} of {total:,} values lie {side} `{name}` {limit:.12g}, up to {extreme:.12g}"


NO_LIMITS = Limits()
"""Neither floor nor cap."""
