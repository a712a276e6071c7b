"""What a series can be: nothing below a least value it rests on, nothing between the steps of what is counted.

A network gives a rare sale a median of 0.02 and a lowest decile of -0.03 pieces. Whoever orders parts by it is not
helped, and every zero that comes is missed by a little.
"""

import numpy as np
from jaxtyping import Bool, Float64, Int64

_RESTS = 0.1  # of the observed values: so often at the least one, and no other more often, and it is a floor
_AT_LEAST = 3.0  # times, in a short series
_REPEATS = 2.0  # values for each different one: fewer, and that they lie on a lattice may be chance
_EXACT = 1e-6  # steps of a lattice: rounding of decimal fractions


def within_support(
    quantiles: Float64[np.ndarray, "lanes steps levels"],
    values: Float64[np.ndarray, "lanes time"],
    observed: Bool[np.ndarray, "lanes time"],
) -> Float64[np.ndarray, "lanes steps levels"]:
    """Brings quantiles to values that a lane can take, as far as the observed values show.

    Where no value comes as often as the least one, nothing lies below it: sales, rain. Where all values lie on a
    lattice, least + k * step, and are repeated, as counts are, quantiles are rounded to it, because the quantiles of a
    distribution on a lattice are on it, too. Both hold in any unit, and keep the order of quantiles.
    """
    ordered = np.sort(np.where(observed, values, np.inf), axis=1)  # what is not observed comes last
    count = observed.sum(1, keepdims=True)
    least = np.where(count > 0, ordered[:, :1], 0.0)
    floor = np.where(_rests(ordered, least, count), least, -np.inf)[..., None]
    step, lattice = _lattice(ordered, count)
    least, step, lattice = least[..., None], step[..., None], lattice[..., None]
    whole = least + np.round((quantiles - least) / step) * step
    return np.asarray(np.maximum(np.where(lattice, whole, quantiles), floor))


def _rests(
    ordered: Float64[np.ndarray, "lanes time"],
    least: Float64[np.ndarray, "lanes 1"],
    count: Int64[np.ndarray, "lanes 1"],
) -> Bool[np.ndarray, "lanes 1"]:
    """Whether the least value is the most frequent one, and comes a tenth of the time, and three times."""
    times = (ordered == least).sum(1, keepdims=True)
    end = np.arange(ordered.shape[1]) + times  # where a value that comes more often would have to end
    later = np.take_along_axis(ordered, np.minimum(end, ordered.shape[1] - 1), axis=1)
    outdone = ((later == ordered) & (end < count)).any(1, keepdims=True)
    return np.asarray(~outdone & (times >= np.maximum(_RESTS * count, _AT_LEAST)))


def _lattice(
    ordered: Float64[np.ndarray, "lanes time"], count: Int64[np.ndarray, "lanes 1"]
) -> tuple[Float64[np.ndarray, "lanes 1"], Bool[np.ndarray, "lanes 1"]]:
    """The smallest distance of two different values of each lane, and whether all are whole numbers of it."""
    with np.errstate(invalid="ignore"):  # inf - inf, beyond the observed values
        gaps = np.diff(ordered, axis=1, prepend=ordered[:, :1])
    gaps = np.nan_to_num(gaps, nan=0.0, posinf=0.0)
    different = gaps > 0
    step = np.where(different, gaps, np.inf).min(1, keepdims=True)
    some = step < np.inf
    step = np.where(some, step, 1.0)
    steps = gaps / step
    whole = (np.abs(steps - np.round(steps)) <= _EXACT * np.maximum(steps, 1)).all(1, keepdims=True)
    repeated = count >= _REPEATS * (different.sum(1, keepdims=True) + 1)
    return step, some & whole & repeated
