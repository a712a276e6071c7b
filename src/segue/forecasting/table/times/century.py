"""Two-digit years: chooses the century that keeps the rows in order and out of the future."""

import numpy as np
from numpy.typing import NDArray

from segue.forecasting.table.times.cells import Cells

CENTURY_REMEDY = "the century of its two-digit year is ambiguous; write years with four digits"
_MARGIN = 1.6  # sixty years of several series, one below another, have 1.9; unsorted rows have 1.1
_PLANS = 20  # years ahead in which a table may hold plans


def full_years(two_digits: NDArray[np.int64], cells: Cells) -> NDArray[np.int64] | None:
    """Completes years of two digits to those of one hundred years.

    The rows decide where the hundred years begin: the years of neighbouring rows have to lie close together, so that
    98, 99, 00 is no jump of 99 years. Several centuries may remain. Then the latest one that does not lie in the future
    is read.

    Args:
        two_digits: The years of the distinct texts, `(texts,)`, 0 to 99; -1 where a text has none.
        cells: The column, which knows the order of its rows, and today.

    Returns:
        The years, `(texts,)`; None where several centuries are left.
    """
    present = np.unique(two_digits[two_digits >= 0])
    if not len(present):
        return two_digits
    years = _arrangement(two_digits, present, cells)
    if years is None:
        return None
    first, last = int(years[two_digits >= 0].min()), int(years.max())
    today = cells.today.year
    shift = (today - last) // 100 * 100  # the latest century that holds no future
    if last + shift + 100 == today + 1 and first + shift + 100 <= today:
        shift += 100  # next year's plans are common
    elif last + shift + 100 <= today + _PLANS and first + shift + 100 <= today + 1:
        return None
    return years + shift


def _arrangement(two_digits: NDArray[np.int64], present: NDArray[np.int64], cells: Cells) -> NDArray[np.int64] | None:
    """Chooses the first year among `present` for which the rows jump least, and returns the full years, if any."""
    rows = two_digits[cells.codes[cells.codes >= 0]]
    rows = rows[rows >= 0]
    pairs = np.bincount(rows[:-1] * 100 + rows[1:], minlength=10_000).reshape(100, 100)
    starts = present[:, None]
    years = np.arange(100) + np.where(np.arange(100) < starts, 2000, 1900)  # (starts, two digits)
    jumps = np.array([(pairs * np.abs(year[:, None] - year)).sum() for year in years])
    best = int(jumps.argmin())
    others = np.delete(jumps, best)
    if len(others) and others.min() < _MARGIN * jumps[best]:
        return None
    return np.where(two_digits >= 0, years[best][two_digits], -1)
