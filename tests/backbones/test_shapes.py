"""The shapes that a config says are those of the module that is built from it, for every kind of model."""

import itertools
import subprocess
import sys

import pytest

from segue.backbones.named import build_backbone
from segue.backbones.shapes import backbone
from segue.forecasting.nanotst.classic import ClassicTST
from segue.forecasting.nanotst.config import ClassicTSTConfig, NanoTSTConfig
from segue.forecasting.nanotst.model import NanoTST
from segue.language.model import LanguageModel
from segue.language.sizes import LanguageModelConfig
from segue.text.bytes import ByteTokenizer
from segue.translate.data.vocabulary import Vocabulary
from segue.translate.model.seq2seq import Seq2Seq
from segue.translate.model.sizes import Seq2SeqConfig

NAMES = ("transformer", "lstm", "rnn", "nested")
LEVELS = ("lstm", "rnn", "feedforward", "transformer")


def of(module):
    return {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}


@pytest.mark.parametrize(("name", "level1"), [(name, "lstm") for name in NAMES] + [("nested", one) for one in LEVELS])
@pytest.mark.parametrize("positions", ["learned", "rotary"])
def test_backbones(name, level1, positions):
    sizes = {"layers": 2, "window": 6, "positions": positions, "level1": level1, "expansion": 3}
    assert dict(backbone(name, 8, **sizes)) == of(build_backbone(name, 8, heads=2, **sizes))


@pytest.mark.parametrize("name", NAMES)
def test_nanotst(name):
    """With two patch sizes, so that the number of features of a step shows."""
    for patch in (4, 6):
        config = NanoTSTConfig(context=24, patch=patch, span=2, width=8, heads=2, layers=2, backbone=name)
        assert dict(config.shapes()) == of(NanoTST(config))


def test_classictst():
    config = ClassicTSTConfig(context=24, patch=4, width=8, heads=2, layers=2)
    assert dict(config.shapes()) == of(ClassicTST(config))


@pytest.mark.parametrize("name", NAMES)
def test_language_models(name):
    for tied in (True, False):
        config = LanguageModelConfig(
            backbone=name, width=8, layers=2, heads=2, window=6, tied=tied, positions="learned"
        )
        assert dict(config.shapes(256)) == of(LanguageModel(config, ByteTokenizer()))


@pytest.mark.parametrize("architecture", ["rnn", "rnn-attention", "lstm", "lstm-attention", "transformer"])
def test_translation_models(architecture):
    vocabulary = Vocabulary(ByteTokenizer())
    for attention, tied in itertools.product(("dot", "general", "additive"), (True, False)):
        config = Seq2SeqConfig(architecture=architecture, attention=attention, tied=tied, width=8, heads=2, layers=2)
        assert dict(config.shapes(vocabulary.size)) == of(Seq2Seq(config, vocabulary))


def test_folders_are_checked_without_torch():
    """Torch takes seconds to import, and its allocations are what a stranger's sizes would ask for."""
    code = """if True:
        import sys
        sys.modules["torch"] = None
        import segue.backbones.shapes, segue.language.sizes, segue.translate.model.sizes
        import segue.forecasting.nanotst.config, segue.forecasting.nanotst.interface
    """
    subprocess.run([sys.executable, "-c", code], check=True)
