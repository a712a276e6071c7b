"""The frequency that the times of a table show, accepted only where nearly all gaps are whole multiples of its step."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int64
from numpy.typing import NDArray

from segue.errors import UserError
from segue.forecasting.table.grid.frequency import DAY, HOUR, MINUTE, WEEK, Frequency, Steps, Times, days_on_clock
from segue.forecasting.table.grid.hours import refuse_opening_hours
from segue.forecasting.table.grid.irregular import no_common_step
from segue.forecasting.table.grid.months import MonthDays, Months, anchor_of, anchors_of, on_anchor
from segue.forecasting.table.grid.offsets import Offsets
from segue.forecasting.table.grid.weekdays import BUSINESS, NAMES, Weekdays, weekdays_of

_NEARLY = 0.95
"""The share of gaps that have to be whole multiples of the step.

In each of 42 public data sets, all gaps are multiples. In irregular tables, such as those of Tuesdays and Fridays, at
most three quarters are. A single row off the grid makes two gaps that are not multiples; of 40 gaps, two are 5 %.
"""
_HALF = 0.5  # the share of gaps that have to be one step, so that most steps of the grid have a row
_JITTER = 0.02
"""The part of a step by which a gap may miss a multiple: 1.2 s of a minute, 14 min of 12 hours.

Steps of whole days allow at most 6 h, and one more hour for summer time: a gap may miss a day by 89 min.
"""
_CHANCE = 1e-3  # the probability that a weekday lacks rows by chance
_MOST_SPREAD = 4
"""The largest spread of the day of the month, in days: the last trading day is up to 4 days early."""
_NICE = [
    *(count * unit for unit in (1_000_000, MINUTE) for count in (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30)),
    *(count * HOUR for count in (1, 2, 3, 4, 6, 8, 12)),
    DAY,
    WEEK,
]
"""The usual steps of clocks, in microseconds. Gaps with jitter all differ, but are close to one of these steps."""


@dataclass(frozen=True, eq=False)
class GapSizes:
    """The sizes of gaps, in microseconds or as integers.

    Attributes:
        distinct: Each size once, ascending.
        counts: How many gaps have each size.
    """

    distinct: Int64[np.ndarray, " sizes"]
    counts: Int64[np.ndarray, " sizes"]

    @staticmethod
    def of(gaps: Times) -> "GapSizes":
        """The sizes of the gaps between pairs of times, `(pairs, 2)`."""
        distinct, counts = np.unique((gaps[:, 1] - gaps[:, 0]).view(np.int64), return_counts=True)
        return GapSizes(distinct, counts.astype(np.int64))

    def __len__(self) -> int:
        return int(self.counts.sum())

    @property
    def common(self) -> int:
        """The most common size, the least one of several."""
        return int(self.distinct[self.counts.argmax()])

    @property
    def median(self) -> int:
        """The median size, the greater one of two."""
        return int(self.distinct[np.searchsorted(self.counts.cumsum(), len(self) // 2, "right")])

    def share(self, which: Bool[np.ndarray, " sizes"]) -> float:
        """The share of gaps that have one of these sizes."""
        return float(self.counts[which].sum() / self.counts.sum())


def infer_frequency(times: Times, gaps: Times) -> Frequency:
    """Infers the step between neighbouring times; missing rows and a little jitter do not change it.

    Args:
        times: All times, in any order.
        gaps: Pairs of neighbouring distinct times of one series, `(pairs, 2)`. If every series has one time, there are
            no pairs; the step of integer times is then 1.

    Raises:
        UserError: No series has two timestamps; or more than 5 % of the gaps are no multiples of the step; or there are
            at least three gaps, and less than half of them keep one step; or the rows stand at opening hours.
    """
    sizes = GapSizes.of(gaps)
    if times.dtype.kind == "i":
        return _infer_number(sizes)
    if not len(gaps):
        remedy = "no series has two rows to infer it from; give the step, such as h or D"
        raise UserError("freq", "(not given)", remedy)
    size = _step_of(sizes)
    if size is not None and size < DAY:
        refuse_opening_hours(times, size)
        return Steps(size)
    common = sizes.common
    found = (_infer_weekdays(times, gaps, sizes) if common < WEEK else None) or _infer_months(times, gaps, sizes)
    if found is None and size is not None:
        return Steps(size)
    found = found or _infer_month_days(times, gaps, common) or _infer_month_weekday(times, gaps)
    if found is None:
        raise no_common_step(times, (gaps[:, 1] - gaps[:, 0]).view(np.int64), Steps(common).alias, _near(sizes, common))
    return found


def _infer_number(sizes: GapSizes) -> Frequency:
    if not len(sizes):
        return Steps(1, integer=True)
    size = sizes.common
    share, multiples = sizes.share(sizes.distinct == size), sizes.share(sizes.distinct % size == 0)
    if (len(sizes) >= 3 and share < _HALF) or multiples < _NEARLY:
        most = f"the most common, {size}, has {share:.0%} of the gaps"
        remedy = "give a whole number, or `freq` rows to number the rows"
        raise UserError("freq", "(not given)", f"the rows have no common step ({most}); {remedy}")
    return Steps(size, integer=True)


def _step_of(sizes: GapSizes) -> int | None:
    """The step that nearly all gaps are multiples of: the most common gap, or one of the clock; None if none is."""
    nice = [size for size in _NICE if abs(size - sizes.median) <= _tolerance(size)]
    clear = sizes.share(sizes.distinct == sizes.common) >= _HALF
    for size in (sizes.common, *nice) if clear else (*nice, sizes.common):
        usual = len(sizes) < 3 or _near(sizes, size) >= _HALF
        if usual and _multiples(sizes, size) >= _NEARLY:
            return size
    return None


def _multiples(sizes: GapSizes, size: int) -> float:
    """The share of gaps that are whole multiples of a step, apart from jitter and an hour of summer time."""
    count = (sizes.distinct + size // 2) // size
    off = np.abs(sizes.distinct - count * size)
    kept = (off <= _tolerance(size)) & (count > 0)
    clock = ~kept & (off == HOUR) & (HOUR < size < DAY)
    if sizes.counts[clock].sum() <= 2:  # the clock changes twice a year
        kept |= clock
    return sizes.share(kept)


def _near(sizes: GapSizes, size: int) -> float:
    """The share of gaps that are one step, apart from jitter."""
    return sizes.share(np.abs(sizes.distinct - size) <= _tolerance(size))


def _tolerance(size: int) -> float:
    return _JITTER * size if size % DAY else min(_JITTER * size, DAY / 4) + HOUR


def _infer_weekdays(times: Times, gaps: Times, sizes: GapSizes) -> Frequency | None:
    """Infers some weekdays of every week if the other weekdays lack rows more often than by chance.

    For business days, one weekend without rows is enough, because they are usual. If the most common gap is a day, each
    weekday without rows must lack them three times. If that gap is longer, each weekday with rows must have two.
    """
    if _multiples(sizes, DAY) < _NEARLY:
        return None
    day = _distinct_days(days_on_clock(times.min(keepdims=True), times)[1])
    weekday = weekdays_of(day)
    counts = np.bincount(weekday, minlength=7)
    seen = tuple(np.flatnonzero(counts).tolist())
    daily = abs(sizes.common - DAY) <= HOUR
    if not 2 <= len(seen) <= 6:
        return None
    if daily and set(seen) <= set(BUSINESS) and _skips_a_weekend(gaps):
        return Weekdays(BUSINESS)
    steps = Weekdays(seen).steps(gaps[:, 0], gaps[:, 1])
    if np.mean(steps == 1) < _HALF:
        return None
    every = np.bincount(weekdays_of(np.arange(day[0], day[-1] + 1)), minlength=7)
    lacking = int(every[counts == 0].min())
    present = 1 / float(np.mean(steps))
    by_chance = 7 * (1 - present) ** lacking
    enough = lacking >= 3 if daily else lacking >= 1 and counts[counts > 0].min() >= 2
    return Weekdays(seen) if enough and by_chance < _CHANCE else None


def _distinct_days(days: NDArray[np.int64]) -> Times:
    """Each of these days since 1970 once, ascending; counting is faster than sorting where they are dense."""
    least, span = int(days.min()), int(np.ptp(days))
    dense = span <= 10 * len(days)
    distinct = np.flatnonzero(np.bincount(days - least)) + least if dense else np.unique(days)
    return np.asarray(distinct.astype("datetime64[D]"))


def _skips_a_weekend(gaps: Times) -> bool:
    """Whether a Monday follows a Friday."""
    begin, end = days_on_clock(gaps[:, 0], gaps[:, 1])
    friday = weekdays_of(begin.astype("datetime64[D]")) == NAMES.index("Fri")
    return bool(((end - begin == 3) & friday).any())


def _infer_months(times: Times, gaps: Times, sizes: GapSizes) -> Frequency | None:
    """Infers calendar months if they explain more gaps than days do, and rows keep nearly one day of the month."""
    share = sizes.share(sizes.distinct == sizes.common)
    if sizes.common < 28 * DAY:
        return None
    months = gaps.astype("datetime64[M]")
    apart = (months[:, 1] - months[:, 0]).astype(np.int64)
    count, month_share = _most_common(apart)
    keeps_day = _spread(times) == 0 or bool(anchors_of(times))
    if count < 1 or (month_share, keeps_day) <= (share, False) or (len(gaps) >= 3 and month_share < _HALF):
        return None
    if np.mean(apart % count == 0) < _NEARLY or (not keeps_day and _varies(times)):
        return None
    return Months(count, anchor_of(times))


def _varies(times: Times) -> bool:
    """Whether the day of the month varies by more than weekends explain, or stays on one weekday."""
    days = np.unique(times.astype("datetime64[D]"))
    return _spread(times) > _MOST_SPREAD or len(np.unique(weekdays_of(days))) == 1


def _spread(times: Times) -> int:
    """The spread of the day of the month, counted from the first or the last day of a month, whichever is less."""
    days = np.unique(times.astype("datetime64[D]"))
    month = days.astype("datetime64[M]")
    from_start = days - month.astype("datetime64[D]")
    to_end = (month + 1).astype("datetime64[D]") - days
    return int(min(np.ptp(from_start.astype(np.int64)), np.ptp(to_end.astype(np.int64))))


def _infer_month_days(times: Times, gaps: Times, size: int) -> Frequency | None:
    """Two to six days of every month, such as the 1st and the 15th; each has two rows at least."""
    days = np.unique(times.astype("datetime64[D]"))
    month = days.astype("datetime64[M]")
    day = (days - month).astype(np.int64) + 1
    last = days == on_anchor(month, "end", np.int64(0))
    if last[day >= 28].all():
        day[last] = 31
    kept, counts = np.unique(day, return_counts=True)
    if size >= 28 * DAY or not 2 <= len(kept) <= 6 or counts.min() < 2:
        return None
    frequency = MonthDays(tuple(kept.tolist()))
    return frequency if np.mean(frequency.steps(gaps[:, 0], gaps[:, 1]) == 1) >= _HALF else None


def _infer_month_weekday(times: Times, gaps: Times) -> Frequency | None:
    """One weekday of every month, such as the third Friday, or the last one."""
    days = np.unique(times.astype("datetime64[D]"))
    month = days.astype("datetime64[M]")
    months = gaps.astype("datetime64[M]")
    weekday, which = np.unique(weekdays_of(days)), np.unique((days - month).astype(np.int64) // 7)
    if len(weekday) > 1 or len(gaps) < 3 or np.mean(months[:, 1] - months[:, 0] == np.timedelta64(1, "M")) < _HALF:
        return None
    name = NAMES[weekday[0]].upper()
    if len(which) == 1 and which[0] < 4:
        return Offsets(f"WOM-{which[0] + 1}{name}")
    to_end = (on_anchor(month, "end", np.int64(0)) - days).astype(np.int64)
    return Offsets(f"LWOM-{name}") if (to_end < 7).all() else None


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
