"""How many training steps fit into some minutes, for benchmarks whose arms have equal time: a run then counts steps."""

import math

from segue.errors import UserError


def steps_for_minutes(minutes: int | float, seconds_per_step: float) -> int:
    """How many steps take about `minutes`, at least 1.

    Raises:
        UserError: `minutes` is not above 0, or there is no end of the steps.
    """
    steps = 60 * minutes / seconds_per_step
    if not 0 < steps < math.inf:
        raise UserError("minutes", minutes, "give a number above 0")
    return max(1, int(steps))
