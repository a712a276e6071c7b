"""Opening hours: rows of less than a day that stand only at some clock times of the day, or of the week."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool
from numpy.typing import NDArray

from segue.errors import UserError
from segue.forecasting.table.grid.frequency import DAY, HOUR, MINUTE, WEEK, Steps, Times
from segue.forecasting.table.grid.weekdays import weekday_text, weekdays_of

_LEAST_SHARE = 1 / 8
"""The least share of a day or a week that has no rows: three hours of a day. Nightly maintenance is shorter."""
_CHANCE = 1e-3  # the probability that these hours lack rows by chance
_LEAST_CYCLES = 3  # days or weeks: the night between two days is one gap, as an outage is
_MONDAY = 4 * DAY
_HEAD = 50_000  # the first rows, which usually show the whole cycle; five weeks of minutes


@dataclass(frozen=True, eq=False)
class _Hours:
    """The clock times at which rows stand.

    Attributes:
        open: Whether rows stand at each clock time of the cycle.
        slot: The length of a clock time, in microseconds.
    """

    open: Bool[np.ndarray, " slots"]
    slot: int

    def text(self, times: Times) -> str:
        """The clock times of a day in words: from the first one after the longest break to the last one before it."""
        count = min(len(self.open), DAY // self.slot)
        used = np.flatnonzero(self.open.reshape(-1, count).any(0))
        if len(used) == count:
            return "all hours of the day with a break in every week,"
        last = int(np.diff(used, append=used[0] + count).argmax())
        clock = times.astype(np.int64) % DAY
        first = clock[clock // self.slot == used[(last + 1) % len(used)]].min()
        ends = (int(first), int(clock[clock // self.slot == used[last]].max()))
        return " to ".join(f"{at // HOUR:02}:{at // MINUTE % 60:02}" for at in ends)


def refuse_opening_hours(times: Times, size: int) -> None:
    """Refuses an inferred step of less than a day, where most steps between opening hours would be empty.

    Args:
        times: Timestamps, in any order.
        size: The step in microseconds.

    Raises:
        UserError: Each day with rows, or each week, lacks them at the same clock times.
    """
    slot = size if DAY % size == 0 and size >= MINUTE else MINUTE if size < MINUTE else HOUR
    for cycle in (DAY, WEEK):
        hours = _recurring(times, slot, cycle) if _lacks_slots(times[:_HEAD], slot, cycle) else None
        if hours is not None:
            days = tuple(np.unique(weekdays_of(times)).tolist())
            when = hours.text(times) + (" every day" if len(days) == 7 else f" on {weekday_text(days)}")
            alias = Steps(size).alias
            fault = f"the rows stand at {when}, and steps of {alias} outside these hours would be empty"
            remedy = f"give `freq` rows to number the rows, or `freq` {alias} for steps around the clock"
            raise UserError("freq", "(not given)", f"{fault}; {remedy}")


def _lacks_slots(times: Times, slot: int, cycle: int) -> bool:
    """Whether no row stands at many clock times of the cycle."""
    used = np.bincount(_slots(times, slot) % (cycle // slot), minlength=cycle // slot) > 0
    return bool(1 - used.mean() >= _LEAST_SHARE)


def _slots(times: Times, slot: int) -> NDArray[np.int64]:
    return np.asarray((times.astype(np.int64) - _MONDAY) // slot)


def _recurring(times: Times, slot: int, cycle: int) -> _Hours | None:
    """Returns the clock times at which rows stand, if each cycle lacks all other clock times; else None."""
    if not _lacks_slots(times, slot, cycle):
        return None
    filled, count = np.unique(_slots(times, slot)), cycle // slot
    hours = _Hours(np.bincount(filled % count, minlength=count) > 0, slot)
    counts = np.unique(filled // count, return_counts=True)[1]
    missing = 1 - counts[1:-1].mean() / np.count_nonzero(hours.open) if len(counts) >= _LEAST_CYCLES else 1.0
    return hours if count * missing ** (len(counts) - 2) < _CHANCE else None  # the first and the last may be cut
