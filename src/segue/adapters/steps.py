"""One series of pandas on its whole grid: a step without a row is a missing value."""

import pandas as pd
from pandas.tseries.frequencies import to_offset
from pandas.tseries.offsets import BaseOffset

from segue.errors import UserError

_SPARSE = 100  # steps for each value: the 720 steps that a model reads would hold no more than seven values


def step_of(index: pd.Index) -> BaseOffset | None:
    """Returns the step of times or periods; None for integers, and where times do not show it."""
    if isinstance(index, pd.PeriodIndex):
        return index.freq
    if not isinstance(index, pd.DatetimeIndex):
        return None
    return index.freq or (to_offset(pd.infer_freq(index)) if len(index) > 2 else None)


def on_grid(series: pd.Series, step: BaseOffset | None) -> pd.Series:
    """Returns one value a step from the first row to the last; NaN where there is no row.

    Args:
        series: At least one value, by times, periods or integers in ascending order.
        step: The step of times; periods have their own, and that of integers is 1.

    Raises:
        UserError: A time stands twice or lies between two steps, the step is not known, nearly all steps are empty, or
            the index has durations.
    """
    index = series.index
    if isinstance(index, pd.TimedeltaIndex):
        raise UserError("y", "an index of durations", "give times, periods or integers")
    twice = index[index.duplicated()]
    if len(twice):
        raise UserError("y", twice[0], "stands twice in the index; give one value for each step")
    if len(index) == 1:
        return series
    if isinstance(index, pd.DatetimeIndex) and step is None:
        raise UserError("y", "an index without a step of time", "give it one, as y.asfreq('D') does")
    count = _count(index, step)
    if count > _SPARSE * len(index):
        fault = f"{len(index)} values for {count} steps of its index"
        raise UserError("y", fault, "number the steps by 0, 1, 2 and so on, or give an index of longer steps")
    whole = _whole(index, step)
    between = index.difference(whole)
    if len(between):
        raise UserError(
            "y", between[0], f"lies between two steps of {step.freqstr if step else 1}; give one value for each step"
        )
    return series.set_axis(whole) if len(whole) == len(index) else series.reindex(whole)


def _count(index: pd.Index, step: BaseOffset | None) -> int:
    """How many steps there are from the first row to the last, before any memory is taken for them."""
    span = index[-1] - index[0]
    if isinstance(index, pd.PeriodIndex):
        return int(span.n) + 1
    if not isinstance(index, pd.DatetimeIndex):
        return int(span) + 1
    return int(span / pd.Timedelta(step)) + 1 if isinstance(step, pd.offsets.Tick) else len(_whole(index, step))


def _whole(index: pd.Index, step: BaseOffset | None) -> pd.Index:
    if isinstance(index, pd.PeriodIndex):
        return pd.period_range(index[0], index[-1])
    if isinstance(index, pd.DatetimeIndex):
        return pd.date_range(index[0], index[-1], freq=step)
    return pd.RangeIndex(int(index[0]), int(index[-1]) + 1)
