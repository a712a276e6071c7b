"""Series whose values end earlier than those of the others, and series with a stretch far longer than their rows."""

from typing import Any

import narwhals as nw
import numpy as np
from jaxtyping import Float64, Int64

from segue.forecasting.table.grid.duplicates import shown
from segue.forecasting.table.grid.frequency import Frequency, Times

_MOST_NAMES = 5
_FAR = 10
"""A gap gets a note if it is so many times as long as the series has rows. A mistyped year makes such a gap."""


def early_ends(
    ids: nw.Series[Any],
    starts: Int64[np.ndarray, " series_and_1"],
    times: Times,
    values: Float64[np.ndarray, " rows"],
    frequency: Frequency,
) -> tuple[str, ...]:
    """Names the series whose last value is more than a step before the last value of the table."""
    if len(ids) < 2:
        return ()
    known = np.where(np.isfinite(values), np.arange(len(values)), -1)
    rows = np.maximum.reduceat(known, starts[:-1])
    valued = np.flatnonzero(rows >= 0)
    if len(valued) < 2:
        return ()
    ends = times[rows[valued]]
    last = ends.max()
    late = ends[ends < last]
    if not len(late):
        return ()
    early = valued[ends < last][frequency.steps(late, np.full(len(late), last)) > 1].tolist()
    if not early:
        return ()
    names = ", ".join(str(ids[lane]) for lane in early[:_MOST_NAMES])
    names += f" and {len(early) - _MOST_NAMES:,} more" if len(early) > _MOST_NAMES else ""
    verb, own = (
        ("ends", "its forecast begins after its own last row")
        if len(early) == 1
        else ("end", "their forecasts begin after their own last rows")
    )
    fault = f"{len(early):,} of {len(ids):,} series {verb} before {shown(last)}, the last time of the table"
    return (f"{fault}: {names}; {own}",)


def deserts(
    ids: nw.Series[Any], codes: Int64[np.ndarray, " rows"], times: Times, steps: Int64[np.ndarray, " rows"]
) -> tuple[str, ...]:
    """Names the first gap that is far longer than its series has rows: a time before or after it may be wrong."""
    rows = np.bincount(codes, minlength=len(ids))
    far = (codes[1:] == codes[:-1]) & (np.diff(steps) > _FAR * rows[codes[1:]])
    if not far.any():
        return ()
    row = int(far.argmax())
    count = len(np.unique(codes[1:][far]))
    more = f", and {count - 1:,} more series have such gaps" if count > 1 else ""
    fault = f"series {ids[int(codes[row])]} has no row for {int(steps[row + 1]) - int(steps[row]) - 1:,} steps"
    return (f"{fault} between {shown(times[row])} and {shown(times[row + 1])}{more}; one of these times may be wrong",)
