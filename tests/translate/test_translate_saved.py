"""Models of translation on disk: what is saved is what is loaded, and what makes no model is refused."""

import pytest
import torch

from segue.config import from_dict, to_toml
from segue.errors import UserError
from segue.translate.model.seq2seq import Seq2Seq, Seq2SeqConfig
from tests.translate.conftest import LETTERS, build, every_architecture, sentences


@every_architecture
@pytest.mark.parametrize("tied", [True, False])
def test_what_is_saved_is_what_is_loaded(architecture, tied, tmp_path):
    model = build(architecture, tied=tied, dropout=0.3).float()
    model.save_pretrained(tmp_path / "model")
    again = Seq2Seq.from_pretrained(tmp_path / "model")
    source, source_length, target, _ = sentences(model)
    assert torch.equal(again(source, source_length, target).logits, model(source, source_length, target).logits)
    assert again.fingerprint == model.fingerprint
    assert again.config == model.config
    assert (again.head.project.weight is again.embed.weight) == tied
    with torch.no_grad():
        again.embed.weight[5, 0] += 1
    assert again.fingerprint != model.fingerprint


def test_a_folder_with_another_model_is_refused(tmp_path):
    from segue.language.model import LanguageModel, LanguageModelConfig

    LanguageModel(LanguageModelConfig(width=8), LETTERS).save_pretrained(tmp_path / "language")
    with pytest.raises(UserError, match="a translation model \\(this one holds a language"):
        Seq2Seq.from_pretrained(tmp_path / "language")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"width": 0}, "width 0: give a whole number of at least 1"),
        ({"width": 9}, "width 9: give an even number"),
        ({"architecture": "transformer", "width": 10}, "width 10: give an even multiple of 4"),
        ({"dropout": 1.0}, "dropout 1.0: give a share"),
    ],
)
def test_a_config_that_makes_no_model_is_refused(change, message):
    with pytest.raises(UserError, match=message):
        Seq2SeqConfig(**change)


def test_a_config_goes_through_toml():
    import tomllib

    config = Seq2SeqConfig("transformer", width=32, tied=False)
    assert from_dict(Seq2SeqConfig, tomllib.loads(to_toml(config))) == config
