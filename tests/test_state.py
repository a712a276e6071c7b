"""Memory as a value: lanes are picked, put back, joined and reset; what is on disk is whole or refused."""

import copy
import json
import pickle

import pytest
import torch
from safetensors import SafetensorError, safe_open

from segue.atomic import atomic_file
from segue.errors import UserError
from segue.state import State


def state_of(lanes: int, first: float = 1.0) -> State:
    """Numbers that are all different, so that a lane in the wrong place shows."""
    cell = torch.arange(first, first + 6 * lanes).view(lanes, 2, 3)
    return State({"cell": cell, "age": torch.arange(lanes) + int(first)})


def test_a_state_is_a_sorted_mapping_that_nobody_can_change():
    tensors = {"b": torch.zeros(2), "a": torch.ones(2, 3)}
    state = State(tensors)
    tensors["c"] = torch.zeros(2)  # the mapping given is not the mapping kept
    assert list(state) == ["a", "b"]
    assert (state.lanes, len(state), state.nbytes) == (2, 2, 2 * 4 + 6 * 4)
    with pytest.raises(TypeError):
        state["a"] = torch.zeros(2)
    with pytest.raises(TypeError):
        state._tensors["a"] = torch.zeros(2)


def test_states_are_equal_by_value_and_cross_processes():
    state = state_of(2)
    assert state == state_of(2)
    assert state != state_of(2, first=5.0)
    assert state != State({"cell": state["cell"]})
    assert copy.deepcopy(state) == state
    assert pickle.loads(pickle.dumps(state)) == state


def test_tensors_of_different_lanes_and_no_tensors_are_no_state():
    with pytest.raises(ValueError, match="lanes differ"):
        State({"a": torch.zeros(2), "b": torch.zeros(3)})
    with pytest.raises(ValueError, match="at least one tensor"):
        State({})


def test_select_and_scatter_move_lanes_and_leave_the_others():
    state = state_of(4)
    picked = state.select(torch.tensor([3, 1]))
    assert picked["age"].tolist() == [4, 2]
    assert torch.equal(picked["cell"][0], state["cell"][3])
    back = state_of(4, first=100.0).scatter(torch.tensor([3, 1]), picked)
    assert back["age"].tolist() == [100, 2, 102, 4]
    assert state.scatter(torch.tensor([3, 1]), picked) == state


def test_where_takes_each_lane_whole_from_one_of_both():
    mixed = state_of(3).where(torch.tensor([True, False, True]), state_of(3, first=50.0))
    assert mixed["age"].tolist() == [1, 51, 3]
    assert torch.equal(mixed["cell"][1], state_of(3, first=50.0)["cell"][1])


def test_reset_makes_zeros_of_the_lanes_named_and_keeps_the_argument():
    state = state_of(3)
    reset = state.reset(torch.tensor([False, True, False]))
    assert (reset["cell"][1] == 0).all()
    assert reset["age"].tolist() == [1, 0, 3]
    assert state == state_of(3)


def test_cat_and_select_are_inverse():
    one, other = state_of(2), state_of(3, first=60.0)
    both = State.cat([one, other])
    assert both.select(torch.tensor([0, 1])) == one
    assert both.select(torch.tensor([2, 3, 4])) == other


def test_join_and_part_are_inverse_and_nest():
    one, other = state_of(2), state_of(2, first=9.0)
    joined = State.join({"low": one, "high": State.join({"inner": other})})
    assert list(joined) == ["high.inner.age", "high.inner.cell", "low.age", "low.cell"]
    assert joined.part("low") == one
    assert joined.part("high").part("inner") == other
    with pytest.raises(KeyError, match="no part 'lo'"):
        joined.part("lo")


def test_states_of_different_models_do_not_mix():
    other = State({"hidden": torch.zeros(2, 3)})
    for mix in (
        lambda: state_of(2).where(torch.tensor([True, False]), other),
        lambda: state_of(2).scatter(torch.tensor([0, 1]), other),
        lambda: State.cat([state_of(2), other]),
    ):
        with pytest.raises(ValueError, match="states of different models"):
            mix()


def test_detach_cuts_the_tape_and_to_converts_what_floats():
    weight = torch.ones(2, 3, requires_grad=True)
    state = State({"cell": weight * 2, "age": torch.ones(2, dtype=torch.int64)})
    assert state["cell"].requires_grad
    assert not state.detach()["cell"].requires_grad
    half = state.to(dtype=torch.float64)
    assert (half["cell"].dtype, half["age"].dtype) == (torch.float64, torch.int64)


def test_what_is_saved_is_what_is_loaded_and_equal_states_are_equal_files(tmp_path):
    facts = {"lanes": ["a", "ü"], "last": "2024-01-31", "frequency": "D", "model": "abc"}
    for name in ("one", "two"):
        state_of(2).save(tmp_path / name, dict(reversed(facts.items())))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    state, found = State.load(tmp_path / "one", {"model": "abc"})
    assert state == state_of(2)
    assert found == facts
    with safe_open(tmp_path / "one", framework="pt") as file:  # one key holds all: several would come in any order
        assert {key: json.loads(text) for key, text in file.metadata().items()} == {"segue": facts}


def test_a_state_of_another_model_or_no_state_is_refused(tmp_path):
    state_of(2).save(tmp_path / "state", {"model": "abc"})
    with pytest.raises(UserError, match="load it into the model that saved it"):
        State.load(tmp_path / "state", {"model": "xyz"})
    whole = (tmp_path / "state").read_bytes()
    for text in (b"", b"{}", whole[: len(whole) // 2], whole[:-1]):
        (tmp_path / "state").write_bytes(text)
        with pytest.raises(UserError, match="name a whole state file"):
            State.load(tmp_path / "state", {})


def test_an_atomic_file_is_the_old_one_until_it_is_whole(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("old")

    def break_off() -> None:
        with atomic_file(path) as temporary:
            assert temporary.suffix == ".csv"
            temporary.write_text("half of the n")
            assert path.read_text() == "old"
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_off()
    assert (path.read_text(), [p.name for p in tmp_path.iterdir()]) == ("old", ["table.csv"])
    with atomic_file(path) as temporary:
        temporary.write_text("new")
    assert (path.read_text(), [p.name for p in tmp_path.iterdir()]) == ("new", ["table.csv"])


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UserError, match="name a folder that exists"), atomic_file(tmp_path / "no" / "file.csv"):
        pass


def test_a_state_that_does_not_fit_the_disk_is_an_error_of_the_system(tmp_path, monkeypatch):
    """The writer of tensors has an exception of its own; the file of before stays."""
    State({"a": torch.zeros(1)}).save(tmp_path / "state", {"of": "before"})

    def fill(*_, **__):
        raise SafetensorError("I/O error: No space left on device")

    monkeypatch.setattr("segue.state.save_file", fill)
    with pytest.raises(OSError, match="No space left"):
        State({"a": torch.ones(1)}).save(tmp_path / "state", {})
    assert State.load(tmp_path / "state", {"of": "before"})[0] == State({"a": torch.zeros(1)})
    assert len(list(tmp_path.iterdir())) == 1
