"""Holidays as columns: one for each name, one for all together, and those for the days before and after."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float64, Int64
from numpy.typing import NDArray

from segue.errors import UserError
from segue.extras import remedy_for_missing
from segue.forecasting.table.grid.panel import Panel

HOLIDAYS = "holidays"
"""The source of all columns of holidays; the source of a covariate is its name."""
HOLIDAY = "holiday"
"""The column that all holidays share."""

_DAY = np.timedelta64(1, "D")
_MARKS = ("(observed)", "(estimated)", "(substituted)", "(in lieu)")  # of days that count as the day itself


def holiday_columns(
    panel: Panel, places: Sequence[str], starts: Int64[np.ndarray, " series_and_1"]
) -> tuple[tuple[str, ...], Float64[np.ndarray, "rows columns"]]:
    """Returns columns of 0 and 1 at all steps of the series of a panel and ahead of them.

    Args:
        panel: Series of days or finer steps.
        places: Countries, or parts of countries, such as `US` or `US-CA`. The same day of several is one day.
        starts: The rows of each series, as `KnownColumns` has them.

    Raises:
        UserError: A place is unknown, a step is longer than a day, or there is no holiday in the past.
    """
    days = [_days(panel, lane, int(starts[lane + 1] - starts[lane])) for lane in range(len(panel))]
    whole = np.concatenate(days)
    longest = max(days, key=len)  # one day shows no step
    if len(longest) > 1 and bool((np.diff(longest[:50]) > _DAY).all()) and panel.frequency.alias != "B":
        raise UserError(
            "holidays", ",".join(places), f"steps of {panel.frequency.alias} are longer than a day; leave it out"
        )
    named = _named_days(places, whole.min(), whole.max())
    every = np.unique(np.concatenate([*named.values()])) if named else np.array([], dtype="datetime64[D]")
    columns = {HOLIDAY: np.isin(whole, every)}
    columns |= {name: np.isin(whole, own) for name, own in sorted(named.items())}
    columns["day before a holiday"] = np.isin(whole + _DAY, every) & ~columns[HOLIDAY]
    columns["day after a holiday"] = np.isin(whole - _DAY, every) & ~columns[HOLIDAY]
    past = np.concatenate([np.arange(len(own)) < length for own, length in zip(days, panel.lengths, strict=True)])
    kept = {name: own for name, own in columns.items() if (own & past).any() and not own[past].all()}
    if HOLIDAY not in kept:
        raise UserError(
            "holidays", ",".join(places), "the history has no such day; leave it out or give a longer history"
        )
    return tuple(kept), np.stack([*kept.values()], axis=1).astype(np.float64)


def _days(panel: Panel, lane: int, rows: int) -> NDArray[Any]:
    """The day of each step of a series and ahead of it."""
    first = panel.times[panel.starts[lane] : panel.starts[lane] + 1]
    if first.dtype.kind != "M":
        raise UserError("holidays", panel.frequency.alias, "times are numbers; holidays need dates")
    later = panel.frequency.after(first, np.array([0, 1]), rows - 1)[0] if rows > 1 else first[:0]
    return np.concatenate([first, later]).astype("datetime64[D]")


def _named_days(places: Sequence[str], first: np.datetime64, last: np.datetime64) -> dict[str, NDArray[Any]]:
    """The days of each holiday of some places, by name, in the years of two days."""
    try:
        import holidays
    except ModuleNotFoundError as error:
        raise UserError("holidays", ",".join(places), remedy_for_missing(error) or str(error)) from error
    years = range(int(str(first)[:4]) - 1, int(str(last)[:4]) + 2)
    found: dict[str, set[np.datetime64]] = {}
    for place in places:
        country, _, part = place.partition("-")
        try:
            table = holidays.country_holidays(country.upper(), subdiv=part or None, years=years, language="en_US")
        except (NotImplementedError, TypeError) as error:  # a TypeError for another word of the package, as SCHOOL is
            raise UserError("holidays", place, "is not known; give codes such as US, US-CA or DE") from error
        for day, text in table.items():
            for name in text.split("; "):
                for mark in _MARKS:
                    name = name.replace(mark, "").strip()
                found.setdefault(name, set()).add(np.datetime64(day, "D"))
    return {name: np.array(sorted(days)) for name, days in found.items()}
