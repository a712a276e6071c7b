"""Memory as a value: lanes are picked, put back, joined and reset; what is on disk is whole or refused."""

import copy
import json
import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch
from safetensors import SafetensorError, safe_open

from segue.atomic import atomic_file
from segue.errors import UserError
from segue.state import State


class Numpy:
    """The few names that a test needs, in numpy."""

    name, array = "numpy", staticmethod(np.array)

    @staticmethod
    def state(lanes: int, first: float = 1.0) -> State:
        """Numbers that are all different, so that a lane at the wrong index shows."""
        cell = np.arange(first, first + 6 * lanes, dtype=np.float32).reshape(lanes, 2, 3)
        return State({"cell": cell, "age": np.arange(lanes) + int(first)})


class Torch:
    """The same in torch."""

    name, array = "torch", staticmethod(torch.tensor)

    @staticmethod
    def state(lanes: int, first: float = 1.0) -> State:
        return State({name: torch.from_numpy(array) for name, array in Numpy.state(lanes, first).items()})


@pytest.fixture(params=[Numpy, Torch], ids=lambda kind: kind.name)
def kind(request):
    return request.param


@pytest.fixture
def array(kind):
    return kind.array


@pytest.fixture
def state_of(kind):
    return kind.state


def test_a_state_is_a_sorted_mapping_that_nobody_can_change(array):
    arrays = {"b": array([0, 0]), "a": array([[True] * 3, [False] * 3])}
    state = State(arrays)
    arrays["c"] = array([0, 0])  # the mapping given is not the mapping kept
    assert list(state) == ["a", "b"]
    assert (state.lanes, len(state)) == (2, 2)
    with pytest.raises(TypeError):
        state["a"] = array([0, 0])
    with pytest.raises(TypeError):
        state._arrays["a"] = array([0, 0])


def test_states_are_equal_by_value_and_cross_processes(state_of):
    state = state_of(2)
    assert state == state_of(2)
    assert state != state_of(2, first=5.0)
    assert state != State({"cell": state["cell"]})
    assert copy.deepcopy(state) == state
    assert pickle.loads(pickle.dumps(state)) == state


def test_arrays_of_different_lanes_and_no_arrays_are_no_state(array):
    with pytest.raises(ValueError, match="lanes differ"):
        State({"a": array([0, 0]), "b": array([0, 0, 0])})
    with pytest.raises(ValueError, match="at least one array"):
        State({})


def test_equal_numbers_of_another_type_or_library_are_another_state(state_of):
    assert Numpy.state(2) != Torch.state(2)
    state = state_of(2)
    assert State({**state, "age": state["cell"][:, 0, 0]}) != state
    assert state_of(2) != state_of(2).select(np.array([0]))


def test_select_and_scatter_move_lanes_and_leave_the_others(state_of, array):
    state = state_of(4)
    picked = state.select(array([3, 1]))
    assert picked["age"].tolist() == [4, 2]
    assert (picked["cell"][0] == state["cell"][3]).all()
    back = state_of(4, first=100.0).scatter(array([3, 1]), picked)
    assert back["age"].tolist() == [100, 2, 102, 4]
    assert state.scatter(array([3, 1]), picked) == state


def test_lanes_are_named_by_indices_or_masks_of_either_library(state_of):
    state, fresh = state_of(3), state_of(2, first=50.0)
    for library in (np.array, torch.tensor):
        mask, index = library([True, False, True]), library([0, 2])
        assert state.select(mask) == state.select(index)
        assert (
            state.scatter(mask, fresh)
            == state.scatter(index, fresh)
            == State.cat([fresh, state]).select(np.array([0, 3, 1]))
        )
        assert state.reset(mask).select(index) == fresh.reset(library([True, True]))
        assert state.where(mask, state.reset(mask)) == state
    assert state.select(np.array([], dtype=np.int64)).lanes == 0


def test_numbers_of_lanes_must_agree(state_of, array):
    """Arrays repeat one lane, and a mask of one, in silence."""
    state, one = state_of(3), state_of(1, first=100.0)
    for wrong, why in (
        (lambda: state.scatter(array([0, 1, 2]), one), r"1 lanes cannot replace \(3,\)"),
        (lambda: state.scatter(array([True, False, True]), one), r"1 lanes cannot replace \(2,\)"),
        (lambda: state.where(array([True, False, True]), one), "states of 3 and of 1 lanes"),
        (lambda: state.where(array([True]), state), r"a mask of the shape \(1,\) for 3 lanes"),
        (lambda: state.reset(array([True])), r"a mask of the shape \(1,\) for 3 lanes"),
        (lambda: state.select(array([True, False])), r"a mask of the shape \(2,\) for 3 lanes"),
    ):
        with pytest.raises(ValueError, match=why):
            wrong()


def test_gradients_flow_through_every_move_of_lanes():
    weight = torch.ones(2, 3, requires_grad=True)
    state = State({"cell": weight * 2})
    moved = state.scatter(torch.tensor([0]), state.select(torch.tensor([1]))).reset(torch.tensor([True, False]))
    (moved.where(torch.tensor([False, True]), state)["cell"]).sum().backward()
    assert weight.grad.tolist() == [[2.0] * 3, [2.0] * 3]


def test_where_takes_each_lane_whole_from_one_of_both(state_of, array):
    mixed = state_of(3).where(array([True, False, True]), state_of(3, first=50.0))
    assert mixed["age"].tolist() == [1, 51, 3]
    assert (mixed["cell"][1] == state_of(3, first=50.0)["cell"][1]).all()


def test_reset_makes_zeros_of_the_lanes_named_and_keeps_the_argument(state_of, array):
    state = state_of(3)
    reset = state.reset(array([False, True, False]))
    assert (reset["cell"][1] == 0).all()
    assert reset["age"].tolist() == [1, 0, 3]
    assert state == state_of(3)


def test_cat_and_select_are_inverse(state_of, array):
    one, other = state_of(2), state_of(3, first=60.0)
    both = State.cat([one, other])
    assert both.select(array([0, 1])) == one
    assert both.select(array([2, 3, 4])) == other


def test_join_and_part_are_inverse_and_nest(state_of):
    one, other = state_of(2), state_of(2, first=9.0)
    joined = State.join({"low": one, "high": State.join({"inner": other})})
    assert list(joined) == ["high.inner.age", "high.inner.cell", "low.age", "low.cell"]
    assert joined.part("low") == one
    assert joined.part("high").part("inner") == other
    with pytest.raises(KeyError, match="no part 'lo'"):
        joined.part("lo")


def test_states_of_different_models_do_not_mix(state_of, array):
    other = State({"hidden": array([0.0, 0.0])})
    for mix in (
        lambda: state_of(2).where(array([True, False]), other),
        lambda: state_of(2).scatter(array([0, 1]), other),
        lambda: State.cat([state_of(2), other]),
    ):
        with pytest.raises(ValueError, match="states of different models"):
            mix()


def test_detach_cuts_the_tape_and_to_moves_to_a_device():
    weight = torch.ones(2, 3, requires_grad=True)
    state = State({"cell": weight * 2, "age": torch.ones(2, dtype=torch.int64)})
    assert state["cell"].requires_grad
    assert not state.detach()["cell"].requires_grad
    assert {array.device.type for array in state.to("meta").values()} == {"meta"}
    arrays = Numpy.state(2)
    assert arrays.detach() == arrays.to("cpu") == arrays


def test_what_is_saved_is_what_is_loaded_and_equal_states_are_equal_files(kind, state_of, tmp_path):
    facts = {"lanes": ["a", "ü"], "last": "2024-01-31", "frequency": "D", "model": "abc"}
    for name in ("one", "two"):
        state_of(2).save(tmp_path / name, dict(reversed(facts.items())))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    state, loaded = State.load(tmp_path / "one", {"model": "abc"}, framework=kind.name)
    assert state == state_of(2)
    assert loaded == facts
    with safe_open(tmp_path / "one", framework="pt") as file:  # one key holds all: several would come in any order
        (text,) = file.metadata().values()
        assert list(file.metadata()) == ["segue"]
        assert json.loads(text) == {"format": 2, "sha256": json.loads(text)["sha256"], **facts}


def test_both_libraries_write_the_same_bytes_and_load_each_other(tmp_path):
    for kind in (Numpy, Torch):
        state = kind.state(3)
        every = State({**state, "seen": kind.array([True, False, True]), "nothing": state["cell"][:, :0]})
        every.save(tmp_path / kind.name, {"lanes": 3})
        turned = State({"turned": every["cell"].swapaxes(1, 2)})  # its bytes lie in another order
        turned.save(tmp_path / f"turned-{kind.name}", {})
    for name in ("", "turned-"):
        assert (tmp_path / f"{name}numpy").read_bytes() == (tmp_path / f"{name}torch").read_bytes()
    assert State.load(tmp_path / "torch", {}, framework="torch")[0] == every
    arrays = State.load(tmp_path / "torch", {})[0]
    assert all(isinstance(array, np.ndarray) and np.array_equal(array, every[name]) for name, array in arrays.items())


def test_a_state_of_numpy_needs_no_torch(tmp_path):
    code = f"""
import sys
sys.modules["torch"] = None  # any import of it fails
import numpy as np
from segue.state import State
state = State({{"a": np.arange(3)}})
state.select(np.array([2, 0])).save({str(tmp_path / "state")!r}, {{}})
assert State.load({str(tmp_path / "state")!r}, {{}})[0]["a"].tolist() == [2, 0]
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_state_of_another_model_or_no_state_is_refused(state_of, tmp_path):
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


@pytest.mark.parametrize("writer", ["segue.state.save_arrays", "safetensors.torch.save_file"])
def test_a_state_that_does_not_fit_the_disk_is_an_error_of_the_system(writer, tmp_path, monkeypatch):
    """The writer of tensors has an exception of its own; the file of before stays."""
    kind = Torch if "torch" in writer else Numpy
    kind.state(1).save(tmp_path / "state", {"of": "before"})

    def fill(*_, **__):
        raise SafetensorError("I/O error: No space left on device")

    monkeypatch.setattr(writer, fill)
    with pytest.raises(OSError, match="No space left"):
        kind.state(1, first=5.0).save(tmp_path / "state", {})
    assert State.load(tmp_path / "state", {"of": "before"})[0] == Numpy.state(1)
    assert len(list(tmp_path.iterdir())) == 1
