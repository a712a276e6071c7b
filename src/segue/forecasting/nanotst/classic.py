"""ClassicTST: the model of `nano_tst.py` in the library, with its instance normalisation and its Gaussian.

The model serves study and comparison, and a test checks that it equals the teaching file. It normalises by the whole
window, which leaks the level of the future into training. So it declares `causal = False`. It forecasts by sampling.
"""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float, Float64
from torch import Tensor, nn

from segue.backbones.transformer import Transformer
from segue.folder import fingerprint
from segue.forecasting.nanotst.config import ClassicTSTConfig, read_classic_config
from segue.forecasting.nanotst.past import past_of
from segue.forecasting.nanotst.patches import beginnings, to_patches
from segue.forecasting.predictor import LEVELS, Forecast, History
from segue.heads.gaussian import Gaussian, GaussianHead
from segue.training.models import arrays_of, load_model, save_model

_SAMPLES = 100  # drawn futures: the quantiles of 1 and 99 % then lie next to the outermost draws


@dataclass(frozen=True, eq=False)
class WindowScale:
    """Instance normalisation (Kim et al. 2022): the mean and the standard deviation of all observed values.

    It is not causal: the last patch changes the input of the first.
    """

    mean: Float64[Tensor, "lanes"]
    deviation: Float64[Tensor, "lanes"]

    @staticmethod
    def of(patches: Float[Tensor, "lanes tokens patch"], observed: Bool[Tensor, "lanes tokens patch"]) -> "WindowScale":
        """The scale of each lane, measured from its first value, so that equal values deviate by exactly zero."""
        past = past_of(patches, observed)
        count = past.seen.sum(1, keepdim=True).clamp(min=1)
        mean = (past.held * past.seen).sum(1, keepdim=True) / count
        deviation = (((past.held - mean) * past.seen).square().sum(1, keepdim=True) / count).sqrt()
        return WindowScale(mean[:, 0] + past.first, deviation[:, 0])

    def normalise(self, patches: Float[Tensor, "lanes tokens patch"]) -> Float64[Tensor, "lanes tokens patch"]:
        """Returns (values - mean) / deviation, or the difference alone where the deviation is zero."""
        divisor = torch.where(self.deviation > 0, self.deviation, 1.0)
        return (patches.double() - self.mean[:, None, None]) / divisor[:, None, None]

    def restore(self, normal: Float[Tensor, "lanes patch"]) -> Float64[Tensor, "lanes patch"]:
        """Returns values in the unit of the series."""
        return normal.double() * self.deviation[:, None] + self.mean[:, None]


class ClassicTST(nn.Module):
    """A patch transformer in its first form: linear embedding, learned positions, a Gaussian for each value.

    Args:
        config: Sizes.
    """

    name = "ClassicTST"
    causal = False

    def __init__(self, config: ClassicTSTConfig) -> None:
        super().__init__()
        self.config = config
        self.embed = nn.Linear(config.patch, config.width)
        self.backbone = Transformer(
            config.width, heads=config.heads, layers=config.layers, window=config.window, positions="learned"
        )
        self.head = GaussianHead(config.width, config.patch)

    def forward(
        self,
        patches: Float[Tensor, "lanes tokens patch"],
        observed: Bool[Tensor, "lanes tokens patch"],
        scale: WindowScale | None = None,
        since: int = 0,
    ) -> tuple[Gaussian, WindowScale]:
        """Predicts the next patch at every patch, normalised.

        Args:
            patches: Values in the unit of the series.
            observed: False where a value is missing; the mean replaces it.
            scale: The scale; by default that of the observed values.
            since: The first patch to predict from.
        """
        scale = scale or WindowScale.of(patches, observed)
        normal = (scale.normalise(patches) * observed).to(self.embed.weight.dtype)
        hidden = self.backbone.encode(self.embed(normal), beginnings(observed), since)
        return self.head(hidden), scale

    @property
    def context(self) -> int:
        """The number of last values that the model reads."""
        return self.config.context

    @property
    def fingerprint(self) -> str:
        """A hash of config and weights."""
        return fingerprint(asdict(self.config), arrays_of(self.state_dict()))

    def predict(self, history: History, horizon: int) -> Forecast:
        """Draws futures patch by patch, each appended as if observed; see `segue.forecasting.predictor.Predictor`.

        Every lane uses the same standard normal draws, so that the forecast of a lane does not depend on other lanes.
        """
        size, device = self.config.patch, self.embed.weight.device
        values, observed = (torch.from_numpy(part).to(device) for part in (history.values, history.observed))
        patches, seen = (part.repeat_interleave(_SAMPLES, 0) for part in to_patches(values, observed, size))
        ahead = -(-horizon // size)  # patches
        generator = torch.Generator(device).manual_seed(0)
        with torch.inference_mode():
            for _ in range(ahead):  # a draw for all patches at once would depend on their number
                draw = torch.randn(_SAMPLES, size, generator=generator, dtype=torch.float64, device=device)
                recent, known = patches[:, -self.config.window :], seen[:, -self.config.window :]
                following, scale = self(recent, known, since=recent.shape[1] - 1)
                drawn = following.mean[:, -1] + following.std[:, -1] * draw.repeat(len(values), 1)
                patches = torch.cat([patches, scale.restore(drawn)[:, None]], dim=1)
                seen = torch.cat([seen, torch.ones_like(drawn[:, None], dtype=torch.bool)], dim=1)
        futures = patches[:, -ahead:].flatten(1)[:, :horizon].unflatten(0, (-1, _SAMPLES)).cpu().numpy()
        return Forecast(np.moveaxis(np.quantile(futures, LEVELS, axis=1), 0, -1))

    @staticmethod
    def from_pretrained(folder: str | Path) -> "ClassicTST":
        """Loads a model folder.

        Raises:
            UserError: There is no such folder, or it holds no ClassicTST that can be read.
        """
        return load_model(folder, read_classic_config, ClassicTST)

    def save_pretrained(self, folder: str | Path, *, card: str | None = None, half: bool = False) -> None:
        """Writes the model folder; see `NanoTST.save_pretrained`."""
        save_model(folder, "classictst", asdict(self.config), self, card=card, half=half)
