"""Describes times without a common step in words, with the remedy that works for them."""

import numpy as np
from numpy.typing import NDArray

from segue.errors import UserError
from segue.forecasting.table.grid.frequency import DAY, WEEK, Times
from segue.forecasting.table.grid.weekdays import weekday_text, weekdays_of

_MOON = 29.53  # days from one new moon to the next, on average
_MOST = 0.8  # the share of days, weeks or months that have the same number of rows


def no_common_step(times: Times, sizes: NDArray[np.int64], alias: str, share: float) -> UserError:
    """Makes the error for timestamps that keep no step.

    Args:
        times: All times, in any order.
        sizes: The gaps between neighbouring times of one series, in microseconds.
        alias: The name of the most common gap.
        share: The share of gaps that have about this size.
    """
    fault = (
        f"the rows have no common step (the most common, {alias}, has {share:.0%} of the gaps{_named(times, sizes)})"
    )
    weekdays = _few_weekdays(times)
    step = (
        f"{weekdays} if these are the days of every week"
        if weekdays
        else "one such as h or D"
        if share < 0.5 or len(sizes) < 3
        else ""
    )
    remedy = f"give {step}, or `freq` rows to number the rows" if step else "give `freq` rows to number the rows"
    return UserError("freq", "(not given)", f"{fault}; {remedy}")


def _named(times: Times, sizes: NDArray[np.int64]) -> str:
    """The kind of the times in words; empty if it is unknown."""
    if _has_quarters_of_weeks(sizes):
        return "; weeks of 4, 4 and 5, a year of 52 or 53 weeks"
    if np.abs(sizes / DAY - _MOON).max() < 1.1 and abs(sizes.mean() / DAY - _MOON) < 0.2:
        return "; about 29.5 days apart, as months of the moon"
    weekdays = _few_weekdays(times)
    if weekdays:
        return f"; they are on {weekdays}"
    for unit, name in (("M", "months"), ("D", "days")):
        count = _usual_count(times.astype(f"datetime64[{unit}]").astype(np.int64))
        if count > 1:
            return f"; most {name} have {count} rows"
    return ""


def _few_weekdays(times: Times) -> str:
    """The two to four weekdays of rows; empty if there are other numbers of weekdays, or days with several rows."""
    days = np.unique(times.astype("datetime64[D]"))
    weekdays = tuple(np.unique(weekdays_of(days)).tolist())
    few = 2 <= len(weekdays) <= min(4, len(days) - 1) and len(days) == len(np.unique(times))
    return weekday_text(weekdays) if few else ""


def _has_quarters_of_weeks(sizes: NDArray[np.int64]) -> bool:
    """Whether gaps of 4 and 5 weeks make quarters of 13."""
    weeks, rest = np.divmod(sizes, WEEK)
    if len(sizes) < 3 or rest.any() or not np.isin(weeks, (4, 5)).all() or len(np.unique(weeks)) < 2:
        return False
    return bool(np.mean(np.convolve(weeks, np.ones(3), "valid") == 13) >= _MOST)


def _usual_count(cycle: NDArray[np.int64]) -> int:
    """The number of rows that most cycles have, the first and the last one apart; 0 if there is none."""
    counts = np.unique(cycle, return_counts=True)[1][1:-1]
    if not len(counts):
        return 0
    usual = int(np.bincount(counts).argmax())
    return usual if np.mean(counts == usual) >= _MOST else 0
