"""The sizes and parts of a NanoTST, as its `config.json` holds them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from segue.config import from_dict
from segue.errors import UserError

BackboneName = Literal["transformer", "lstm", "rnn", "nested"]


@dataclass(frozen=True)
class NanoTSTConfig:
    """The sizes and parts of a NanoTST."""

    context: int = 720
    """The number of last values that the model reads; a multiple of `patch`."""
    patch: int = 24
    """The number of values of a patch."""
    span: int = 7
    """The number of patches that one pass predicts; more patches need no continuation from forecasts."""
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


def stored_config(folder: str | Path, config: dict[str, Any]) -> NanoTSTConfig:
    """Makes the config of a NanoTST from that of its folder.

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


def check_sizes(context: int, patch: int, width: int, heads: int, layers: int, span: int = 1) -> None:
    """Refuses sizes that no model can have.

    Raises:
        UserError: A size is below 1, or the context is not a multiple of the patch.
    """
    sizes = {"context": context, "patch": patch, "width": width, "heads": heads, "layers": layers, "span": span}
    for name, size in sizes.items():
        if size < 1:
            raise UserError(name, size, "give a whole number of at least 1")
    if context % patch:
        raise UserError("context", context, f"give a multiple of the patch, {patch}")
