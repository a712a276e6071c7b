"""What a watch refuses, in one line and without a change of its lanes; and calls without rows."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from segue.errors import UserError
from segue.state import State
from tests.live.conftest import assert_same_lanes, feed, watch


def test_lanes_that_lack_an_array_are_refused():
    running = watch()
    running.observe(*feed(lanes=2, steps=20))
    lanes = running.lanes
    arrays = {name: array for name, array in lanes.state.items() if name != "small.counts"}
    with pytest.raises(UserError, match=r"lanes small.counts: is missing among the arrays"):
        running.lanes = dataclasses.replace(lanes, state=State(arrays))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((["a"], [1, 2], [1.0]), "1, 2 and 1 rows"),
        ((["a"], [1], [np.inf]), "values inf"),
        ((["a"], [1], ["x"]), "give an array of numbers"),
        ((["a"], [1.5], [1.0]), "whole numbers"),
        ((["a", None], [1, 2], [1.0, 2.0]), "give each value the name of its series"),
        (([1.0, np.nan], [1, 2], [1.0, 2.0]), "give each value the name of its series"),
        ((["a"], 1, [1.0]), r"times of shape \(\)"),
        ((["a"], [1], 1.0), r"values of shape \(\)"),
        ((["a", "b"], [1, 1], np.ones((2, 1))), r"values of shape \(2, 1\)"),
        ((["a"], pd.Series(["soon"], index=[7]), [1.0]), "times soon: give datetime64 values"),
        ((["a"], np.array(["NaT"], "datetime64[s]"), [1.0]), "give each value its time"),
        ((["a"], np.array(["2025-01-01"], "datetime64[s]"), [1.0]), "no series has two rows to infer it from"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line(arguments, message):
    with pytest.raises(UserError, match=message):
        watch(freq=None).observe(*arguments)


@pytest.mark.parametrize("settings", [{"refresh": 0}, {"refresh": 500}, {"warm_up": 1}, {"freq": "rows"}])
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(UserError, match=next(iter(settings))):
        watch(**settings).observe(["a"], [1], [1.0])


def test_times_of_another_kind_than_before_are_refused_and_nothing_changes():
    running = watch(freq=1)
    running.observe(["a"] * 3, [1, 2, 3], [1.0, 2.0, 3.0])
    before = running.lanes
    with pytest.raises(UserError, match="give times of one kind in all calls"):
        running.observe(["new"], np.array(["2025-01-01"], "datetime64[s]"), [1.0])
    assert_same_lanes(before, running.lanes)


def test_an_unknown_name_is_refused():
    with pytest.raises(UserError, match="name a series that has had a value"):
        watch().accept(["nobody"])


def test_no_rows_give_no_answers():
    assert len(watch().observe([], [], [])) == 0
