"""Streams: a stream's forecast is the forecast of one call over the same last context."""

import inspect

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from test_nanotst import TINY, build

from segue.errors import UserError
from segue.forecasting.baselines.seasonal_naive import SeasonalNaive
from segue.forecasting.stream import Forecaster
from segue.state import State


@pytest.fixture(scope="module")
def forecaster() -> Forecaster:
    return Forecaster(build(TINY))


def lanes_of(time: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(3, time, generator=generator, dtype=torch.float64).cumsum(1)
    return values.masked_fill(torch.rand(3, time, generator=generator) < 0.1, torch.nan)


@settings(max_examples=15, deadline=None)
@given(sizes=st.lists(st.integers(0, 30), min_size=1, max_size=6), saved=st.integers(0, 5))
def test_a_stream_in_chunks_saved_on_the_way_forecasts_as_one_call(forecaster, tmp_path_factory, sizes, saved):
    values = lanes_of(sum(sizes) + 1)
    state, begin = forecaster.initial_state(3), 0
    for number, size in enumerate([*sizes, 1]):
        state = forecaster.update(state, values[:, begin : begin + size])
        begin += size
        if number == saved:
            path = tmp_path_factory.mktemp("state") / "stream.safetensors"
            forecaster.save(state, path, {"lanes": ["a", "b", "c"], "last": "2024-01-31", "frequency": "D"})
            state, facts = forecaster.load(path)
            assert facts["lanes"] == ["a", "b", "c"]
    expected = forecaster.predict(values, 20).quantiles
    torch.testing.assert_close(forecaster.forecast(state, 20).quantiles, expected, rtol=0, atol=1e-10, equal_nan=True)
    assert state["age"].tolist() == [values.shape[1]] * 3


def test_only_the_last_context_counts(forecaster):
    values = lanes_of(200)
    expected = forecaster.predict(values[:, -TINY.context :], 20).quantiles
    assert torch.equal(forecaster.predict(values, 20).quantiles, expected)


def test_a_reset_lane_is_a_fresh_lane_from_there_on(forecaster):
    values = lanes_of(50)
    reset = torch.zeros(3, 50, dtype=torch.bool)
    reset[0, 20] = reset[2, 0] = reset[2, 45] = True
    state = forecaster.update(forecaster.update(forecaster.initial_state(3), lanes_of(40, seed=1)), values, None, reset)
    for lane, begin in ((0, 20), (2, 45)):
        fresh = forecaster.update(forecaster.initial_state(1), values[lane : lane + 1, begin:])
        alone = state.select(torch.tensor([lane]))
        assert all(torch.equal(alone[name], fresh[name]) for name in fresh)
    assert state["age"].tolist() == [30, 90, 5]


def test_a_mask_per_lane_resets_before_the_first_value(forecaster):
    values, before = lanes_of(10), forecaster.update(forecaster.initial_state(3), lanes_of(40, seed=1))
    state = forecaster.update(before, values, None, torch.tensor([True, False, False]))
    assert state["age"].tolist() == [10, 50, 50]


def test_no_values_change_nothing_whatever_is_reset(forecaster):
    before = forecaster.update(forecaster.initial_state(3), lanes_of(40, seed=1))
    nothing = torch.zeros(3, 0, dtype=torch.float64)
    assert forecaster.update(before, nothing, None, torch.tensor([True, False, False])) == before


def test_neither_update_nor_forecast_changes_a_state(forecaster):
    state = forecaster.update(forecaster.initial_state(3), lanes_of(30))
    copy = {name: tensor.clone() for name, tensor in state.items()}
    forecaster.update(state, lanes_of(10))
    forecaster.forecast(state, 20)
    assert all(torch.equal(state[name], copy[name]) for name in copy)


def test_a_mask_and_nan_both_mean_missing(forecaster):
    values = lanes_of(40)
    observed = ~values.isnan()
    state = forecaster.update(forecaster.initial_state(3), values.nan_to_num(7.0), observed)
    assert torch.equal(forecaster.forecast(state, 5).quantiles, forecaster.predict(values, 5).quantiles)


def test_other_levels_are_read_between_the_fixed_ones(forecaster):
    state = forecaster.update(forecaster.initial_state(3), lanes_of(40))
    quarter, between, third = (forecaster.forecast(state, 5, (level,)).quantiles for level in (0.2, 0.225, 0.25))
    torch.testing.assert_close(between, (quarter + third) / 2)


def test_mistakes_are_named(forecaster, tmp_path):
    state = forecaster.update(forecaster.initial_state(3), lanes_of(40))
    with pytest.raises(UserError, match="horizon 0: give a whole number of at least 1"):
        forecaster.forecast(state, 0)
    with pytest.raises(UserError, match="levels 0.999: give quantile levels from 0.01 to 0.99"):
        forecaster.forecast(state, 5, (0.5, 0.999))
    with pytest.raises(UserError, match="values inf: remove infinite values"):
        forecaster.update(state, torch.full((3, 1), torch.inf))
    with pytest.raises(UserError, match="horizon 3.0: give a whole number"):
        inspect.unwrap(Forecaster.forecast)(forecaster, state, 3.0)  # only the test run checks types by itself
    for name in ("model", "fingerprint"):
        with pytest.raises(UserError, match=f"facts {name}: choose another name"):
            forecaster.save(state, tmp_path / "state", {name: "mine"})


def test_arrays_and_lists_are_values_too(forecaster):
    values = lanes_of(40)
    expected = forecaster.predict(values, 5).quantiles
    for same in (values.numpy(), values.tolist()):
        found = forecaster.update(forecaster.initial_state(3), same, None, [True, False, False])
        assert torch.equal(forecaster.forecast(found, 5).quantiles, expected)


@pytest.mark.parametrize(
    ("values", "more", "message"),
    [
        (torch.zeros(3, 4), {}, r"values of shape (3, 4): give the shape (2, time)"),
        (torch.zeros(4), {}, r"values of shape (4,): give the shape (2, time)"),
        ([[1.0], [1.0, 2.0]], {}, "values list: give a tensor or an array of numbers"),
        ("words", {}, "values str: give a tensor or an array of numbers"),
        (torch.zeros(2, 4), {"observed": torch.ones(2, 3) > 0}, "shape (2, 3): give truth values of shape (2, 4)"),
        (torch.zeros(2, 4), {"observed": torch.ones(2) > 0}, "observed torch.bool of shape (2,): give truth values"),
        (torch.zeros(2, 4), {"reset": torch.ones(3) > 0}, "give truth values of shape (2, 4) or (2,)"),
        (torch.zeros(2, 4), {"reset": torch.ones(2)}, "reset torch.float32 of shape (2,): give truth values"),
    ],
)  # fmt: skip
def test_shapes_that_do_not_fit_the_lanes_are_named(forecaster, values, more, message):
    with pytest.raises(UserError) as caught:
        forecaster.update(forecaster.initial_state(2), values, **more)
    assert message in str(caught.value)


def test_the_state_of_another_model_or_a_truncated_one_is_refused(forecaster, tmp_path):
    state = forecaster.update(forecaster.initial_state(3), lanes_of(40))
    path = tmp_path / "state.safetensors"
    forecaster.save(state, path, {})
    for other in (Forecaster(build(TINY, seed=1)), Forecaster(SeasonalNaive(season=4))):
        with pytest.raises(UserError, match="load it into the model that saved it"):
            other.load(path)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(UserError, match="name a whole state file"):
        forecaster.load(path)
    with pytest.raises(UserError, match="name a whole state file"):
        State.load(tmp_path / "missing.safetensors", {})
