"""Streams of arrays: the forecast is that of one call over the same last values."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segue import UserError
from segue.forecasting.baselines.seasonal_naive import SeasonalNaive
from segue.forecasting.predictor import predict_lanes
from segue.forecasting.streams.memory import Memory
from segue.forecasting.streams.stream import Stream

STREAM = Stream(SeasonalNaive(season=3, context=32))


def lanes_of(time, seed=0):
    random = np.random.default_rng(seed)
    values = random.normal(size=(3, time)).cumsum(1)
    return np.where(random.random((3, time)) < 0.1, np.nan, values)


def after(*parts):
    memory = STREAM.start()
    for part in parts:
        memory = STREAM.update_arrays(memory, part)
    return memory


def expected(values, horizon):
    return predict_lanes(STREAM.predictor, values, ~np.isnan(values), np.zeros((len(values), 0)), horizon).quantiles


@settings(max_examples=15, deadline=None)
@given(sizes=st.lists(st.integers(0, 30), min_size=1, max_size=6), saved=st.integers(0, 5))
def test_a_stream_in_chunks_saved_on_the_way_forecasts_as_one_call(tmp_path_factory, sizes, saved):
    values = lanes_of(sum(sizes) + 1)
    memory, begin = STREAM.start(), 0
    for number, size in enumerate([*sizes, 1]):
        memory = STREAM.update_arrays(memory, values[:, begin : begin + size])
        begin += size
        if number == saved:
            path = tmp_path_factory.mktemp("state") / "stream.safetensors"
            STREAM.save(memory, path)
            memory = STREAM.load(path)
    ahead = STREAM.forecast_arrays(memory, 20).quantiles
    np.testing.assert_allclose(ahead, expected(values, 20), rtol=0, atol=1e-10)
    assert memory == after(values)


def test_a_reset_lane_is_a_fresh_lane_from_there_on():
    values = lanes_of(30)
    reset = np.zeros((3, 30), dtype=bool)
    reset[0, 20] = reset[2, 0] = reset[2, 25] = True
    memory = STREAM.update_arrays(after(lanes_of(40, seed=1)), values, None, reset)
    for lane, begin in ((0, 20), (2, 25)):
        fresh = after(values[lane : lane + 1, begin:])
        assert memory.state.select(np.array([lane])) == fresh.state
    untouched = after(lanes_of(40, seed=1), values)
    assert memory.state.select(np.array([1])) == untouched.state.select(np.array([1]))


def test_a_mask_per_lane_resets_before_the_first_value():
    values, before = lanes_of(10), after(lanes_of(40, seed=1))
    mask = np.array([True, False, False])
    memory = STREAM.update_arrays(before, values, None, mask)
    assert memory.state.select(mask) == after(values).state.select(mask)
    assert memory.state.select(~mask) == STREAM.update_arrays(before, values).state.select(~mask)


def test_no_values_change_nothing_whatever_is_reset():
    before = after(lanes_of(40, seed=1))
    for reset in (np.array([True, False, False]), np.zeros((3, 0), dtype=bool)):
        assert STREAM.update_arrays(before, np.zeros((3, 0)), None, reset) == before


def test_neither_update_nor_forecast_changes_a_memory():
    memory = after(lanes_of(30))
    copy = {name: array.copy() for name, array in memory.state.items()}
    STREAM.update_arrays(memory, lanes_of(10), None, np.array([True, True, False]))
    STREAM.forecast_arrays(memory, 20)
    assert all(np.array_equal(memory.state[name], copy[name]) for name in copy)


def test_a_mask_and_nan_both_mean_missing():
    values = lanes_of(40)
    memory = STREAM.update_arrays(STREAM.start(), np.nan_to_num(values, nan=7.0), ~np.isnan(values))
    assert memory == after(values)


def test_lanes_wait_and_come_by_way_of_the_state():
    memory = after(lanes_of(30))
    arrived = np.array([True, False, True])
    moved = STREAM.update_arrays(memory, lanes_of(1, seed=2))
    waiting = Memory(moved.state.where(arrived, memory.state))
    alone = STREAM.update_arrays(Memory(memory.state.select(arrived)), lanes_of(1, seed=2)[arrived])
    assert waiting.state.select(arrived) == alone.state
    assert waiting.state.select(~arrived) == memory.state.select(~arrived)


def test_a_lane_without_values_has_no_forecast_and_does_not_disturb_others():
    values = lanes_of(20)
    memory = after(np.vstack([values, np.full((1, 20), np.nan)]))
    ahead = STREAM.forecast_arrays(memory, 5).quantiles
    assert np.isnan(ahead[3]).all()
    np.testing.assert_allclose(ahead[:3], expected(values, 5), rtol=0, atol=1e-10)
    assert np.isnan(STREAM.forecast_arrays(after(np.full((2, 3), np.nan)), 5).quantiles).all()


def test_arrays_forecast_lanes_of_frames_too_and_lists_are_arrays():
    rows = pd.DataFrame({"ds": [1, 2, 3, 4], "y": [1.0, 2.0, 3.0, 5.0]})
    memory, _ = STREAM.update(STREAM.start(), rows)
    ahead = STREAM.forecast_arrays(memory, 5)
    np.testing.assert_array_equal(ahead.median[0], STREAM.forecast(memory, 5)["SeasonalNaive"])
    lists = STREAM.update_arrays(STREAM.start(), [[1.0, 2.0, 3.0, 5.0]], None, [True])
    np.testing.assert_array_equal(STREAM.forecast_arrays(lists, 5).quantiles, ahead.quantiles)
    with pytest.raises(UserError, match="memory of series with times: go on with update"):
        STREAM.update_arrays(memory, [[1.0]])


@pytest.mark.parametrize(
    ("values", "more", "message"),
    [
        (np.zeros((3, 4)), {}, r"values of shape (3, 4): give the shape (2, time)"),
        (np.zeros(4), {}, r"values of shape (4,): give the shape (2, time)"),
        ([[1.0], [1.0, 2.0]], {}, "values list: give an array of numbers"),
        ("words", {}, "values str: give an array of numbers"),
        (np.full((2, 1), np.inf), {}, "values inf: remove infinite values"),
        (np.full((2, 1), -2e150), {}, "values -2e+150: is too large; give it in another unit"),
        (np.zeros((2, 4)), {"observed": np.ones((2, 3)) > 0}, "shape (2, 3): give truth values of shape (2, 4)"),
        (np.zeros((2, 4)), {"observed": np.ones(2) > 0}, "observed bool of shape (2,): give truth values"),
        (np.zeros((2, 4)), {"reset": np.ones(3) > 0}, "give truth values of shape (2, 4) or (2,)"),
        (np.zeros((2, 4)), {"reset": np.ones(2)}, "reset float64 of shape (2,): give truth values"),
    ],
)  # fmt: skip
def test_what_does_not_fit_the_lanes_is_named(values, more, message):
    with pytest.raises(UserError) as caught:
        STREAM.update_arrays(after(np.zeros((2, 3))), values, **more)
    assert message in str(caught.value)


def test_a_horizon_is_a_whole_number():
    with pytest.raises(UserError, match="horizon 0: give a whole number of at least 1"):
        STREAM.forecast_arrays(after(lanes_of(4)), 0)
