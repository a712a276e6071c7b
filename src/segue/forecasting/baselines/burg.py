"""Burg's method: autoregressions of every order in one sweep, many lanes at a time, gaps allowed."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Float64

ROUNDING = 1e-9
"""An error variance below this share of the variance is a rounding error: nothing is left to explain."""


def burg(
    values: Float64[np.ndarray, "lanes time"], observed: Bool[np.ndarray, "lanes time"], largest: int
) -> Iterator[tuple[Float64[np.ndarray, "lanes order"], Float64[np.ndarray, "lanes 1"]]]:
    """Fits autoregressions of order 0, 1, ..., `largest`.

    Each order adds one reflection coefficient to the order before (Levinson's recursion). The coefficient minimises the
    sum of squares of the errors forward and backward in time (Burg 1975; Brockwell & Davis, Introduction to Time Series
    and Forecasting, section 5.1.2). It lies in [-1, 1], so no root lies outside the unit circle, and no forecast
    explodes, even on a short or odd lane. No matrix is formed: the cost is largest * time.

    Args:
        values: Lanes of mean 0 and mean square 1 over their observed values, 0 elsewhere.
        observed: False where a value is missing; the sums leave out each error that needs this value.
        largest: The last order, less than `time`.

    Yields:
        The weights of each order, that of the latest value first, and the variance of the one-step error.
    """
    forward, backward, both = values, values, observed
    weights = values[:, :0]
    variance = np.where(observed.any(1, keepdims=True), 1.0, 0.0)
    complete = bool(observed.all())
    yield weights, variance
    for order in range(1, largest + 1):
        # the errors of predicting y[t] from the values since t - order, and y[t - order] from those until t
        forward, backward = forward[:, 1:], backward[:, :-1]
        if complete:
            pairs = np.full(len(values), values.shape[1] - order)
        else:
            both = both[:, 1:] & both[:, :-1]
            forward, backward = forward * both, backward * both
            pairs = both.sum(1)
        power = np.einsum("lt,lt->l", forward, forward) + np.einsum("lt,lt->l", backward, backward)
        fits = (pairs > order + 1) & (power > ROUNDING * pairs)
        product = np.einsum("lt,lt->l", forward, backward)
        reflection = (2 * product / np.where(fits, power, np.inf))[:, None]
        weights = np.concatenate([weights - reflection * weights[:, ::-1], reflection], axis=1)
        variance = variance * (1 - reflection**2)
        yield weights, variance
        ahead = reflection * backward  # in place: most of the time is spent on memory
        np.subtract(forward, ahead, out=ahead)
        behind = reflection * forward
        np.subtract(backward, behind, out=behind)
        forward, backward = ahead, behind
