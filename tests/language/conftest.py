"""Tiny language models of a short text, and every backbone that one may have."""

import pytest
import torch

from segue.language.model import LanguageModel, LanguageModelConfig
from segue.text.characters import CharacterTokenizer

TEXT = "#one sat on a mat. #two had a hat; that was that. #three is a fat cat, and 3 = 3. " * 2
LETTERS = CharacterTokenizer.of(TEXT)
BACKBONES = ("rnn", "lstm", "nested", "transformer")

every_backbone = pytest.mark.parametrize("backbone", BACKBONES)


def build(backbone="lstm", tokenizer=LETTERS, **options):
    torch.manual_seed(0)
    config = LanguageModelConfig(backbone, width=16, layers=2, heads=2, window=7, **options)
    return LanguageModel(config, tokenizer).eval()


def uniform(tokenizer=LETTERS):
    model = build(tokenizer=tokenizer)
    torch.nn.init.zeros_(model.head.project.weight)
    torch.nn.init.zeros_(model.head.project.bias)
    return model
