"""Days of a local time zone that are stamped in UTC: 23:00 in winter and 22:00 in summer are one clock."""

import numpy as np
from numpy.typing import NDArray

from segue.forecasting.table.grid.frequency import DAY, Times

_HOUR = DAY // 24
_LONGEST_EAST = 11 * _HOUR  # midnight of UTC+13 is 11:00 of UTC; west of Greenwich, none is later than 10:00 of UTC
_SHORTEST_SUMMER = 80 * DAY  # no zone keeps summer time for less
_CHANGES = (1, 2, 3, 8, 9, 10)  # February to April and September to November, counted from 0: when clocks change

MIDNIGHT_NOTE = "the times look like local days that are stamped in UTC; the forecast goes on with the latest clock"
"""The note on times that `local_midnights` detects. `read_times` gives this note."""


def local_midnights(times: Times) -> Times | None:
    """Detects days, weeks or months of a local zone that are stamped in UTC.

    The times have two clocks an hour apart, change between them when summer time begins or ends, and lie at least a day
    apart. Sunday to Thursday at one late hour, such as 23:00, are business days of such a zone, too.

    Args:
        times: Local times in microseconds, `(rows,)`, in any order, of any number of series; or integers.

    Returns:
        The shift of each row to its local midnight, `(rows,)` in microseconds: `times + shifts` are dates of the local
        calendar. A date of the future minus the shift of the last row has the clock of that row. None if the times are
        no such days: then nothing has to be shifted.
    """
    if times.dtype.kind != "M" or len(times) < 2 or np.isnat(times).any():
        return None
    micros = times.astype("datetime64[us]").astype(np.int64)
    clocks = micros % DAY
    kinds = np.unique(clocks)
    if len(kinds) == 2:
        hidden = _keeps_summer_time(np.unique(micros), kinds)
    else:
        hidden = len(kinds) == 1 and _sunday_to_thursday(np.unique(micros), int(kinds[0]))
    if not hidden:
        return None
    shifts: Times = (np.where(clocks >= _LONGEST_EAST, DAY, 0) - clocks).astype("timedelta64[us]")
    return shifts


def _keeps_summer_time(micros: NDArray[np.int64], kinds: NDArray[np.int64]) -> bool:
    """Whether distinct, ascending times change between two clocks as zones with summer time do."""
    gap = int(kinds[1] - kinds[0])
    if gap not in (_HOUR, DAY - _HOUR) or np.diff(micros).min() < DAY - _HOUR:
        return False
    late = micros % DAY == kinds[1]
    changes = np.flatnonzero(late[1:] != late[:-1])
    before = micros[changes].astype("datetime64[us]").astype("datetime64[M]").astype(np.int64) % 12
    after = micros[changes + 1].astype("datetime64[us]").astype("datetime64[M]").astype(np.int64) % 12
    if not (np.isin(before, _CHANGES) | np.isin(after, _CHANGES)).all():
        return False
    return bool((np.diff(micros[changes + 1]) >= _SHORTEST_SUMMER).all())


def _sunday_to_thursday(micros: NDArray[np.int64], clock: int) -> bool:
    """Whether times at one late hour are evenings before business days: Sunday to Thursday, with a weekend left out."""
    if clock < DAY - 12 * _HOUR or clock % _HOUR:
        return False
    weekday = (micros // DAY + 4) % 7  # 1970-01-01 was a Thursday; Sunday is 0
    return bool((weekday <= 4).all() and (np.diff(micros) == DAY).any() and (np.diff(micros) == 3 * DAY).any())
