"""Model folders: what is read is what was written, and what is not whole is refused by path."""

import subprocess
import sys

import numpy as np
import pytest

from segue.atomic import atomic_folder
from segue.errors import UserError
from segue.folder import CARD, GRAPH, SUMS, add_files, fingerprint, load_config, load_model_folder, save_model_folder
from segue.manifest import write_manifest

_CARD_SUM = "87851527cd6c59eacbdd2c6798ddeb44925b095e24f5d67530cd3d57bfb716de"  # as sha256sum gives it
CONFIG = {"width": 4, "levels": (0.1, 0.9)}


def weights():
    table = np.arange(12, dtype=np.float32).reshape(4, 3)
    return {
        "embed.weight": table,
        "head.weight": table,  # tied: both names share one memory
        "half": np.linspace(0, 1, 5, dtype=np.float16),
        "slanted": table.T,
        "count": np.array(3),
    }


def test_what_is_read_is_what_was_written(tmp_path):
    """Dtypes are kept: bundled weights are half precision. Tied, transposed and 0-d arrays survive."""
    save_model_folder(tmp_path / "model", "nanotst", CONFIG, weights(), card="# Card\n")
    kind, config, arrays = load_model_folder(tmp_path / "model")
    assert (kind, config) == load_config(tmp_path / "model") == ("nanotst", {"width": 4, "levels": [0.1, 0.9]})
    assert {name: (a.dtype, a.shape) for name, a in arrays.items()} == {
        name: (a.dtype, a.shape) for name, a in weights().items()
    }
    assert all(np.array_equal(arrays[name], array) for name, array in weights().items())
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == [
        "MODEL_CARD.md",
        "SHA256SUMS",
        "config.json",
        "model.safetensors",
    ]
    assert fingerprint(config, arrays) == fingerprint(CONFIG, weights())


def test_a_model_is_replaced_as_a_whole(tmp_path):
    """A card or tokenizer of the old model must not stand beside the weights of the new one."""
    save_model_folder(tmp_path / "model", "old", CONFIG, weights(), card="# Old\n", tokenizer="{}")
    save_model_folder(tmp_path / "model", "new", CONFIG, weights())
    assert load_model_folder(tmp_path / "model")[0] == "new"
    names = sorted(path.name for path in tmp_path.rglob("*"))
    assert names == ["SHA256SUMS", "config.json", "model", "model.safetensors"]


def test_a_folder_of_other_things_is_never_replaced(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(UserError, match="nothing but a model"):
        save_model_folder(tmp_path, "nanotst", CONFIG, weights())
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


def test_a_failure_leaves_the_old_folder_and_nothing_else(tmp_path):
    save_model_folder(tmp_path / "model", "old", CONFIG, weights())
    with pytest.raises(TypeError), atomic_folder(tmp_path / "model") as temporary:
        (temporary / "config.json").write_text(3)
    assert load_model_folder(tmp_path / "model")[0] == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_missing_parent_is_refused(tmp_path):
    with pytest.raises(UserError, match="nowhere/model: name a folder whose parent exists"):
        save_model_folder(tmp_path / "nowhere" / "model", "nanotst", CONFIG, weights())


def test_missing_folder_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"nowhere: name a folder that holds config\.json"):
        load_model_folder(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_missing_file_is_refused_by_path(name, tmp_path):
    save_model_folder(tmp_path / "model", "nanotst", CONFIG, weights())
    (tmp_path / "model" / name).unlink()
    with pytest.raises(UserError, match=f"model/{name}"):
        load_model_folder(tmp_path / "model")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"kind": 3, "config": {}}', '{"kind": "a", "config": []}', "\xff"]
)
def test_broken_config_is_refused_by_path(text, tmp_path):
    save_model_folder(tmp_path / "model", "nanotst", CONFIG, weights())
    (tmp_path / "model" / "config.json").write_bytes(text.encode("latin-1"))
    write_manifest(tmp_path / "model")
    with pytest.raises(UserError, match=r"config\.json: save the model again"):
        load_model_folder(tmp_path / "model")


@pytest.mark.parametrize("length", [0, 4, 100, -1])
def test_truncated_weights_are_refused_by_path(length, tmp_path):
    save_model_folder(tmp_path / "model", "nanotst", CONFIG, weights())
    path = tmp_path / "model" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(UserError, match=r"model\.safetensors: copy or save the model again"):
        load_model_folder(tmp_path / "model")
    write_manifest(tmp_path / "model")
    with pytest.raises(UserError, match=r"model\.safetensors: name a folder with whole weights"):
        load_model_folder(tmp_path / "model")


def test_a_damaged_file_is_refused_by_path(tmp_path):
    """One bit of a weight: the file still reads, and forecasts would be quietly wrong."""
    save_model_folder(tmp_path / "model", "nanotst", CONFIG, weights())
    path = tmp_path / "model" / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(
        UserError, match=r"model\.safetensors: copy or save the model again \(its checksum in SHA256SUMS"
    ):
        load_model_folder(tmp_path / "model")
    with pytest.raises(UserError, match="its checksum"):  # or the damage would get a checksum of its own
        add_files(tmp_path / "model", {CARD: "# Card"})


@pytest.mark.parametrize("text", ["three words here\n", "one\n", "\xff"])
def test_broken_checksums_are_refused_by_path(text, tmp_path):
    save_model_folder(tmp_path / "model", "nanotst", CONFIG, weights())
    (tmp_path / "model" / SUMS).write_bytes(text.encode("latin-1"))
    with pytest.raises(UserError, match="SHA256SUMS: copy or save the model again"):
        load_model_folder(tmp_path / "model")


def test_the_card_may_be_edited(tmp_path):
    """No reader of weights depends on it."""
    save_model_folder(tmp_path / "model", "nanotst", CONFIG, weights(), card="# Card\n")
    (tmp_path / "model" / CARD).write_text("# A better card\n")
    load_model_folder(tmp_path / "model")
    add_files(tmp_path / "model", {GRAPH: b"graph"})
    assert (tmp_path / "model" / CARD).read_text() == "# A better card\n"


def test_files_are_added_as_if_they_had_been_saved_at_once(tmp_path):
    """Bytes for bytes, checksums included; and the lines are those of the `sha256sum` of every system."""
    save_model_folder(tmp_path / "one", "nanotst", CONFIG, weights(), card="# Card\n")
    add_files(tmp_path / "one", {GRAPH: b"\0graph"})
    save_model_folder(tmp_path / "two", "nanotst", CONFIG, weights(), card="# Old\n")
    add_files(tmp_path / "two", {GRAPH: b"\0graph", CARD: "# Card\n"})
    one, two = ({p.name: p.read_bytes() for p in (tmp_path / name).iterdir()} for name in ("one", "two"))
    assert one == two
    assert one[GRAPH] == b"\0graph"
    assert one[SUMS].decode().splitlines()[0] == f"{_CARD_SUM}  MODEL_CARD.md"


def test_files_that_are_no_part_of_a_model_are_neither_written_nor_replaced(tmp_path):
    save_model_folder(tmp_path / "model", "nanotst", CONFIG, weights())
    with pytest.raises(ValueError, match=r"no part of a model folder: notes\.txt"):
        add_files(tmp_path / "model", {"notes.txt": "years of work"})
    (tmp_path / "model" / "notes.txt").write_text("years of work")
    with pytest.raises(UserError, match="nothing but a model"):
        add_files(tmp_path / "model", {GRAPH: b"graph"})
    assert (tmp_path / "model" / "notes.txt").read_text() == "years of work"


def test_weights_that_numpy_cannot_hold_are_refused(tmp_path):
    save_model_folder(tmp_path / "model", "nanotst", CONFIG, weights())
    header = b'{"a": {"dtype": "BF16", "shape": [1], "data_offsets": [0, 2]}}'
    (tmp_path / "model" / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + b"\0\0")
    write_manifest(tmp_path / "model")
    with pytest.raises(UserError, match="name a folder with whole weights"):
        load_model_folder(tmp_path / "model")


def test_models_are_read_without_torch():
    """The served half never imports it."""
    code = "import sys; sys.modules['torch'] = None; import segue.folder, segue.config, segue.atomic"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_fingerprints_of_different_models_differ():
    """Each change is one that a hash over bytes alone, or over names alone, would miss."""
    table = np.arange(6, dtype=np.float32)
    models = [
        (CONFIG, {"a": table}),
        (CONFIG | {"width": 5}, {"a": table}),
        (CONFIG, {"b": table}),
        (CONFIG, {"a": table.reshape(2, 3)}),
        (CONFIG, {"a": table.view(np.int32)}),
        (CONFIG, {"a": table[::-1]}),
        (CONFIG, {"a": table[:3], "b": table[3:]}),
    ]
    assert len({fingerprint(config, arrays) for config, arrays in models}) == len(models)


def test_fingerprint_does_not_depend_on_order_layout_or_storage():
    """Half precision is stored; all that read it compute with the same numbers in single precision."""
    table = np.arange(6, dtype=np.float32).reshape(2, 3)
    one = fingerprint({"x": 1, "y": 2}, {"a": table, "b": table.T})
    other = fingerprint({"y": 2, "x": 1}, {"b": np.ascontiguousarray(table.T), "a": table.astype(np.float16)})
    assert one == other
