"""The names of frequencies: aliases of pandas, weekdays, days of the month, numbers and `rows`."""

import re
import warnings

import pandas as pd

from segue.errors import UserError
from segue.forecasting.table.grid.frequency import DAY, HOUR, MINUTE, WEEK, Frequency, RowNumbers, Steps, Times
from segue.forecasting.table.grid.months import NAMES as MONTH_NAMES
from segue.forecasting.table.grid.months import MonthDays, Months, anchor_of
from segue.forecasting.table.grid.offsets import Offsets, offset_of
from segue.forecasting.table.grid.weekdays import BUSINESS, NAMES, Weekdays, read_weekdays

_MICROSECONDS = {
    "us": 1, "U": 1, "ms": 1_000, "L": 1_000, "s": 1_000_000, "S": 1_000_000, "min": MINUTE, "T": MINUTE,
    "h": HOUR, "H": HOUR, "D": DAY, "d": DAY, "W": WEEK, "w": WEEK,
}  # fmt: skip
_MONTHS = {
    **dict.fromkeys(("M", "ME", "MS", "BM", "BME", "BMS", "mo"), 1),
    **dict.fromkeys(("Q", "QE", "QS", "BQ", "BQE", "BQS", "q"), 3),
    **dict.fromkeys(("Y", "YE", "YS", "A", "AS", "BY", "BYE", "BYS", "BA", "BAS", "y"), 12),
}
_WEEKDAYS = {"B": BUSINESS, "C": BUSINESS}
_MONTH_DAYS = {"SMS": (1, 15), "SM": (15, 31), "SME": (15, 31)}
_NAME = r"(\d{1,18})?\s*([A-Za-z]*)(-[A-Za-z]{3})?"
_LONGEST = 10_000 * 366 * DAY
"""The longest step in microseconds: 10,000 years. Longer ones exceed the times that microseconds hold."""

_UNKNOWN = "no such frequency; give one such as min, h, D, B, W, MS, QS or YS, with a count as in 15min"


def frequency_of(alias: object, times: Times) -> Frequency:
    """Reads a frequency: a pandas alias, old (`H`, `M`, `T`, `A`) or new (`h`, `ME`, `min`, `YE`), or an integer.

    The times decide on which day months, quarters, years and weeks fall. So `M`, `MS` and `ME` have one meaning:
    "monthly, on the day of the data". Weekdays are `Mon,Wed,Fri` or `Sun-Thu`, days of the month are `1,11,21`.

    Args:
        alias: The name, such as `"h"`, `"15min"`, `"MS"`, `"W-MON"` or `"B"`; a whole number for integer times; `rows`
            for both.
        times: The times of the series, in any order.

    Raises:
        UserError: There is no such frequency, or it suits only the other kind of time.
    """
    name = alias_of(alias)
    if name.lower() == "rows":
        return RowNumbers()
    match = re.fullmatch(_NAME, name, re.ASCII)
    number = match is not None and match[1] is not None and not match[2]
    if times.dtype.kind == "i":
        return _integer_step(name, number)
    if number:
        raise UserError("freq", alias, "give one such as h, D, W or MS")
    known = match is not None and (not match[3] or match[3][1:].capitalize() in _anchors(match[2]))
    frequency = _listed(name) or (_counted(name, int(match[1] or 1), match[2], times) if match and known else None)
    return frequency or _other(name)


def alias_of(freq: object) -> str:
    """The name of a frequency as the user gives it, as text or as an offset of pandas."""
    return str(getattr(freq, "freqstr", freq)).strip()


def counted_unit(name: str) -> str:
    """The unit in the name of a frequency, such as `W` of `2W-MON`; empty if the name has another form."""
    match = re.fullmatch(_NAME, name.strip(), re.ASCII)
    return match[2] if match else ""


def _anchors(unit: str) -> tuple[str, ...]:
    """What may follow a unit: days follow weeks, as in `W-SUN`, and months quarters and years, as in `QS-FEB`."""
    if unit in ("W", "w"):
        return NAMES
    return MONTH_NAMES if _MONTHS.get(unit, 1) > 1 else ()


def _integer_step(name: str, number: bool) -> Frequency:
    if not number:
        raise UserError("freq", name, "the times are integers; give a whole number, or rows to number the rows")
    if int(name) < 1:
        raise UserError("freq", name, "give a step of at least 1")
    return Steps(int(name), integer=True)


def _listed(name: str) -> Frequency | None:
    """Weekdays or days of the month, separated by commas."""
    weekdays = read_weekdays(name)
    if weekdays is not None:
        return Weekdays(weekdays) if len(weekdays) < 7 else Steps(DAY)
    if not re.fullmatch(r"\d{1,2}(\s*,\s*\d{1,2})+", name, re.ASCII):
        return None
    days = tuple(sorted({int(day) for day in name.split(",")}))
    if days[0] < 1 or days[-1] > 31 or len(days) < 2:
        raise UserError("freq", name, "give days of the month from 1 to 31, such as 1,15; 31 is the last day")
    return MonthDays(days)


def _counted(name: str, count: int, unit: str, times: Times) -> Frequency | None:
    if count < 1:
        raise UserError("freq", name, "give a step of at least 1")
    months = count * _MONTHS.get(unit, 0)
    if count * _MICROSECONDS.get(unit, 0) > _LONGEST or months > 12 * 10_000:
        raise UserError("freq", name, "give a step of at most 10,000 years")
    if unit in _MICROSECONDS:
        return Steps(count * _MICROSECONDS[unit])
    if unit in _MONTHS:
        return Months(months, anchor_of(times))
    if count == 1 and unit in _WEEKDAYS:
        return Weekdays(_WEEKDAYS[unit])
    if count == 1 and unit in _MONTH_DAYS:
        return MonthDays(_MONTH_DAYS[unit])
    return None


def _other(name: str) -> Frequency:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas warns of old aliases before it refuses them
        try:
            size, rest = divmod(pd.Timedelta(name), pd.Timedelta(microseconds=1))
        except (ValueError, OverflowError):
            size, rest = 0, pd.Timedelta(0)
        if 0 < size <= _LONGEST and not rest:  # times have no nanoseconds
            return Steps(int(size))
        try:
            offset = offset_of(name)
        except (ValueError, OverflowError, TypeError, AttributeError, KeyError) as error:
            raise UserError("freq", name, _UNKNOWN) from error
    if offset is None or offset.n < 1 or isinstance(offset, pd.tseries.offsets.Tick):
        raise UserError("freq", name, _UNKNOWN)
    if isinstance(offset, pd.tseries.offsets.BusinessHour):  # pandas takes minutes for decades of them
        raise UserError(
            "freq", name, "business hours are not supported as steps; give h, or `freq` rows to number the rows"
        )
    return Offsets(offset.freqstr)
