"""Torch models and their folders: what is loaded is what was saved, and what does not fit is refused."""

import pytest
import torch
from torch import nn

from segue.errors import UserError
from segue.folder import CARD, TOKENIZER, fingerprint, load_config, load_model_folder
from segue.training.models import arrays_of, load_model, save_model

CONFIG = {"width": 4}


def build(config):
    model = nn.Sequential(nn.Linear(3, config["width"]), nn.BatchNorm1d(config["width"]))  # which counts in integers
    return nn.Sequential(model, nn.Linear(config["width"], 1))


def read(folder):
    return load_config(folder, "tiny", "a tiny model")[1]


def load(folder):
    return load_model(folder, read, build)


def test_what_is_loaded_is_what_was_saved(tmp_path):
    model = build(CONFIG)
    save_model(tmp_path / "model", "tiny", CONFIG, model, card="# Card\n")
    again = load(tmp_path / "model")
    assert not again.training
    assert {name: t.tolist() for name, t in again.state_dict().items()} == {
        name: t.tolist() for name, t in model.state_dict().items()
    }
    assert (tmp_path / "model" / CARD).read_text() == "# Card\n"


def test_half_precision_is_loaded_in_single_precision(tmp_path):
    """Counters stay whole; and files and module have one fingerprint, though their dtypes differ."""
    model = build(CONFIG)
    model[0][1].num_batches_tracked += 70_001  # more than half precision can count
    save_model(tmp_path / "model", "tiny", CONFIG, model, half=True)
    _, config, arrays = load_model_folder(tmp_path / "model")
    assert {array.dtype.name for array in arrays.values()} == {"float16", "int64"}
    again = load(tmp_path / "model")
    assert {parameter.dtype for parameter in again.parameters()} == {torch.float32}
    assert again[0][1].num_batches_tracked == 70_001
    torch.testing.assert_close(again[0][0].weight, model[0][0].weight.half().float(), rtol=0, atol=0)
    assert fingerprint(config, arrays) == fingerprint(CONFIG, arrays_of(again.state_dict()))


def test_what_does_not_fit_is_refused_in_one_line(tmp_path):
    folder = tmp_path / "model"
    save_model(folder, "tiny", CONFIG, build(CONFIG))
    with pytest.raises(UserError, match=r"model: name a folder with a large model \(this one holds a tiny\)"):
        load_config(folder, "large", "a large model")
    for tokenizer, parts in ((None, "config.json"), ("{}", "config.json and tokenizer.json")):
        save_model(folder, "tiny", {"width": 5}, build(CONFIG), tokenizer=tokenizer)
        assert (folder / TOKENIZER).exists() == (tokenizer is not None)
        with pytest.raises(UserError, match=f"its weights do not fit its {parts}$"):
            load(folder)
    with pytest.raises(UserError, match="nowhere: name a folder that holds"):
        load(tmp_path / "nowhere")
