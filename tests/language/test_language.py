"""The language model: streaming is one pass, lanes keep to themselves, and the figures are what a hand computes."""

import math

import pytest
import torch

from segue.backbones.conformance import yield_checks
from segue.language.corpus import Corpus
from segue.language.evaluate import evaluate
from segue.language.generate import continue_text
from segue.language.model import LanguageModel, LanguageModelConfig
from segue.text.characters import CharacterTokenizer
from tests.language.conftest import BACKBONES, LETTERS, TEXT, build, every_backbone


class AsStreaming:
    """What the laws hold a model to: logits for token ids."""

    def __init__(self, model):
        self.model, self.initial_state = model.double(), model.double().initial_state

    def __call__(self, x, state, reset):
        distribution, state = self.model(x, state, reset)
        return distribution.logits, state


TOKENS = torch.tensor(LETTERS.encode(TEXT[:48])).view(3, 16)


@pytest.mark.parametrize(
    ("backbone", "check"),
    [
        pytest.param(backbone, name, id=f"{backbone}, {name}")
        for backbone in BACKBONES
        for name, _ in yield_checks(AsStreaming(build(backbone)), TOKENS)
    ],
)
def test_the_assembled_model_keeps_the_laws(backbone, check):
    """Chunked = whole, lanes, resets inside a window, saving; on token ids, beyond the transformer's window."""
    dict(yield_checks(AsStreaming(build(backbone)), TOKENS))[check]()


def test_tied_weights_are_one_matrix_also_from_disk(tmp_path):
    model = build(tied=True)
    model.save_pretrained(tmp_path / "model")
    again = LanguageModel.from_pretrained(tmp_path / "model")
    assert again.embed.weight is again.head.project.weight
    assert torch.equal(again(TOKENS)[0].logits, model(TOKENS)[0].logits)
    assert (
        sum(p.numel() for p in build().parameters()) - sum(p.numel() for p in again.parameters()) == 16 * LETTERS.size
    )


@pytest.mark.parametrize("tied", [False, True])
def test_recurrent_models_read_values_of_about_one(tied):
    """However small the vectors are that also predict (Vaswani et al. 2017); catches a scale that was forgotten."""
    torch.manual_seed(0)
    model = LanguageModel(LanguageModelConfig("lstm", width=128, tied=tied), LETTERS)
    read = []
    model.backbone.register_forward_pre_hook(lambda _, arguments: read.append(arguments[0]))
    model.eval()(TOKENS)
    assert 0.8 < read[0].std() < 1.2


def test_training_leaves_out_values_before_and_after_the_backbone():
    """Half of what the backbone reads and of what the head reads is zero; catches a dropout of one of them, or none."""
    model, read = build(dropout=0.5), []
    for part in (model.backbone, model.head):
        part.register_forward_pre_hook(lambda _, arguments: read.append(arguments[0]))
    model.train()(TOKENS)
    model.eval()(TOKENS)
    assert [round(float((x == 0).double().mean()), 1) for x in read] == [0.5, 0.5, 0.0, 0.0]


@pytest.mark.parametrize("tied", [False, True])
@every_backbone
def test_an_untrained_model_knows_about_as_much_as_chance(backbone, tied):
    """Catches tied weights so large that a residual stream predicts its own last token, at three times the loss."""
    model = LanguageModel(LanguageModelConfig(backbone, width=128, layers=4, heads=4, window=64, tied=tied), LETTERS)
    result = evaluate(model, Corpus.of(TEXT, LETTERS))
    assert result.loss < math.log(LETTERS.size) + 1


@every_backbone
def test_a_model_is_the_same_after_a_stay_on_disk(backbone, tmp_path):
    model = build(backbone)
    model.save_pretrained(tmp_path / "model")
    again = LanguageModel.from_pretrained(tmp_path / "model")
    assert again.config == model.config
    assert again.fingerprint == model.fingerprint
    assert list(continue_text(again, "a ", 9)) == list(continue_text(model, "a ", 9))


def test_another_tokenizer_is_another_model():
    """Equal weights over other characters: a state of one must not be loaded into the other."""
    assert build().fingerprint != build(tokenizer=CharacterTokenizer(LETTERS.characters[::-1])).fingerprint
