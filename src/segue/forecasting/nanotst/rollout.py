"""From a model of the next patches to a forecast of any horizon."""

from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float64
from torch import Tensor

from segue.forecasting.nanotst.patches import append_unknown, to_patches
from segue.forecasting.nanotst.scaling import Scales
from segue.forecasting.predictor import LEVELS, Forecast
from segue.heads.gaussian import Gaussian
from segue.heads.protocol import Distribution

_PATHS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)  # equally likely futures that long horizons continue from
_FINE = tuple(round(0.01 + 0.02 * i, 2) for i in range(50))  # equally likely values within one future
_SAMPLES = 100  # futures that the classic draws


@runtime_checkable
class PatchModel(Protocol):
    """What is needed of a model of the next patch; see `segue.forecasting.nanotst.model.NanoTST` for the meaning."""

    @property
    def context(self) -> int: ...  # noqa: D102
    @property
    def patch(self) -> int: ...  # noqa: D102
    @property
    def span(self) -> int: ...  # noqa: D102
    def scales(self, patches: Tensor, observed: Tensor) -> Scales: ...  # noqa: D102
    def restore(self, normal: Tensor, scales: Scales) -> Tensor: ...  # noqa: D102
    def __call__(  # noqa: D102
        self, patches: Tensor, observed: Tensor, scales: Scales | None = None, since: int = 0
    ) -> tuple[Distribution, Scales]: ...


def predict_by_masks(
    model: PatchModel, values: Float64[Tensor, "lanes time"], observed: Bool[Tensor, "lanes time"], horizon: int
) -> Float64[Tensor, "lanes horizon levels"]:
    """One pass over the context and patches that are not observed: the contiguous-patch masks of training.

    A horizon beyond the `span` patches of one pass continues from nine equally likely futures, the deciles so far, and
    gathers what follows each of them: 9 x 50 values per step, whose quantiles are the forecast. Continuing from the
    median alone would make the far future look as sure as the near one.
    """
    block = model.span * model.patch
    quantiles = _one_pass(model, values, observed, min(horizon, block))
    while quantiles.shape[1] < horizon:
        steps = min(horizon - quantiles.shape[1], block)
        paths = Forecast(quantiles).at(_PATHS).transpose(1, 2)  # (lanes, paths, steps so far)
        history = values[:, None].expand(-1, len(_PATHS), -1)
        seen = observed[:, None].expand_as(history)
        longer = torch.cat([history, paths], dim=2).flatten(0, 1)[:, -model.context :]
        known = torch.cat([seen, torch.ones_like(paths, dtype=torch.bool)], dim=2).flatten(0, 1)[:, -model.context :]
        after = Forecast(_one_pass(model, longer, known, steps)).at(_FINE)
        pooled = after.unflatten(0, (-1, len(_PATHS))).permute(0, 2, 1, 3).flatten(2)  # (lanes, steps, paths * fine)
        levels = torch.tensor(LEVELS, dtype=pooled.dtype, device=pooled.device)
        quantiles = torch.cat([quantiles, pooled.quantile(levels, dim=-1).permute(1, 2, 0)], dim=1)
    return quantiles


def _one_pass(
    model: PatchModel, values: Float64[Tensor, "lanes time"], observed: Bool[Tensor, "lanes time"], horizon: int
) -> Float64[Tensor, "lanes horizon levels"]:
    patches, seen = to_patches(values, observed, model.patch)
    last = patches.shape[1] - 1
    unknown = -(-horizon // model.patch) - 1  # the last patch of the context already predicts one
    distribution, scales = model(append_unknown(patches, unknown), append_unknown(seen, unknown), since=last)
    steps: Tensor = model.restore(distribution.quantiles(LEVELS), scales).flatten(1, 2)
    return steps[:, :horizon]


def predict_by_sampling(
    model: PatchModel, values: Float64[Tensor, "lanes time"], observed: Bool[Tensor, "lanes time"], horizon: int
) -> Float64[Tensor, "lanes horizon levels"]:
    """Draws futures patch by patch, each fed back as if observed, every window under a scale of its own.

    Every lane uses the same standard normal draws, so that it does not matter which lanes it is forecast with.
    """
    patches, seen = to_patches(values, observed, model.patch)
    patches, seen = patches.repeat_interleave(_SAMPLES, 0), seen.repeat_interleave(_SAMPLES, 0)
    window, steps = model.context // model.patch, -(-horizon // model.patch)
    generator = torch.Generator(values.device).manual_seed(0)
    noise = torch.randn(steps, _SAMPLES, model.patch, generator=generator, dtype=torch.float64, device=values.device)
    for step in range(steps):
        recent, known = patches[:, -window:], seen[:, -window:]
        distribution, scales = model(recent, known, since=recent.shape[1] - 1)
        assert isinstance(distribution, Gaussian)
        drawn = distribution.mean[:, -1] + distribution.std[:, -1] * noise[step].repeat(len(values), 1)
        patches = torch.cat([patches, model.restore(drawn[:, None], scales)], dim=1)
        seen = torch.cat([seen, torch.ones_like(drawn[:, None], dtype=torch.bool)], dim=1)
    futures: Tensor = patches[:, -steps:].flatten(1)[:, :horizon].unflatten(0, (-1, _SAMPLES))
    levels = torch.tensor(LEVELS, dtype=futures.dtype, device=futures.device)
    return futures.quantile(levels, dim=1).permute(1, 2, 0)  # over (lanes, samples, horizon)
