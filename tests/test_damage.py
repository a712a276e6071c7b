"""Damage and files of strangers: each changed bit is refused by name; no reader takes more than a file may have."""

import json
import os
import random
from contextlib import suppress

import numpy as np
import pytest

from segue.bounded import parse, read_bytes
from segue.errors import UserError
from segue.folder import SUMS, load_config, load_model_folder, load_weights, require_shapes, save_model_folder
from segue.header import Entry, read_header
from segue.manifest import write_manifest
from segue.state import State

ARRAYS = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.ones(2, dtype=np.float16)}
SHAPES = [("a", (2, 3)), ("b", (2,))]


@pytest.fixture
def model(tmp_path):
    save_model_folder(tmp_path / "model", "tiny", {"width": 3}, ARRAYS, card="# Card\n")
    return tmp_path / "model"


@pytest.fixture
def state(tmp_path):
    path = tmp_path / "state"
    State({"x": np.arange(4.0).reshape(2, 2), "y": np.array([1, 2])}).save(path, {"model": "m"})
    return path


def flip(path, bit):
    content = bytearray(path.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)


def bits(path, count, seed=0):
    return random.Random(seed).sample(range(8 * path.stat().st_size), count)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_every_sampled_bit_of_a_model_is_refused_by_the_name_of_its_file(model, name):
    """The header, the values and the config alike; catches a checksum that is read after what it covers was used."""
    for bit in bits(model / name, 60):
        flip(model / name, bit)
        with pytest.raises(
            UserError, match=rf"model/{name}: copy or save the model again \(its checksum in SHA256SUMS"
        ):
            load_config(model), load_weights(model)
        flip(model / name, bit)
    assert load_model_folder(model)[0] == "tiny"


def test_every_bit_of_the_checksums_is_refused_or_changes_nothing(model):
    """A changed digit or name is refused; catches a file without a checksum that is accepted."""
    (model / "MODEL_CARD.md").unlink()
    write_manifest(model)
    accepted = []
    for bit in range(8 * (model / SUMS).stat().st_size):
        flip(model / SUMS, bit)
        with suppress(UserError):
            load_model_folder(model)
            accepted.append(bit)
        flip(model / SUMS, bit)
    assert accepted == []


def test_every_bit_of_a_state_is_refused(state):
    """All of the header and of the values; catches a seal that covers the arrays and not the facts."""
    for bit in range(8 * state.stat().st_size):
        flip(state, bit)
        with pytest.raises(UserError, match="^state .*state: name a whole state file that segue saved"):
            State.load(state, {})
        flip(state, bit)
    assert State.load(state, {"model": "m"})[1] == {"model": "m"}


def test_a_state_from_before_there_were_seals_is_read(tmp_path):
    """Nothing can be said of its bits, but it is what its owner has."""
    from safetensors.numpy import save_file

    save_file({"x": np.ones((1, 2))}, tmp_path / "old", {"segue": json.dumps({"frequency": "D", "model": "m"})})
    state, facts = State.load(tmp_path / "old", {"model": "m"})
    assert facts == {"frequency": "D", "model": "m"}
    assert state["x"].tolist() == [[1.0, 1.0]]


def test_a_state_of_another_form_names_the_first_difference(state):
    loaded = State.load(state, {})[0]
    loaded.require_like(State({"x": np.zeros((1, 2)), "y": np.zeros(1, dtype=np.int64)}), state)
    for other, difference in (
        ({"x": np.zeros((1, 3)), "y": np.zeros(1, dtype=np.int64)}, r"x is float64 \(2,\), not float64 \(3,\)"),
        ({"x": np.zeros((1, 2)), "y": np.zeros(1)}, r"y is int64 \(\), not float64 \(\)"),
        ({"x": np.zeros((1, 2))}, r"y is int64 \(\), not missing"),
    ):
        with pytest.raises(UserError, match=f"^state .*state: load it into the model that saved it .{difference}"):
            loaded.require_like(State(other), state)


def test_a_file_without_a_checksum_is_refused(model):
    """Swapped in or added later; and a folder that lost the list says how to write it."""
    lines = (model / SUMS).read_text().splitlines(keepends=True)
    (model / SUMS).write_text("".join(line for line in lines if "safetensors" not in line))
    with pytest.raises(UserError, match=r"model\.safetensors: .*SHA256SUMS has no checksum of it"):
        load_weights(model)
    (model / SUMS).unlink()
    with pytest.raises(
        UserError, match=r"SHA256SUMS: .*it is missing\); if you trust this folder, write it by `sha256sum"
    ):
        load_config(model)


def test_sizes_are_compared_with_the_header_one_by_one(model):
    """A config of a billion layers is refused after as many shapes as the file has tensors, and nothing is built."""
    header = require_shapes(model, SHAPES)
    assert header.tensors["a"] == Entry("F32", (2, 3), header.tensors["a"].begin, header.tensors["a"].begin + 24)
    asked = []

    def endless():
        yield from SHAPES
        for layer in range(10**9):
            asked.append(layer)
            yield f"layer{layer}", (10**9, 10**9)

    with pytest.raises(
        UserError, match=r"its weights do not fit its config\.json; .*layer0 is missing, not \(1000000000, "
    ):
        require_shapes(model, endless())
    assert asked == [0]
    with pytest.raises(UserError, match=r"a is \(2, 3\), not \(3, 2\)"):
        require_shapes(model, [("a", (3, 2))])
    with pytest.raises(UserError, match="b is not part of it"):
        require_shapes(model, SHAPES[:1])


@pytest.mark.parametrize(
    ("header", "why"),
    [
        (b"[]", "a header without names"),
        (b'{"a":{"dtype":"F32","shape":[9],"data_offsets":[0,4]}}', "a has an unknown type, or a range"),
        (b'{"a":{"dtype":"F99","shape":[1],"data_offsets":[0,4]}}', "a has an unknown type, or a range"),
        (b'{"a":{"dtype":"F32","shape":[-1,-1],"data_offsets":[0,4]}}', "a has an invalid shape"),
        (b'{"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}', "a has an invalid shape"),
        (b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}', "a begins at byte"),
        (b'{"a":{"dtype":"F32","shape":[1]}}', "a without type, shape and range"),
        (b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', "bytes instead of"),
        (b'{"a":1,"a":2}', "a key occurs twice"),
        (b'{"__metadata__":{"x":1}}', "metadata that are not text"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[" * 40 + b"]" * 40, "nested more than 32 deep"),
    ],
)
def test_a_forged_header_is_refused(tmp_path, header, why):
    path = tmp_path / "weights"
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(8))
    with pytest.raises(ValueError, match=why):
        read_header(path)


@pytest.mark.parametrize("length", [0, 1, 10**6, 2**63, 2**64 - 1])
def test_a_forged_length_is_refused_before_anything_is_read(tmp_path, length):
    (tmp_path / "weights").write_bytes(length.to_bytes(8, "little") + b"{}")
    with pytest.raises(ValueError, match=f"a header of {length} bytes in a file of 10"):
        read_header(tmp_path / "weights")


def test_pipes_devices_and_holes_are_refused_at_once(tmp_path, model):
    """A reader would wait for ever on a pipe, and read zeros without end from a device or a file with holes."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    for name in ("pipe", "zero"):
        with pytest.raises(OSError, match="no regular file"):
            read_bytes(tmp_path / name, 10)
    os.truncate(model / "config.json", 100 * 2**30)
    with pytest.raises(UserError, match=r"config\.json: save the model again \(more than 65,536 bytes\)"):
        load_config(model)
    os.truncate(model / "model.safetensors", 100 * 2**30)
    with pytest.raises(
        UserError, match=r"model\.safetensors: name a smaller model \(these weights have 107,374,182,400"
    ):
        require_shapes(model, SHAPES)


def test_json_of_an_ordinary_depth_is_read():
    assert parse(b'{"a": [1, {"b": 2}]}') == {"a": [1, {"b": 2}]}
    with pytest.raises(ValueError, match="can't decode"):
        parse(b"\xff")
