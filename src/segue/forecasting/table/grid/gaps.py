"""Rows in order of series and time, the gaps between them, and series whose gaps do not suit the step of the table."""

import numpy as np
from jaxtyping import Float64, Int64
from numpy.typing import NDArray

from segue.errors import UserError
from segue.forecasting.table.grid.frequency import Frequency, Times


def in_order(
    codes: Int64[np.ndarray, " rows"], times: Times, values: Float64[np.ndarray, " rows"]
) -> tuple[Int64[np.ndarray, " rows"], Times, Float64[np.ndarray, " rows"]]:
    """Sorts rows by series and time; rows of one series and time keep their order."""
    later = (codes[1:] == codes[:-1]) & (times[1:] >= times[:-1])
    if bool((later | (codes[1:] > codes[:-1])).all()):  # most tables are in order
        return codes, times, values
    order = np.lexsort((times, codes))
    return codes[order], times[order], values[order]


def neighbours(codes: Int64[np.ndarray, " rows"], times: Times) -> Times:
    """Returns the neighbouring distinct times of each series, `(pairs, 2)`; rows are in order of series and time."""
    near = (codes[1:] == codes[:-1]) & (times[1:] > times[:-1])
    gaps = np.empty((np.count_nonzero(near), 2), dtype=times.dtype)
    gaps[:, 0], gaps[:, 1] = times[:-1][near], times[1:][near]
    return gaps


def positions(codes: Int64[np.ndarray, " rows"], times: Times) -> Int64[np.ndarray, " rows"]:
    """Numbers the distinct times of each series from 0; rows are in order of series and time."""
    begin = np.diff(codes, prepend=-1) != 0
    new = begin.copy()
    new[1:] |= times[1:] != times[:-1]
    count = np.cumsum(new) - 1
    return np.asarray(count - np.repeat(count[begin], np.diff(np.flatnonzero(begin), append=len(codes))))


def longer_steps(
    codes: Int64[np.ndarray, " rows"], steps: Int64[np.ndarray, " rows"], series: int, least: int = 3
) -> dict[int, int]:
    """Returns the series with a longer step, and that step: most of their gaps, of `least` or more, have this size."""
    near = codes[1:] == codes[:-1]
    gaps = np.bincount(codes[1:][near], minlength=series)
    wide = np.flatnonzero(near & (steps[1:] - steps[:-1] > 1))
    sizes, which = np.unique(steps[wide + 1] - steps[wide], return_inverse=True)
    pairs, counts = np.unique(codes[wide] * len(sizes) + which, return_counts=True)
    total = gaps[pairs // max(1, len(sizes))]
    longer = pairs[(total >= least) & (2 * counts > total)]
    return {int(pair) // len(sizes): int(sizes[pair % len(sizes)]) for pair in longer}


def other_step(series: object, size: int, frequency: Frequency) -> UserError:
    """Makes the error for a series that `longer_steps` returned."""
    fault = f"the rows of series {series} lie {size} steps of {frequency.alias} apart"
    return UserError("freq", frequency.alias, f"{fault}; give their step, or forecast it in a file of its own")


def off_grid(
    codes: Int64[np.ndarray, " rows"], times: Times, size: int, series: int, least: int = 3
) -> NDArray[np.int64]:
    """Returns the series of which most gaps, of `least` or more, are over a tenth of a step from its multiples."""
    gap = (times[1:] - times[:-1]).view(np.int64)
    near = (codes[1:] == codes[:-1]) & (gap > 0)
    odd = np.flatnonzero(near & (gap != size))
    rest = gap[odd] % size
    off = odd[np.minimum(rest, size - rest) > size // 10]
    if not len(off):  # the usual case
        return np.zeros(0, dtype=np.int64)
    gaps = np.bincount(codes[1:][near], minlength=series)
    return np.flatnonzero((gaps >= least) & (2 * np.bincount(codes[1:][off], minlength=series) > gaps))
