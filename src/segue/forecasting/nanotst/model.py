"""NanoTST: scale, patch, embed, a causal transformer, a distribution over the next patch.

One class, two configurations. *Classic* is the model of `nano_tst.py`: instance normalisation, a linear embedding,
learned positions, a Gaussian. *Pretrained* is what `segue forecast` uses: a running scale that leaks nothing of the
future into training, asinh, an embedding that sees what is missing, rotary positions, quantiles, and a future that is
predicted in one pass because patches to be predicted are patches not observed.
"""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Float64
from torch import Tensor, nn

from segue.backbones.named import BackboneName, build_backbone
from segue.config import from_dict
from segue.errors import UserError
from segue.folder import fingerprint, load_model_folder, save_model_folder
from segue.forecasting.nanotst.embedding import PatchEmbedding, ValueEmbedding
from segue.forecasting.nanotst.features import recall, told_size
from segue.forecasting.nanotst.parts import HeadName, build_head, encode
from segue.forecasting.nanotst.patches import beginnings, end_with_observed
from segue.forecasting.nanotst.rollout import predict_by_masks, predict_by_sampling
from segue.forecasting.nanotst.scaling import Scales, running_scales, window_scales
from segue.forecasting.nanotst.weights import find_model
from segue.forecasting.predictor import LEVELS, Forecast
from segue.forecasting.support import within_support
from segue.heads.protocol import Distribution


@dataclass(frozen=True)
class NanoTSTConfig:
    """The sizes and parts of a NanoTST; the defaults are the classic's."""

    context: int = 512
    """How many of the last values the model looks at; a multiple of `patch`."""
    patch: int = 32
    """Values per patch."""
    span: int = 1
    """Patches that one pass predicts; more make a longer horizon without feeding forecasts back."""
    width: int = 128
    """Size of the hidden vectors."""
    heads: int = 4
    """Attention heads."""
    layers: int = 4
    """Blocks of attention and feed-forward network, or recurrent layers."""
    backbone: BackboneName = "transformer"
    """What reads the patches. The transformer alone forgets what lies beyond its window."""
    positions: Literal["learned", "rotary"] = "learned"
    """How the transformer knows the order of patches."""
    scale: Literal["window", "running"] = "window"
    """`window`: instance normalisation over all values. `running`: causal, squashed by asinh, predictions in units of
    the mean step from the last value; the embedding also sees which values are missing and how the scales relate."""
    head: HeadName = "gaussian"
    """The distribution of a future value."""
    recall: bool = False
    """Under a running scale: tell each patch what the lane did a cycle ago, and express predictions in the best of
    three naive forecasts (see `segue.forecasting.nanotst.features`)."""
    sign_flip: bool = False
    """Average each forecast with the negated forecast of the negated series (twice the time)."""
    widening: float = 0.0
    """Quantiles lie 1 + `widening` / sqrt(observed values) times as far from the median as the network says: the less
    of a series was seen, the more it can differ from all that was made up for training."""
    support: bool = False
    """Keep quantiles to what the series can be, not below zero sales, and counts whole."""

    def __post_init__(self) -> None:
        for name in ("context", "patch", "span", "width", "heads", "layers"):
            if getattr(self, name) < 1:
                raise UserError(name, getattr(self, name), "give a whole number of at least 1")
        part = self.heads * (2 if self.positions == "rotary" else 1)  # rotary positions turn pairs of values
        if self.width % part:
            raise UserError("width", self.width, f"give a multiple of {part} for {self.heads} heads")
        if self.recall and self.scale != "running":
            raise UserError("recall", self.recall, "give the running scale with it")
        if self.context % self.patch:
            raise UserError("context", self.context, f"give a multiple of the patch, {self.patch}")

    @property
    def window(self) -> int:
        """Patches that a patch attends to: the whole context and what one pass predicts of the future."""
        return self.context // self.patch + self.span - 1


class NanoTST(nn.Module):
    """A causal patch transformer that forecasts (the design of PatchTST, Nie et al. 2023, made causal).

    Args:
        config: Sizes and parts.
    """

    name = "NanoTST"
    causal = True

    def __init__(self, config: NanoTSTConfig) -> None:
        super().__init__()
        self.config = config
        self.causal = config.scale == "running"
        self.embed = (
            PatchEmbedding(config.patch, config.width, told_size(config.patch) if config.recall else 0)
            if config.scale == "running"
            else ValueEmbedding(config.patch, config.width)
        )
        self.backbone = build_backbone(
            config.backbone,
            config.width,
            layers=config.layers,
            heads=config.heads,
            window=config.window,
            positions=config.positions,
        )
        self.head = build_head(config.head, config.width, config.patch)

    @property
    def context(self) -> int:
        """How many of the last values the model looks at."""
        return self.config.context

    @property
    def fingerprint(self) -> str:
        """A hash of config and weights: a stream's state carries it, and no other model loads that state."""
        return fingerprint(asdict(self.config), self.state_dict())

    @property
    def patch(self) -> int:
        """Values per patch."""
        return self.config.patch

    @property
    def span(self) -> int:
        """Patches that one pass predicts."""
        return self.config.span

    def scales(
        self, patches: Float[Tensor, "lanes tokens patch"], observed: Bool[Tensor, "lanes tokens patch"]
    ) -> Scales:
        """What normalises each patch, and what the prediction of the next one is expressed in."""
        scales = (running_scales if self.config.scale == "running" else window_scales)(patches, observed)
        if not self.config.recall:
            return scales
        precision = next(self.head.parameters()).dtype
        told, reference = recall(patches, observed, scales.local, precision)
        return replace(scales, told=told, reference=reference)

    def normalise(
        self, following: Float[Tensor, "lanes tokens patch"], scales: Scales
    ) -> Float64[Tensor, "lanes tokens patch"]:
        """The patches after each patch, as the network predicts them."""
        normal = scales.reference.normalise(following)
        return normal.asinh() if self.config.scale == "running" else normal

    def restore(
        self, normal: Float[Tensor, "lanes tokens patch *rest"], scales: Scales
    ) -> Float64[Tensor, "lanes tokens patch *rest"]:
        """The inverse of `normalise`."""
        normal = normal.double()
        return scales.reference.restore(normal.clamp(-8, 8).sinh() if self.config.scale == "running" else normal)

    def forward(
        self,
        patches: Float[Tensor, "lanes tokens patch"],
        observed: Bool[Tensor, "lanes tokens patch"],
        scales: Scales | None = None,
        since: int = 0,
    ) -> tuple[Distribution, Scales]:
        """Predicts, at every patch, the next one.

        Args:
            patches: Values in the unit of the series.
            observed: False where a value is missing, to be predicted, or before the lane began. The lane begins at
                its first observed value; patches before that have no influence.
            scales: How to normalise; by default what `observed` values tell.
            since: The first patch to predict from; predictions of the past cost time.

        Returns:
            The distribution of the normalised values of each following patch, and the scales they are expressed in.
        """
        scales = scales or self.scales(patches, observed)
        hidden = encode(self.backbone, self.embed(patches, observed, scales), beginnings(observed), since)
        return self.head(hidden), scales.since(since)

    def predict(
        self, values: Float64[Tensor, "lanes time"], observed: Bool[Tensor, "lanes time"], horizon: int
    ) -> Forecast:
        """Forecasts the `horizon` values after the last column; see `segue.forecasting.predictor.Predictor`."""
        if horizon < 1:
            raise UserError("horizon", horizon, "give a whole number of at least 1")
        home, device = values.device, next(self.parameters()).device
        missing = max(0, 1 - values.shape[1])  # no column at all is one that is not observed
        values, observed = (F.pad(part, (missing, 0))[:, -self.context :].to(device) for part in (values, observed))
        values, observed, gap = end_with_observed(values, observed)
        steps = horizon + int(gap.max())
        with torch.inference_mode():
            quantiles = _widened(self._predict(values, observed, steps), observed, self.config.widening)
            if self.config.support:
                quantiles = within_support(quantiles, values, observed)
            asked = gap[:, None] + torch.arange(horizon, device=device)
            quantiles = quantiles.take_along_dim(asked[..., None], dim=1)
        return Forecast(quantiles.masked_fill(~observed.any(1)[:, None, None], torch.nan).to(home))

    def _predict(self, values: Tensor, observed: Tensor, steps: int) -> Tensor:
        """The quantiles of the network itself, (lanes, steps, levels)."""
        predict = predict_by_sampling if self.config.head == "gaussian" else predict_by_masks
        quantiles = predict(self, values, observed, steps)
        if self.config.sign_flip:
            quantiles = (quantiles - predict(self, -values, observed, steps).flip(-1)) / 2
        return quantiles

    @staticmethod
    def from_pretrained(source: str | Path = "nanotst") -> "NanoTST":
        """Loads a model folder, or weights that came with the package; needs no network.

        Args:
            source: A folder that `save_pretrained` wrote, or a bundled name.

        Raises:
            UserError: There is no such folder or name, or it can't be read.
        """
        return load(find_model(source))

    def save_pretrained(self, folder: str | Path, *, card: str | None = None, half: bool = False) -> None:
        """Writes the model folder: `config.json`, `model.safetensors`, and `MODEL_CARD.md` if a card is given.

        Args:
            folder: A new folder, or one that holds a model, which is replaced.
            card: What the model saw, what it cost, where it is weak.
            half: Store floating tensors in half precision.
        """
        tensors = {name: tensor.half() if half else tensor for name, tensor in self.state_dict().items()}
        save_model_folder(folder, "nanotst", asdict(self.config), tensors, card)


def _widened(
    quantiles: Float64[Tensor, "lanes steps levels"], observed: Bool[Tensor, "lanes time"], widening: float
) -> Float64[Tensor, "lanes steps levels"]:
    median = quantiles[..., LEVELS.index(0.5), None]
    factor = 1 + widening / observed.sum(1).clamp(min=1).double().sqrt()
    return median + factor[:, None, None] * (quantiles - median)


def load(folder: Path) -> NanoTST:
    """Builds the model of a folder, in single precision, ready to predict."""
    kind, config, tensors = load_model_folder(folder)
    if kind != "nanotst":
        raise UserError("model", folder, f"name a folder with a NanoTST (this one holds a {kind})")
    model = NanoTST(from_dict(NanoTSTConfig, config))
    try:
        model.load_state_dict({name: t.float() for name, t in tensors.items()})
    except RuntimeError as error:
        raise UserError("model", folder, "its weights do not fit its config.json; save or copy it again") from error
    return model.eval()
