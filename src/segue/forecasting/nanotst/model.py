"""NanoTST in torch: features of each patch, a causal transformer, quantiles of the next patch.

A patch to be predicted is a patch that is not observed, in training as in use. So one pass predicts several patches.
The served half runs the same model without torch, from the graph that `export.py` makes.
"""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float, Float64
from torch import Tensor, nn

from segue.backbones.named import build_backbone
from segue.backbones.transformer import Transformer
from segue.folder import fingerprint
from segue.forecasting.nanotst.config import NanoTSTConfig, read_config
from segue.forecasting.nanotst.embedding import FeatureEmbedding
from segue.forecasting.nanotst.features import Inputs, features_of
from segue.forecasting.nanotst.gate import Gate
from segue.forecasting.nanotst.long_past import forecast_quantiles, reach
from segue.forecasting.nanotst.patches import append_unknown, beginnings, patches_ahead, to_patches
from segue.forecasting.nanotst.reference import FARTHEST, Reference
from segue.forecasting.nanotst.weights import model_folder, model_name
from segue.forecasting.predictor import LEVELS, Forecast, History
from segue.heads.quantiles import QuantileHead, Quantiles
from segue.training.models import arrays_of, load_model, save_model


class NanoTST(nn.Module):
    """A causal patch transformer that forecasts, after the design of PatchTST (Nie et al. 2023), which is not causal.

    Args:
        config: Sizes and parts.
    """

    name = "NanoTST"
    causal = True
    keeps_support = True

    def __init__(self, config: NanoTSTConfig) -> None:
        super().__init__()
        self.config = config
        self.embed = FeatureEmbedding(config.patch, config.width)
        self.backbone = build_backbone(
            config.backbone,
            config.width,
            layers=config.layers,
            heads=config.heads,
            window=config.window,
            positions="rotary",
        )
        self.gate = Gate(config.width, config.patch)
        self.head = QuantileHead(config.width, config.patch, LEVELS)

    def forward(
        self,
        patches: Float[Tensor, "lanes tokens patch"],
        observed: Bool[Tensor, "lanes tokens patch"],
        seasons: Float64[Tensor, "lanes periods"],
        since: int = 0,
    ) -> tuple[Quantiles, Reference]:
        """Predicts the next patch at every patch.

        Args:
            patches: Values in the unit of the series.
            observed: False where a value is missing, to be predicted, or before the lane began. The lane begins at
                its first observed value; patches before that have no influence.
            seasons: Periods in steps that calendar or user suggest; zero where none.
            since: The first patch to predict from; predictions at earlier patches would only cost time.

        Returns:
            The quantiles of each following patch, in the units of `normalise`, and their reference.
        """
        precision = self.embed.skip.weight.dtype
        features, reference = features_of(patches, observed, seasons, precision)
        return self.read(features.inputs(precision, beginnings(observed), since), since), reference.since(since)

    def read(self, inputs: Inputs, since: int = 0) -> Quantiles:
        """Runs the network alone, from the features of each patch to the quantiles of the next one."""
        hidden = self._encode(self.embed(inputs.features), inputs.begins, since)
        moved: Quantiles = self.gate(hidden, inputs.candidates, self.head(hidden))
        return moved

    def _encode(
        self, x: Float[Tensor, "lanes tokens width"], reset: Bool[Tensor, "lanes tokens"], since: int
    ) -> Float[Tensor, "lanes newest width"]:
        """Computes the hidden vectors from patch `since` on; the transformer skips the state, which is not needed."""
        if isinstance(self.backbone, Transformer):
            return self.backbone.encode(x, reset, since)
        hidden: Tensor = self.backbone(x, None, reset)[0]
        return hidden[:, since:]

    @staticmethod
    def normalise(
        following: Float[Tensor, "lanes tokens patch"], reference: Reference
    ) -> Float64[Tensor, "lanes tokens patch"]:
        """Converts the patch after each patch to the units of the network: squashed distances from the reference."""
        return reference.normalise(following).asinh()

    @staticmethod
    def restore(
        normal: Float[Tensor, "lanes tokens patch *rest"], reference: Reference
    ) -> Float64[Tensor, "lanes tokens patch *rest"]:
        """The inverse of `normalise`."""
        power = normal.double().clamp(-FARTHEST, FARTHEST).exp()
        return reference.restore((power - 1 / power) / 2)  # sinh, which onnxruntime does not have in double

    @property
    def context(self) -> int:
        """The number of last values that a forecast depends on."""
        return reach(self)

    @property
    def pass_context(self) -> int:
        """The number of last values that the network reads."""
        return self.config.context

    @property
    def pass_steps(self) -> int:
        """The largest number of steps that one pass predicts."""
        return self.config.span * self.config.patch

    @property
    def fingerprint(self) -> str:
        """A hash of config and weights. A saved stream carries it, so that other models refuse the stream."""
        return fingerprint(asdict(self.config), arrays_of(self.state_dict()))

    def predict(self, history: History, horizon: int) -> Forecast:
        """Forecasts by torch; see `segue.forecasting.predictor.Predictor`."""
        return Forecast(forecast_quantiles(self, history, horizon))

    def one_pass(self, history: History, steps: int) -> Float64[np.ndarray, "lanes steps levels"]:
        """Predicts the quantiles of the next `steps`; see `PatchForecaster`."""
        device = self.embed.skip.weight.device
        values, observed = (torch.from_numpy(part).to(device) for part in (history.values, history.observed))
        with torch.inference_mode():
            patches, seen = to_patches(values, observed, self.config.patch)
            newest, ahead = patches.shape[1] - 1, patches_ahead(steps, self.config.patch)
            patches, seen = append_unknown(patches, ahead), append_unknown(seen, ahead)
            seasons = torch.from_numpy(history.seasons).to(device)
            normal, reference = self(patches, seen, seasons, since=newest)
            quantiles: np.ndarray = self.restore(normal.values, reference).flatten(1, 2)[:, :steps].cpu().numpy()
        return quantiles

    @staticmethod
    def from_pretrained(source: str | Path = "nanotst") -> "NanoTST":
        """Loads a model folder, or a bundled model, into torch; it needs no network.

        Args:
            source: A folder that `save_pretrained` wrote, or a bundled name.

        Raises:
            UserError: There is no such folder or name, or it holds no NanoTST that can be read.
        """
        folder = model_folder(source)
        model = load_model(folder, read_config, NanoTST)
        model.name = model_name(folder)
        return model

    def save_pretrained(self, folder: str | Path, *, card: str | None = None, half: bool = False) -> None:
        """Writes the model folder: `config.json`, `model.safetensors`, and `MODEL_CARD.md` if a card is given.

        Args:
            folder: A new folder, or one that holds a model, which is replaced.
            card: The text of `MODEL_CARD.md`: data, cost and weak spots of the model.
            half: Store floating tensors in half precision.
        """
        save_model(folder, "nanotst", asdict(self.config), self, card=card, half=half)
