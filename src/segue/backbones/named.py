"""The backbones of the package, by their names in configs."""

from segue.backbones.memoryless import Memoryless
from segue.backbones.nested import Nested
from segue.backbones.recurrent import LSTM, RNN
from segue.backbones.shapes import BackboneName, LevelName, Positions
from segue.backbones.transformer import Transformer

NamedBackbone = Transformer | LSTM | RNN | Nested | Memoryless


def build_backbone(
    name: BackboneName,
    width: int,
    *,
    layers: int,
    heads: int,
    window: int,
    positions: Positions,
    level1: LevelName = "lstm",
    expansion: int = 4,
) -> NamedBackbone:
    """Builds a backbone with fresh weights.

    Args:
        name: The kind of backbone.
        width: Size of its vectors.
        layers: Number of transformer blocks or of stacked recurrent layers. In the nested backbone it is for level 1.
        heads: Attention heads, for the transformer alone.
        window: The number of vectors to which one attends, for the transformer alone. The others have no bound.
        positions: How the transformer encodes order. The others ignore this setting.
        level1: The first level of the nested backbone. `feedforward` has no memory.
        expansion: The hidden layers in levels 2 and 3 of the nested backbone have `expansion * width` units.
    """
    if name == "nested":
        first = _alone(level1, width, layers=layers, heads=heads, window=window, positions=positions)
        return Nested(width, first, expansion)
    return _alone(name, width, layers=layers, heads=heads, window=window, positions=positions)


def _alone(
    name: LevelName, width: int, *, layers: int, heads: int, window: int, positions: Positions
) -> Transformer | LSTM | RNN | Memoryless:
    """A backbone without levels."""
    match name:
        case "transformer":
            return Transformer(width, heads=heads, layers=layers, window=window, positions=positions)
        case "rnn":
            return RNN(width, layers)
        case "lstm":
            return LSTM(width, layers)
        case "feedforward":
            return Memoryless(width)
