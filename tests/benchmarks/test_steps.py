"""Equal minutes for the arms of a benchmark."""

import pytest

from benchmarks.steps import steps_for_minutes
from segue.errors import UserError


def test_minutes_become_steps():
    assert steps_for_minutes(2, 0.5) == 240
    assert steps_for_minutes(0.001, 60.0) == 1
    with pytest.raises(UserError, match="minutes 0"):
        steps_for_minutes(0, 0.5)
    with pytest.raises(UserError, match="minutes"):
        steps_for_minutes(1e308, 0.5)
