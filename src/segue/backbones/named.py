"""The backbones of the package, by the names that configs give them."""

from typing import Literal

from segue.backbones.nested import Nested
from segue.backbones.recurrent import LSTM, RNN
from segue.backbones.transformer import Transformer

BackboneName = Literal["transformer", "lstm", "rnn", "nested"]
NamedBackbone = Transformer | LSTM | RNN | Nested


def build_backbone(
    name: BackboneName,
    width: int,
    *,
    layers: int,
    heads: int,
    window: int,
    positions: Literal["learned", "rotary"],
) -> NamedBackbone:
    """A backbone of fresh weights.

    Args:
        name: Which.
        width: Size of its vectors.
        layers: Blocks of the transformer, or stacked recurrent layers; those of level 1 in the nested backbone.
        heads: Attention heads, for the transformer alone.
        window: How many vectors one attends to, for the transformer alone: the others remember without a bound.
        positions: How order is known, for the transformer alone.
    """
    if name == "transformer":
        return Transformer(width, heads=heads, layers=layers, window=window, positions=positions)
    if name == "rnn":
        return RNN(width, layers)
    lstm = LSTM(width, layers)
    return Nested(width, lstm) if name == "nested" else lstm
