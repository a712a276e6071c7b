"""The parts a NanoTST is put together of, by the names that its config gives them."""

from typing import Literal

from jaxtyping import Bool, Float
from torch import Tensor

from segue.backbones.nested import Nested
from segue.backbones.recurrent import LSTM, RNN
from segue.backbones.transformer import Transformer
from segue.forecast.bins import BinnedHead, Bins
from segue.forecast.result import LEVELS
from segue.heads.gaussian import GaussianHead
from segue.heads.quantiles import QuantileHead

BackboneName = Literal["transformer", "lstm", "rnn", "nested"]
HeadName = Literal["gaussian", "quantiles", "bins"]
PatchBackbone = Transformer | LSTM | RNN | Nested
PatchHead = GaussianHead | QuantileHead | BinnedHead

_BINS = 128  # over the range to which targets are clamped: an eighth of the mean step each, near the last value
_REACH = 8.0


def build_backbone(
    name: BackboneName,
    width: int,
    *,
    layers: int,
    heads: int,
    window: int,
    positions: Literal["learned", "rotary"],
) -> PatchBackbone:
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


def build_head(name: HeadName, width: int, patch: int) -> PatchHead:
    """A head of fresh weights."""
    if name == "quantiles":
        return QuantileHead(width, patch, LEVELS)
    if name == "bins":
        return BinnedHead(width, patch, Bins.uniform(_BINS, -_REACH, _REACH))
    return GaussianHead(width, patch)


def encode(
    backbone: PatchBackbone,
    x: Float[Tensor, "lanes tokens width"],
    reset: Bool[Tensor, "lanes tokens"],
    since: int = 0,
) -> Float[Tensor, "lanes newest width"]:
    """The hidden vectors of fresh lanes from one on; the transformer is spared the state that nobody asks for."""
    if isinstance(backbone, Transformer):
        return backbone.encode(x, reset, since)
    hidden: Tensor = backbone(x, None, reset)[0]
    return hidden[:, since:]
