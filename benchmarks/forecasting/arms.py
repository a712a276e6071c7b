"""The arms of `backbones.py`: which models are trained at equal compute. It imports no torch."""

from dataclasses import dataclass, replace
from typing import Literal

from segue.forecasting.nanotst.config import BackboneName, NanoTSTConfig

PATCH, SPAN = 24, 2  # one pass predicts 48 steps, the longest horizon
TOKENS = 1536  # patches in a batch


@dataclass(frozen=True)
class CodebookConfig:
    """The sizes and parts of a `codebook.CodebookTST`."""

    context: int = 264
    """How many of the last values the model reads; the transformer's window."""
    bins: int = 1024
    """Tokens of the codebook."""
    reach: float = 15.0
    """How far the bins extend to both sides of the running mean, in mean absolute deviations."""
    width: int = 128
    """Size of the hidden vectors."""
    heads: int = 4
    """Attention heads."""
    layers: int = 4
    """Blocks of attention and feed-forward network, or recurrent layers."""
    backbone: BackboneName = "transformer"
    """What reads the tokens."""


@dataclass(frozen=True)
class Arm:
    """One model, and how it is trained."""

    config: NanoTSTConfig | CodebookConfig
    head: Literal["quantiles", "bins"] = "quantiles"
    tokens: int = TOKENS
    learning_rate: float = 2e-3


PROXY = NanoTSTConfig(context=504, patch=PATCH, span=SPAN, width=128, layers=4)
ARMS = {
    "transformer": Arm(PROXY),
    "lstm": Arm(replace(PROXY, backbone="lstm", width=224, layers=2)),
    "rnn": Arm(replace(PROXY, backbone="rnn", width=448, layers=2)),
    "nested": Arm(replace(PROXY, backbone="nested", width=184, layers=1)),
    "transformer, bins of a patch": Arm(PROXY, head="bins"),
    "transformer, values as tokens": Arm(CodebookConfig(), tokens=128),
}
