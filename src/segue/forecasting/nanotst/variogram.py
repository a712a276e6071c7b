"""The variogram of a lane: how much values a lag apart differ, for every lag and at every patch.

One quantity answers three questions. A cycle is a lag at which the variogram falls into a valley (`cycles.py`). The
error of the last value as a forecast of h steps ahead is the variogram at lag h. The error of repeating a cycle is the
variogram at its length (`reference.py`). Sums run over values, not over steps from value to value, so noise adds a
constant to all lags and hides no cycle. An earlier version used the similarity of steps, which failed under noise
(docs/notebook/forecasting.md).

Newer pairs count more: a patch counts half as much 256 steps later, as in `scaling.py`.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float, Float64
from torch import Tensor

from segue.forecasting.nanotst.past import Past
from segue.forecasting.nanotst.scaling import Scale, fading

LONGEST = 400  # steps: a year of days, and some more for its valley
LAGS = LONGEST + LONGEST // 8 + 2  # the curvature at the longest cycle needs lags up to an eighth longer
_CUT = 4.0  # running deviations: values further out are cut, so that a spike does not hide a cycle
# Share of the largest mean square: 16 units in the last place of single precision. Less counts as zero, as on a line.
_ROUNDING = 2e-6


@dataclass(frozen=True, eq=False)
class Variogram:
    """Differences x[t] - x[t - lag] of each lane up to the end of each patch, for lags 0, 1, ..., `LAGS` - 1.

    Attributes:
        variance: The variance of the differences, in squared units of the lane.
        square: The mean square of the differences. A steady trend raises it, but not the variance.
        pairs: The faded number of differences.
        unit: A power of two near the largest value of the lane.
    """

    variance: Float[Tensor, "lanes tokens lags"]
    square: Float[Tensor, "lanes tokens lags"]
    pairs: Float[Tensor, "lanes tokens lags"]
    unit: Float64[Tensor, "lanes 1"]


def variogram(past: Past, overall: Scale, precision: torch.dtype = torch.float64) -> Variogram:
    """Computes the variogram at the end of each patch.

    The variance is the mean square less the square of the mean. A result that rounding in single precision could cause
    counts as zero, also in double precision. So a ripple of less than a three hundredth of the lane's range is lost.

    Args:
        past: The lanes.
        overall: The running mean and deviation, by which values are cut.
        precision: The precision of the sums of products; that of the network is enough.
    """
    bound = _CUT * overall.unit[..., None]
    centre = overall.location[..., None]
    cut = torch.minimum(torch.maximum(past.by_patch(past.held), centre - bound), centre + bound).flatten(1)
    unit = power_of_two(cut)
    weight = past.weight.to(precision)
    values = (cut / unit).to(precision) * weight
    squares = values.square()
    moved = reversed_from_each_step(torch.stack([weight, values, squares], dim=1), past.patch)
    fade = fading(past.newest_of_patch.shape[1], past.patch, cut.device).to(precision).T

    def summed(*newer: Tensor) -> Tensor:
        return fade @ lagged_products(torch.stack([past.by_patch(part) for part in newer], dim=2), moved)

    pairs = summed(weight)
    mean = summed(values, -weight)
    square = summed(squares, -2 * values, weight)
    counted = torch.where(pairs > 0, pairs, 1.0)
    mean, square = mean / counted, (square / counted).clamp(min=0)
    variance, rounding = square - mean.square(), _ROUNDING * square.amax(-1, keepdim=True)
    variance, square = (torch.where(part > rounding, part, 0.0) for part in (variance, square))
    return Variogram(variance, square, pairs, unit)


def power_of_two(values: Float64[Tensor, "lanes time"]) -> Float64[Tensor, "lanes 1"]:
    """A power of two near the largest value of each lane.

    Division by it is exact, so nothing of the future leaks. The exception is a later value that is 1e19 times larger:
    in single precision, the squares of the earlier ones are zero then.
    """
    largest = values.abs().amax(1, keepdim=True)
    return torch.where(largest > 0, torch.exp2(largest.clamp(min=1e-300).log2().round()), 1.0)


def reversed_from_each_step(
    older: Float[Tensor, "lanes channels time"], size: int
) -> Float[Tensor, "lanes channels {size} columns"]:
    """Copies lanes in reverse order: row s begins at step s of the last patch. Zeros stand before the beginning."""
    back = -(-LAGS // size) * size
    width = older.shape[2] + back
    reverse = F.pad(older.flip(-1), (0, back + size))
    return torch.stack([reverse[..., size - 1 - step : size - 1 - step + width] for step in range(size)], dim=2)


def lagged_products(
    newer: Float[Tensor, "lanes tokens channels patch"], moved: Float[Tensor, "lanes more patch columns"]
) -> Float[Tensor, "lanes tokens lags"]:
    """The sums of newer[t] older[t - lag] over channels and over the steps t of each patch, for lags 0 to `LAGS` - 1.

    Column p of the product with the reversed lanes belongs to lag p less the steps from the end of the patch to the end
    of the lane. The same numbers, read in rows that are one patch shorter, have each lag in one column.

    Args:
        newer: The patches, of one or more channels.
        moved: The channels as `reversed_from_each_step` gives them; those beyond the channels of `newer` are not read.
    """
    tokens, channels, size = newer.shape[1:]
    products = newer.flatten(2) @ moved[:, :channels].flatten(1, 2)
    begin, width = (tokens - 1) * size, products.shape[2] - size
    by_lag: Tensor = products.flatten(1)[:, begin : begin + tokens * width].unflatten(1, (tokens, width))
    return by_lag[..., :LAGS]
