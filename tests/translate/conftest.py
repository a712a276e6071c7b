"""Tiny translation models of every architecture, and what they read."""

import pytest
import torch
from torch import nn

from segue.text.characters import CharacterTokenizer
from segue.translate.data.batches import pad
from segue.translate.data.vocabulary import END, Vocabulary
from segue.translate.model.seq2seq import Seq2Seq, Seq2SeqConfig

LETTERS = CharacterTokenizer("abcdefgh ")
ARCHITECTURES = ("rnn", "rnn-attention", "lstm", "lstm-attention", "transformer")
EXACT = {"rtol": 0, "atol": 1e-10}

every_architecture = pytest.mark.parametrize("architecture", ARCHITECTURES)


def build(architecture="lstm-attention", layers=2, dropout=0.0, tokenizer=LETTERS, **options):
    torch.manual_seed(0)
    config = Seq2SeqConfig(architecture, width=12, layers=layers, heads=2, dropout=dropout, **options)
    model = Seq2Seq(config, Vocabulary(tokenizer)).double().eval()
    for parameter in model.parameters():  # small branches and equal gates would hide mistakes
        nn.init.normal_(parameter, std=0.4)
    return model


def sentences(model):
    """Sources and targets of very different lengths, one source with nothing but END."""
    pairs = (("head", "abc bad"), ("a", ""), ("", "gab"), ("a cab had a bed", "h"), ("fade", "deaf beef"))
    source = pad([model.vocabulary.source(source) for source, _ in pairs])
    target = pad([model.vocabulary.target(target) for _, target in pairs])
    return *source, *target


TEXTS = ["head", "", "a cab", "fed", "a", "fed", "abcdefgh"]

SHORT = {"max_ratio": 1.0, "max_extra": 4}
"""Limits of a length that a test has time for."""

MIXED = {"rnn": (19, 3), "rnn-attention": (23, 2), "lstm": (10, 2), "lstm-attention": (24, 2), "transformer": (12, 3)}
"""Seeds, and favours for END, with which untrained models end most sentences, each at its own length."""


def build_decoding(architecture="lstm-attention", tokenizer=LETTERS, ending=None):
    """Random weights, strong enough that distributions are sharp."""
    seed, favour = MIXED[architecture]
    torch.manual_seed(seed)
    model = Seq2Seq(Seq2SeqConfig(architecture, width=12, heads=2, dropout=0.0), Vocabulary(tokenizer)).double()
    for parameter in model.parameters():
        nn.init.normal_(parameter)
    with torch.no_grad():
        model.head.project.bias[END] += favour if ending is None else ending
    return model.eval()
