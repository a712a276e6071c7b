"""The sizes and parts of a NanoTST, as its `config.json` holds them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segue.backbones.shapes import BackboneName, Shapes, backbone, linear, transformer, under
from segue.config import from_dict
from segue.errors import UserError
from segue.folder import load_config, require_shapes
from segue.forecasting.predictor import LEVELS

CANDIDATES = 10
"""The number of naive forecasts that the gate weighs; see `segue.forecasting.nanotst.features.Features.candidates`."""
_FEATURES, _FEATURES_OF_STEP = 22, 8  # features of a patch, and of each of its steps; see `Features.count`
_MOST = 2**20
"""The largest context, patch, span, width, number of heads or of layers; the largest context in use is 720."""


@dataclass(frozen=True)
class NanoTSTConfig:
    """The sizes and parts of a NanoTST."""

    context: int = 720
    """The number of last values that the model reads; a multiple of `patch`."""
    patch: int = 24
    """The number of values of a patch."""
    span: int = 7
    """The number of patches that one pass predicts; only longer horizons continue from forecasts."""
    width: int = 192
    """Size of the hidden vectors."""
    heads: int = 4
    """Attention heads."""
    layers: int = 4
    """Blocks of attention and feed-forward network, or recurrent layers."""
    backbone: BackboneName = "transformer"
    """The backbone that reads the patches. Only the transformer forgets values beyond its window."""

    def __post_init__(self) -> None:
        check_sizes(self.context, self.patch, self.width, self.heads, self.layers, self.span)
        if self.width % (2 * self.heads):  # rotary positions turn pairs of values
            raise UserError("width", self.width, f"give a multiple of {2 * self.heads} for {self.heads} heads")

    @property
    def window(self) -> int:
        """The number of patches that a patch attends to: the whole context and all but one of the `span` patches."""
        return self.context // self.patch + self.span - 1

    def shapes(self) -> Shapes:
        """The name and the shape of each weight of `segue.forecasting.nanotst.model.NanoTST`, one after another."""
        width, inputs = self.width, _FEATURES + _FEATURES_OF_STEP * self.patch
        yield from under("embed.inner", linear(inputs, width))
        yield from under("embed.outer", linear(width, width))
        yield from under("embed.skip", linear(inputs, width))
        inner = backbone(self.backbone, width, layers=self.layers, window=self.window, positions="rotary")
        yield from under("backbone", inner)
        yield "gate.power", (CANDIDATES,)
        yield from under("gate.weigh", linear(width, self.patch * CANDIDATES))
        yield from under("head.hidden", linear(width, width))
        yield from under("head.project", linear(width, self.patch * len(LEVELS)))


def read_config(folder: str | Path) -> NanoTSTConfig:
    """Reads the config of a NanoTST, and checks that the header of its weights fits it; it reads no weights.

    Raises:
        UserError: The folder is missing, damaged or of another kind, a value is invalid, or the weights do not fit.
    """
    stored = stored_config(folder, load_config(folder, "nanotst", "a NanoTST")[1])
    require_shapes(folder, stored.shapes())
    return stored


def stored_config(folder: str | Path, config: dict[str, Any]) -> NanoTSTConfig:
    """Makes the config of a NanoTST from the stored config of its folder.

    Raises:
        UserError: A key is unknown or a value is invalid, or the model is of the first generation.
    """
    if "widening" in config:  # only the first generation had it; this one computes other features
        remedy = "train it again with `segue pretrain` (it holds a NanoTST of the first generation)"
        raise UserError("model", folder, remedy)
    return from_dict(NanoTSTConfig, config)


@dataclass(frozen=True)
class ClassicTSTConfig:
    """The sizes of a ClassicTST: those of `nano_tst.py`."""

    context: int = 512
    """The number of last values that the model reads; a multiple of `patch`."""
    patch: int = 32
    """The number of values of a patch."""
    width: int = 128
    """Size of the hidden vectors."""
    heads: int = 4
    """Attention heads."""
    layers: int = 4
    """Blocks of attention and feed-forward network."""

    def __post_init__(self) -> None:
        check_sizes(self.context, self.patch, self.width, self.heads, self.layers)
        if self.width % self.heads:
            raise UserError("width", self.width, f"give a multiple of {self.heads} for {self.heads} heads")

    @property
    def window(self) -> int:
        """The number of patches that a patch attends to: the whole context."""
        return self.context // self.patch

    def shapes(self) -> Shapes:
        """The name and the shape of each weight of `segue.forecasting.nanotst.classic.ClassicTST`."""
        yield from under("embed", linear(self.patch, self.width))
        yield from under(
            "backbone", transformer(self.width, layers=self.layers, window=self.window, positions="learned")
        )
        yield from under("head.project", linear(self.width, 2 * self.patch))


def read_classic_config(folder: str | Path) -> ClassicTSTConfig:
    """Reads the config of a ClassicTST; see `read_config`."""
    stored = from_dict(ClassicTSTConfig, load_config(folder, "classictst", "a ClassicTST")[1])
    require_shapes(folder, stored.shapes())
    return stored


def check_sizes(context: int, patch: int, width: int, heads: int, layers: int, span: int = 1) -> None:
    """Refuses sizes that no model can have.

    Raises:
        UserError: A size is below 1 or above a million, or the context is not a multiple of the patch.
    """
    sizes = {"context": context, "patch": patch, "width": width, "heads": heads, "layers": layers, "span": span}
    for name, size in sizes.items():
        if size < 1:
            raise UserError(name, size, "give a whole number of at least 1")
        if size > _MOST:
            raise UserError(name, size, f"give a whole number of at most {_MOST}")
    if context % patch:
        raise UserError("context", context, f"give a multiple of the patch, {patch}")
