"""Series as text: every value a token of a codebook, as in Chronos, where NanoTST has patches and quantiles.

The rival that `backbones.py` measures patches against, with the backbones of NanoTST behind it. Two things differ from
Chronos (Ansari et al. 2024, arXiv:2403.07815), so that only the idea is compared: the network is causal and learns from
every value instead of from a decoder's horizon, and values are scaled by running means, which leak nothing of the
future and let forecasts follow unit and offset of the series.
"""

from dataclasses import asdict

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Float64
from torch import Tensor, nn

from benchmarks.forecasting.arms import CodebookConfig
from benchmarks.forecasting.bins import Binned, BinnedHead, Bins
from benchmarks.forecasting.deviation import DeviationScale, deviation_scale
from segue.backbones.named import build_backbone
from segue.folder import fingerprint
from segue.forecasting.nanotst.patches import beginnings
from segue.forecasting.predictor import LEVELS, Forecast, History
from segue.heads.categorical import Categorical
from segue.state import State
from segue.training.models import arrays_of

_PATHS = 10  # futures drawn for each lane
_FINE = tuple(0.025 + 0.05 * i for i in range(20))  # equally likely next values of each of them


class CodebookTST(nn.Module):
    """A causal model of the next value's bin, given the bins of the values before it.

    Args:
        config: Sizes and parts.
    """

    name = "CodebookTST"
    causal = True

    def __init__(self, config: CodebookConfig) -> None:
        super().__init__()
        self.config = config
        self.bins = Bins.uniform(config.bins, -config.reach, config.reach)
        self.embed = nn.Embedding(config.bins + 1, config.width)  # one more, for a missing value
        self.backbone = build_backbone(
            config.backbone,
            config.width,
            layers=config.layers,
            heads=config.heads,
            window=config.context,
            positions="rotary",
        )
        self.head = BinnedHead(config.width, 1, self.bins)

    @property
    def context(self) -> int:
        """How many of the last values the model reads."""
        return self.config.context

    @property
    def fingerprint(self) -> str:
        """A hash of config and weights."""
        return fingerprint(asdict(self.config), arrays_of(self.state_dict()))

    def forward(
        self,
        values: Float[Tensor, "lanes time"],
        observed: Bool[Tensor, "lanes time"],
        state: State | None = None,
        since: int = 0,
    ) -> tuple[Binned, DeviationScale, State]:
        """Predicts, at every value from `since` on, the next one.

        Args:
            values: All values of each lane, in the unit of the series.
            observed: False where a value is missing, or before the lane began.
            state: What the backbone remembers of the values before `since`; `None` if it has seen none, and then
                it is shown all of them.
            since: The first value to predict from.

        Returns:
            The distribution of each next value, normalised at the value before it; the scale there; the new state.
        """
        scale = deviation_scale(values, observed)
        tokens = self.bins.encode(scale.normalise(values))
        tokens = torch.where(observed, tokens, self.bins.count)
        if state is None:
            hidden, state = self.backbone(self.embed(tokens), None, beginnings(observed[..., None]))
            hidden = hidden[:, since:]
        else:
            hidden, state = self.backbone(self.embed(tokens[:, since:]), state, None)
        return self.head(hidden), scale.since(since), state

    def predict(self, history: History, horizon: int) -> Forecast:
        """Forecasts the `horizon` values after the last column; see `segue.forecasting.predictor.Predictor`."""
        device = self.embed.weight.device
        with torch.inference_mode():
            values, observed = (torch.from_numpy(part).to(device) for part in (history.values, history.observed))
            return Forecast(self._follow(values, observed, horizon).cpu().numpy())

    def _follow(self, values: Tensor, observed: Tensor, steps: int) -> Float64[Tensor, "lanes steps levels"]:
        """Ancestral sampling: a value is drawn, fed back, the next drawn; a forecast pools what all paths expect.

        Every lane uses the same draws, so that it does not matter which lanes it is forecast with.
        """
        draws = latin_hypercube(steps, _PATHS, torch.Generator().manual_seed(0)).to(values.device)
        levels = torch.tensor(LEVELS, dtype=torch.float64, device=values.device)
        lanes = len(values)
        binned, scale, state = self(values, observed, since=values.shape[1] - 1)
        path = torch.arange(lanes, device=values.device).repeat_interleave(_PATHS)  # the past is read once for all
        values, observed, state = values[path], observed[path], state.select(path)
        binned, scale = Binned(Categorical(binned.classes.logits[path]), self.bins), scale.select(path)
        quantiles = []
        for step in range(steps):
            if step > 0:
                binned, scale, state = self(values, observed, state, since=values.shape[1] - 1)
            expected = scale.restore(binned.quantiles(_FINE)).view(lanes, -1)  # of all paths together
            quantiles.append(expected.quantile(levels, dim=1).T)
            level = draws[step].repeat(lanes)[:, None, None, None].to(binned.classes.logits)
            values = torch.cat([values, scale.restore(binned.at(level))[..., 0, 0]], dim=1)
            observed = F.pad(observed, (0, 1), value=True)
        return torch.stack(quantiles, dim=1)


def next_value_loss(
    model: CodebookTST, values: Float[Tensor, "lanes time"], present: Bool[Tensor, "lanes time"]
) -> Float[Tensor, ""]:
    """The mean cross-entropy of each next value's bin, in nats, once three values have made a scale."""
    binned, scale, _ = model(values, present)
    following = values.roll(-1, dims=1)  # the last value has none: its weight is zero
    weight = present.roll(-1, dims=1) & (scale.count >= 3) & (scale.unit > 0)
    weight[:, -1] = False
    losses = binned.loss(scale.normalise(following)[..., None])[..., 0]
    mean: Tensor = losses.where(weight, 0.0).sum() / weight.sum().clamp(min=1)
    return mean


def latin_hypercube(rows: int, count: int, generator: torch.Generator) -> Float64[Tensor, "rows count"]:
    """Uniform draws, of which each row has one in each of `count` equal parts of (0, 1) (McKay et al. 1979)."""
    order = torch.rand(rows, count, generator=generator).argsort(1)
    within = torch.rand(rows, count, generator=generator, dtype=torch.float64)
    return ((order + within) / count).clamp(1e-9, 1 - 1e-9)
