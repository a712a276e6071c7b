"""Series whose values end earlier than those of the others."""

from typing import Any

import narwhals as nw
import numpy as np
from jaxtyping import Float64, Int64

from segue.forecasting.table.duplicates import shown
from segue.forecasting.table.frequency import Frequency, Times

_MOST_NAMES = 5


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
        ("ends", "its forecast begins at its own end")
        if len(early) == 1
        else ("end", "their forecasts begin at their own ends")
    )
    fault = f"{len(early):,} of {len(ids):,} series {verb} before {shown(last)}, the last time of the table"
    return (f"{fault}: {names}; {own}",)
