"""Rows of a step are gathered until it is over, whatever the order, and also beside a row of the far future."""

import numpy as np
import pytest

from segue.live.holding import Holding


def row(time, value, name="a"):
    return name, time, float(value), str(time)


def values(closed):
    steps = np.split(closed.values, np.flatnonzero(np.diff(closed.steps)) + 1)
    return [step.tolist() for step in steps if len(step)]


@pytest.mark.parametrize("restart", [False, True])
def test_a_row_of_the_far_future_does_not_end_the_gathering(restart):
    """Catches a wrong time that stays the newest, so that all later steps are closed row by row."""
    rows = [row(1, 10), row(1, 11), row(9999, 99), row(2, 20), row(2, 21), row(3, 30), row(3, 31), row(4, 40)]
    holding, found = Holding(), []
    for one in rows:
        found += values(holding.take([one]))
        holding = Holding(holding.facts()) if restart else holding
    assert found == [[10.0, 11.0], [20.0, 21.0], [30.0, 31.0]]
    assert values(holding.flush()) == [[40.0], [99.0]]


def test_a_late_row_between_rows_of_a_step_does_not_part_them():
    holding = Holding()
    assert values(holding.take([row(5, 50), row(4, 40), row(5, 51), row(6, 60)])) == [[40.0], [50.0, 51.0]]
    assert values(holding.flush()) == [[60.0]]


def test_series_do_not_close_each_other():
    holding = Holding()
    assert values(holding.take([row(1, 1), row(2, 2, "b"), row(1, 3), row(2, 4, "b")])) == []
    assert values(holding.flush()) == [[1.0, 3.0], [2.0, 4.0]]
