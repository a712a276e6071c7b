"""The names and shapes of all weights of each backbone, from its sizes alone.

A model folder may come from a stranger. Its sizes are compared with the header of its weights before anything is built,
so these functions import no torch and allocate nothing: each shape is made when it is asked for. Tests hold them to the
modules.
"""

from collections.abc import Iterator
from typing import Literal

BackboneName = Literal["transformer", "lstm", "rnn", "nested"]
LevelName = Literal["lstm", "rnn", "feedforward", "transformer"]
Positions = Literal["learned", "rotary"]

Shapes = Iterator[tuple[str, tuple[int, ...]]]
_GATES = {"rnn": 1, "lstm": 4}


def under(name: str, shapes: Shapes) -> Shapes:
    """The shapes of a module that is part of another one, under its name in it."""
    return ((f"{name}.{inner}", shape) for inner, shape in shapes)


def linear(inputs: int, outputs: int, *, bias: bool = True) -> Shapes:
    """Of `nn.Linear`."""
    yield "weight", (outputs, inputs)
    if bias:
        yield "bias", (outputs,)


def norm(width: int) -> Shapes:
    """Of `nn.LayerNorm`."""
    yield "weight", (width,)
    yield "bias", (width,)


def recurrent(kind: Literal["rnn", "lstm"], width: int, layers: int) -> Shapes:
    """Of `segue.backbones.recurrent.RNN` or `LSTM`."""
    rows = _GATES[kind] * width
    for layer in range(layers):
        for source in ("ih", "hh"):
            yield f"kernel.weight_{source}_l{layer}", (rows, width)
            yield f"kernel.bias_{source}_l{layer}", (rows,)


def feed_forward(width: int, expansion: int = 4) -> Shapes:
    """Of `segue.backbones.feedforward.FeedForward`."""
    yield from under("norm", norm(width))
    yield from under("up", linear(width, expansion * width))
    yield from under("down", linear(expansion * width, width))


def block(width: int) -> Shapes:
    """Of `segue.backbones.transformer.Block`."""
    yield from under("norm", norm(width))
    yield from under("attention.qkv", linear(width, 3 * width))
    yield from under("attention.out", linear(width, width))
    yield from under("feed_forward", feed_forward(width))


def transformer(width: int, *, layers: int, window: int, positions: Positions) -> Shapes:
    """Of `segue.backbones.transformer.Transformer`."""
    if positions == "learned":
        yield "positions", (window, width)
    for layer in range(layers):
        yield from under(f"blocks.{layer}", block(width))
    yield from under("norm", norm(width))


def backbone(
    name: BackboneName | LevelName,
    width: int,
    *,
    layers: int,
    window: int,
    positions: Positions,
    level1: LevelName = "lstm",
    expansion: int = 4,
) -> Shapes:
    """Of what `segue.backbones.named.build_backbone` builds with the same arguments."""
    match name:
        case "nested":
            first = backbone(level1, width, layers=layers, window=window, positions=positions)
            yield from under("level1", first)
            for level in ("level2", "level3"):
                yield from under(level, feed_forward(width, expansion))
        case "transformer":
            yield from transformer(width, layers=layers, window=window, positions=positions)
        case "feedforward":
            yield from under("network", feed_forward(width))
        case "rnn" | "lstm":
            yield from recurrent(name, width, layers)
