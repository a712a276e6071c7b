"""Linear autoregression: each value a weighted sum of those before it, the classical baseline of every learnt one."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float64
from torch import Tensor
from torch.nn import functional

from segue.errors import UserError
from segue.forecasting.baselines.burg import ROUNDING, burg
from segue.forecasting.predictor import LEVELS, Forecast


@dataclass
class Autoregression:
    """Autoregression fitted to each lane by Burg's method, with Gaussian quantiles.

    The quantiles take the fitted weights as true, as is usual: on short lanes they are too narrow. A constant lane and
    a lane of one value have zero width.

    Attributes:
        order: How many past values enter the sum, around the mean of the lane. `None` chooses for each lane, by the
            corrected Akaike criterion (Hurvich & Tsai 1989), the order and whether the sum is over the values or, for
            a lane that drifts, over their differences.
        largest: The bound of a chosen order.
        context: How many of the last values are looked at.
        name: The column name of the point forecast.
    """

    order: int | None = None
    largest: int = 64
    context: int = 8192
    name: str = "AR"

    def __post_init__(self) -> None:
        if self.order is not None and self.order < 0:
            raise UserError("order", self.order, "give a whole number of at least 0, or None")

    @property
    def fingerprint(self) -> str:
        """The settings, which are all there is to tell two of them apart."""
        return repr(self)

    def predict(
        self, values: Float64[Tensor, "lanes time"], observed: Bool[Tensor, "lanes time"], horizon: int
    ) -> Forecast:
        """Forecasts the `horizon` values after the last column, as `segue.forecasting.predictor.Predictor` says."""
        values, observed, age = _align(values[:, -self.context :], observed[:, -self.context :])
        steps = horizon + int(age.max())
        fit = _fit(values, observed, self.order, self.largest)
        point, response = _continue(fit, values, observed, steps)
        error = fit.std
        if self.order is None:
            changed = functional.pad(observed[:, 1:] & observed[:, :-1], (1, 0))
            change = functional.pad(values.diff(dim=1), (1, 0)).masked_fill(~changed, 0)
            drift = _fit(change, changed, None, self.largest)
            drifts = drift.criterion < fit.criterion
            changes, answers = _continue(drift, change, changed, steps)
            point = torch.where(drifts, values[:, -1:] + changes.cumsum(dim=1), point)
            response = torch.where(drifts, answers.cumsum(dim=1), response)
            error = torch.where(drifts, drift.std, error)
        std = error * response.square().cumsum(dim=1).sqrt()
        ahead = age + torch.arange(horizon, device=values.device)
        standard = torch.special.ndtri(torch.tensor(LEVELS, dtype=torch.float64, device=values.device))
        quantiles = point.gather(1, ahead)[..., None] + std.gather(1, ahead)[..., None] * standard
        return Forecast(quantiles.masked_fill(~observed.any(dim=1)[:, None, None], torch.nan))


class _Fit(NamedTuple):
    """y[t] - mean = sum of weights[i] * (y[t - 1 - i] - mean) + an error of standard deviation `std`, per lane."""

    mean: Tensor
    weights: Tensor
    std: Tensor
    criterion: Tensor


def _align(values: Tensor, observed: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Moves every lane right until its last column is observed; also tells by how many steps, (lanes, 1)."""
    age = observed.flip(1).int().argmax(dim=1, keepdim=True)
    source = torch.arange(values.shape[1], device=values.device) - age
    observed = observed.gather(1, source.clamp_min(0)) & (source >= 0)
    return values.gather(1, source.clamp_min(0)).masked_fill(~observed, 0), observed, age


def _fit(values: Tensor, observed: Tensor, order: int | None, largest: int) -> _Fit:
    """The autoregression of the given order, or of the order of least criterion for each lane."""
    count = observed.sum(dim=1, keepdim=True).clamp_min(1)
    last = values[:, -1:]  # taken off before anything is summed: a large level costs no digits
    offset = (values - last).masked_fill(~observed, 0).sum(dim=1, keepdim=True) / count
    centred = (values - last - offset).masked_fill(~observed, 0)
    scale = (centred.square().sum(dim=1, keepdim=True) / count).sqrt()
    unit = centred / torch.where(scale > 0, scale, 1)
    largest = min(largest if order is None else order, values.shape[1] - 1)
    best, std = values.new_zeros(len(values), largest), torch.zeros_like(scale)
    least = torch.full_like(scale, torch.inf)
    for weights, variance in burg(unit, observed, largest):
        p = weights.shape[1]
        spare = count - p - 2
        # below rounding all orders are equally good, and the lowest wins
        criterion = variance.clamp_min(ROUNDING).log() + torch.where(spare > 0, (count + p) / spare, torch.inf)
        better = criterion < least if order is None and p > 0 else torch.ones_like(count, dtype=torch.bool)
        least = torch.where(better, criterion, least)
        best = torch.where(better, functional.pad(weights, (0, largest - p)), best)
        std = torch.where(better, (variance * count / (count - p - 1).clamp_min(1)).sqrt(), std)
    return _Fit(last + offset, best, std * scale, least + 2 * scale.log())


def _continue(fit: _Fit, values: Tensor, observed: Tensor, steps: int) -> tuple[Tensor, Tensor]:
    """The expected values of the next steps, and how they answer to a unit error in the first (the psi weights).

    A gap is filled on the way: a missing value is what the values before it lead to expect. The variance of the error
    n steps ahead is that of one step times the sum of the first n squared psi weights (Brockwell & Davis, 3.3.19).
    """
    (lanes, time), largest = values.shape, fit.weights.shape[1]
    gaps = (~observed & (observed.cumsum(dim=1) > 0)).any(dim=0).nonzero()
    start = int(gaps[0]) if len(gaps) else time
    path = functional.pad((values - fit.mean).masked_fill(~observed, 0), (largest, steps))
    known = functional.pad(observed, (0, steps))
    weights = fit.weights.flip(1)
    for t in range(start, time + steps):
        expected = (path[:, t : t + largest] * weights).sum(dim=1)
        path[:, t + largest] = torch.where(known[:, t], path[:, t + largest], expected)
    response = values.new_zeros(lanes, largest + steps)
    response[:, largest] = 1
    for t in range(1, steps):
        response[:, t + largest] = (response[:, t : t + largest] * weights).sum(dim=1)
    return fit.mean + path[:, largest + time :], response[:, largest:]
