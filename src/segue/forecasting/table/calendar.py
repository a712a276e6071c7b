"""The frequency of a series, read from its name or inferred from the times."""

import re
import warnings

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from segue.errors import UserError
from segue.forecasting.table.frequency import DAY, MINUTE, Frequency, Months, Offsets, Steps, Times, on_anchor

_MICROSECONDS = {
    "us": 1, "U": 1, "ms": 1_000, "L": 1_000, "s": 1_000_000, "S": 1_000_000, "min": MINUTE, "T": MINUTE,
    "h": 60 * MINUTE, "H": 60 * MINUTE, "D": DAY, "d": DAY, "W": 7 * DAY, "w": 7 * DAY,
}  # fmt: skip
_MONTHS = {
    **dict.fromkeys(("M", "ME", "MS", "BM", "BME", "BMS", "mo"), 1),
    **dict.fromkeys(("Q", "QE", "QS", "BQ", "BQE", "BQS", "q"), 3),
    **dict.fromkeys(("Y", "YE", "YS", "A", "AS", "BY", "BYE", "BYS", "BA", "BAS", "y"), 12),
}


def frequency_of(alias: str | int, times: Times) -> Frequency:
    """Reads a frequency: a pandas alias, old (`H`, `M`, `T`, `A`) or new (`h`, `ME`, `min`, `YE`), or an integer.

    The times decide on which day months, quarters, years and weeks fall. So `M`, `MS` and `ME` have one meaning:
    "monthly, on the day of the data".

    Args:
        alias: The name, such as `"h"`, `"15min"`, `"MS"`, `"W-MON"` or `"B"`; a whole number for integer times.
        times: The times of the series, in any order.

    Raises:
        UserError: There is no such frequency, or it suits only the other kind of time.
    """
    integer_times = times.dtype.kind == "i"
    name = str(alias).strip()
    match = re.fullmatch(r"(\d+)?\s*([A-Za-z]*)(-[A-Za-z]{3})?", name)
    count, unit = (int(match[1] or 1), match[2]) if match else (0, "")
    if integer_times != (match is not None and unit == "" and match[1] is not None):
        kind = "a whole number, for the times are integers" if integer_times else "one such as h, D, W or MS"
        raise UserError("freq", alias, f"give {kind}")
    if match and count < 1:
        raise UserError("freq", alias, "give a step of at least 1")
    if integer_times:
        return Steps(count, integer=True)
    if unit in _MICROSECONDS:
        return Steps(count * _MICROSECONDS[unit])
    if unit in _MONTHS:
        return Months(count * _MONTHS[unit], _anchor(times))
    return _other_offset(name)


def infer_frequency(times: Times, gaps: Times) -> Frequency:
    """Infers the most common step between neighbouring times, so that missing rows do not change it.

    Args:
        times: All times, in any order.
        gaps: Pairs of neighbouring distinct times of one series, `(pairs, 2)`. If every series has one time, there are
            no pairs, and the step is a day, or 1 for integer times.

    Raises:
        UserError: There are at least three gaps, and less than half of them keep one step.
    """
    integer = times.dtype.kind == "i"
    if not len(gaps):
        return Steps(1, integer=True) if integer else Steps(DAY)
    size, share = _most_common((gaps[:, 1] - gaps[:, 0]).view(np.int64))
    count, month_share = (0, 0.0) if integer or size < 28 * DAY else _most_common_months(gaps)
    if len(gaps) >= 3 and max(share, month_share) < 0.5:
        most = f"the most common, {Steps(size, integer=integer).alias}, has {share:.0%} of the gaps"
        remedy = "a whole number" if integer else "one such as h or D"
        raise UserError("freq", "(not given)", f"the rows have no common step ({most}); give {remedy}")
    if integer or size < DAY:
        return Steps(size, integer=integer)
    if size >= 28 * DAY and (month_share, _keeps_day(times)) > (share, False):
        return Months(count, _anchor(times))
    if size == DAY and _skips_weekends(times, gaps):
        return Offsets("B")
    return Steps(size)


def _skips_weekends(times: Times, gaps: Times) -> bool:
    """Whether no time is on a weekend and a Monday follows a Friday."""
    days = gaps.astype("datetime64[D]")
    skipped = (days[:, 1] - days[:, 0]).astype(np.int64) == 3
    friday = np.is_busday(days[:, 0], weekmask="Fri")
    return bool(np.is_busday(times.astype("datetime64[D]")).all() and (skipped & friday).any())


def _most_common(sizes: NDArray[np.int64]) -> tuple[int, float]:
    distinct, counts = np.unique(sizes, return_counts=True)
    best = int(counts.argmax())
    return int(distinct[best]), float(counts[best] / len(sizes))


def _most_common_months(gaps: Times) -> tuple[int, float]:
    months = gaps.astype("datetime64[M]")
    count, share = _most_common((months[:, 1] - months[:, 0]).astype(np.int64))
    return (count, share) if count > 0 else (0, 0.0)


def regularity(times: Times) -> float:
    """The share of neighbouring times, in the order given, that keep the most common step, in time or in months."""
    if len(times) < 2:
        return 1.0
    gaps = np.stack([times[:-1], times[1:]], axis=1)
    return max(_most_common(np.diff(times).astype(np.int64))[1], _most_common_months(gaps)[1])


def _keeps_day(times: Times) -> bool:
    day = times.astype("datetime64[D]")
    return _anchor(times) != "same" or len(np.unique(day - day.astype("datetime64[M]"))) == 1


def anchors_of(times: Times) -> tuple[str, ...]:
    """The anchors of `Months` that all times keep, in order of preference; none where the times keep no anchor."""
    day = np.unique(times.astype("datetime64[D]"))
    month = day.astype("datetime64[M]")
    anchors = ("start", "end", "business start", "business end")
    return tuple(anchor for anchor in anchors if np.array_equal(on_anchor(month, anchor, day - month), day))


def _anchor(times: Times) -> str:
    return next(iter(anchors_of(times)), "same")


def _other_offset(alias: str) -> Frequency:
    remedy = "no such frequency; give one such as min, h, D, B, W, MS, QS or YS, with a count as in 15min"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas warns of old aliases before it refuses them
        try:
            size = int(pd.Timedelta(alias) / pd.Timedelta(microseconds=1))
        except ValueError:
            size = 0
        if size > 0:
            return Steps(size)
        try:
            offset = pd.tseries.frequencies.to_offset(alias)
        except ValueError as error:
            raise UserError("freq", alias, remedy) from error
    if offset.n < 1:
        raise UserError("freq", alias, remedy)
    return Offsets(offset.freqstr)
