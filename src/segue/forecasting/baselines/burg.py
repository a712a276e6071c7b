"""Burg's method: autoregressions of every order in one sweep, many lanes at a time, gaps allowed."""

from collections.abc import Iterator

import torch
from jaxtyping import Bool, Float64
from torch import Tensor

ROUNDING = 1e-9
"""An error variance below this share of the variance is rounding: there is nothing left to explain."""


def burg(
    values: Float64[Tensor, "lanes time"], observed: Bool[Tensor, "lanes time"], largest: int
) -> Iterator[tuple[Float64[Tensor, "lanes order"], Float64[Tensor, "lanes 1"]]]:
    """Fits autoregressions of order 0, 1, ..., `largest`.

    Each order adds one reflection coefficient to the one before (Levinson's recursion), chosen to minimise the sum of
    squares of the errors forward and backward in time (Burg 1975; Brockwell & Davis, Introduction to Time Series and
    Forecasting, section 5.1.2). It is least squares that cannot explode: the coefficient lies in [-1, 1], so no root
    lies outside the unit circle, however short or odd the lane. No matrix is formed: the cost is largest * time.

    Args:
        values: Lanes of mean 0 and mean square 1 over their observed values, 0 elsewhere.
        observed: False where a value is missing; an error that would need it is left out of the sums.
        largest: The last order, less than `time`.

    Yields:
        For each order the weights, that of the latest value first, and the variance of the one-step error.
    """
    forward, backward, both = values, values, observed
    weights = values[:, :0]
    variance = observed.any(dim=1, keepdim=True).to(values)
    yield weights, variance
    for order in range(1, largest + 1):
        # the errors of predicting y[t] from the values since t - order, and y[t - order] from those until t
        both = both[:, 1:] & both[:, :-1]
        forward, backward = forward[:, 1:] * both, backward[:, :-1] * both
        pairs = both.sum(dim=1, keepdim=True)
        power = (forward.square() + backward.square()).sum(dim=1, keepdim=True)
        fits = (pairs > order + 1) & (power > ROUNDING * pairs)
        reflection = 2 * (forward * backward).sum(dim=1, keepdim=True) / torch.where(fits, power, torch.inf)
        weights = torch.cat([weights - reflection * weights.flip(1), reflection], dim=1)
        variance = variance * (1 - reflection.square())
        yield weights, variance
        forward, backward = forward - reflection * backward, backward - reflection * forward
