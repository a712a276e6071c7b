"""Model folders: what is read is what was written, and what is not whole is refused by path."""

import pytest
import torch

from segue.errors import UserError
from segue.folder import atomic_folder, fingerprint, load_model_folder, save_model_folder

CONFIG = {"width": 4, "levels": (0.1, 0.9)}


def weights():
    table = torch.arange(12.0).reshape(4, 3)
    return {
        "embed.weight": table,
        "head.weight": table,  # tied: safetensors refuses shared memory
        "half": torch.linspace(0, 1, 5, dtype=torch.float16),
        "brain": torch.linspace(0, 1, 5, dtype=torch.bfloat16),
        "slanted": table.T,
        "count": torch.tensor(3),
    }


def test_what_is_read_is_what_was_written(tmp_path):
    """Dtypes are kept: bundled weights are half precision. Tied and transposed tensors survive."""
    save_model_folder(tmp_path / "model", "nanotst", CONFIG, weights(), card="# Card\n")
    kind, config, tensors = load_model_folder(tmp_path / "model")
    assert (kind, config) == ("nanotst", {"width": 4, "levels": [0.1, 0.9]})
    assert {name: t.dtype for name, t in tensors.items()} == {name: t.dtype for name, t in weights().items()}
    assert all(torch.equal(tensors[name], tensor) for name, tensor in weights().items())
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == [
        "MODEL_CARD.md",
        "config.json",
        "model.safetensors",
    ]
    assert fingerprint(config, tensors) == fingerprint(CONFIG, weights())


def test_a_model_is_replaced_as_a_whole(tmp_path):
    """A card or tokenizer of the old model must not stand beside the weights of the new one."""
    save_model_folder(tmp_path / "model", "old", CONFIG, weights(), card="# Old\n", tokenizer="{}")
    save_model_folder(tmp_path / "model", "new", CONFIG, weights())
    assert load_model_folder(tmp_path / "model")[0] == "new"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["config.json", "model", "model.safetensors"]


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


def test_no_place_to_write(tmp_path):
    with pytest.raises(UserError, match="nowhere/model: name a place"):
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
    with pytest.raises(UserError, match=r"config\.json: save the model again"):
        load_model_folder(tmp_path / "model")


@pytest.mark.parametrize("length", [0, 4, 100, -1])
def test_truncated_weights_are_refused_by_path(length, tmp_path):
    save_model_folder(tmp_path / "model", "nanotst", CONFIG, weights())
    path = tmp_path / "model" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(UserError, match=r"model\.safetensors: name a folder with whole weights"):
        load_model_folder(tmp_path / "model")


def test_fingerprint_tells_models_apart():
    """Each change is one that a hash over bytes alone, or over names alone, would miss."""
    table = torch.arange(6.0)
    models = [
        (CONFIG, {"a": table}),
        (CONFIG | {"width": 5}, {"a": table}),
        (CONFIG, {"b": table}),
        (CONFIG, {"a": table.reshape(2, 3)}),
        (CONFIG, {"a": table.view(torch.int32)}),
        (CONFIG, {"a": table.flip(0)}),
        (CONFIG, {"a": table[:3], "b": table[3:]}),
    ]
    assert len({fingerprint(config, tensors) for config, tensors in models}) == len(models)


def test_fingerprint_does_not_depend_on_order_or_layout():
    table = torch.arange(6.0).reshape(2, 3)
    one = fingerprint({"x": 1, "y": 2}, {"a": table, "b": table.T})
    other = fingerprint({"y": 2, "x": 1}, {"b": table.T.contiguous(), "a": table})
    assert one == other
