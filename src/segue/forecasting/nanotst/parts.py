"""The parts a NanoTST is put together of, by the names that its config gives them."""

from typing import Literal

from jaxtyping import Bool, Float
from torch import Tensor

from segue.backbones.named import NamedBackbone
from segue.backbones.transformer import Transformer
from segue.forecasting.nanotst.bins import BinnedHead, Bins
from segue.forecasting.predictor import LEVELS
from segue.heads.gaussian import GaussianHead
from segue.heads.quantiles import QuantileHead

HeadName = Literal["gaussian", "quantiles", "bins"]
PatchHead = GaussianHead | QuantileHead | BinnedHead

_BINS = 128  # over the range to which targets are clamped: an eighth of the mean step each, near the last value
_REACH = 8.0


def build_head(name: HeadName, width: int, patch: int) -> PatchHead:
    """A head of fresh weights."""
    if name == "quantiles":
        return QuantileHead(width, patch, LEVELS)
    if name == "bins":
        return BinnedHead(width, patch, Bins.uniform(_BINS, -_REACH, _REACH))
    return GaussianHead(width, patch)


def encode(
    backbone: NamedBackbone,
    x: Float[Tensor, "lanes tokens width"],
    reset: Bool[Tensor, "lanes tokens"],
    since: int = 0,
) -> Float[Tensor, "lanes newest width"]:
    """The hidden vectors of fresh lanes from one on; the transformer is spared the state that nobody asks for."""
    if isinstance(backbone, Transformer):
        return backbone.encode(x, reset, since)
    hidden: Tensor = backbone(x, None, reset)[0]
    return hidden[:, since:]
