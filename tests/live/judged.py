"""Rows with given p-values, for tests of what reads observations."""

from typing import Any

import numpy as np

from segue.live.observations import Observations

NAN = float("nan")


def judged(p: Any, *, ids: Any = None, times: Any = None, side: Any = 1.0, beyond: Any = None) -> Observations:
    """Observations with an expected value of 0 and a band of ±1.

    Args:
        p: The p-values.
        ids: Names of lanes; one lane by default.
        times: Times; row numbers by default.
        side: The side of the expected value, 1 or -1.
        beyond: Whether values lie beyond the band; by default where p is below 0.2.
    """
    p = np.asarray(p, dtype=np.float64)
    rows = len(p)
    far = p < 0.2 if beyond is None else np.broadcast_to(beyond, rows)
    return Observations(
        ids=np.full(rows, "a", dtype=object) if ids is None else np.asarray(ids),
        times=np.arange(rows) if times is None else np.asarray(times),
        values=np.where(far, 3.0, 0.5) * side,
        expected=np.zeros(rows),
        lower=np.full(rows, -1.0),
        upper=np.ones(rows),
        p=p,
        status=np.zeros(rows, dtype=np.int8),
    )
