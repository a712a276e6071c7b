"""Linear autoregression: each value is a weighted sum of the values before it."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64

from segue.errors import UserError
from segue.forecasting.baselines.burg import ROUNDING, burg
from segue.forecasting.baselines.gaussian import gaussian_forecast
from segue.forecasting.predictor import Forecast, History


@dataclass
class Autoregression:
    """An autoregression fitted to each lane by Burg's method, with Gaussian quantiles.

    The quantiles take the fitted weights as true, as is usual, so they are too narrow on short lanes. A constant lane
    and a lane of one value have quantiles of zero width.

    Attributes:
        order: The number of past values in the sum, around the mean of the lane. With None, the corrected Akaike
            criterion (Hurvich & Tsai 1989) chooses the order for each lane. It also chooses whether the sum is over the
            values or, for a lane that drifts, over their differences.
        largest: The largest order that is chosen.
        context: The number of last values that it reads.
        name: The column name of the point forecast.

    Raises:
        UserError: `order` is below 0.
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
        """The settings, since two predictors of this class differ in nothing else."""
        return repr(self)

    def predict(self, history: History, horizon: int) -> Forecast:
        """Forecasts the `horizon` values after the last column; see `segue.forecasting.predictor.Predictor`."""
        values, observed = history.values, history.observed
        fit = fit_orders(values, observed, self.order, self.largest)
        point, response = continued(fit, values, observed, horizon)
        error = fit.std
        if self.order is None:
            changed = np.zeros_like(observed)
            changed[:, 1:] = observed[:, 1:] & observed[:, :-1]
            change = np.where(changed, np.diff(values, axis=1, prepend=values[:, :1]), 0.0)
            drift = fit_orders(change, changed, None, self.largest)
            drifts = drift.criterion < fit.criterion
            changes, answers = continued(drift, change, changed, horizon)
            point = np.where(drifts, values[:, -1:] + changes.cumsum(1), point)
            response = np.where(drifts, answers.cumsum(1), response)
            error = np.where(drifts, drift.std, error)
        return gaussian_forecast(point, error * np.sqrt(np.cumsum(response**2, axis=1)))


class Fit(NamedTuple):
    """y[t] - mean = sum of weights[i] * (y[t - 1 - i] - mean) + an error of standard deviation `std`, per lane."""

    mean: Float64[np.ndarray, "lanes 1"]
    weights: Float64[np.ndarray, "lanes largest"]
    std: Float64[np.ndarray, "lanes 1"]
    criterion: Float64[np.ndarray, "lanes 1"]


def fit_orders(
    values: Float64[np.ndarray, "lanes time"],
    observed: Bool[np.ndarray, "lanes time"],
    order: int | None,
    largest: int,
) -> Fit:
    """The autoregression of the given order, or of the order of least criterion for each lane."""
    count = np.maximum(observed.sum(1, keepdims=True), 1)
    last = values[:, -1:]  # it is subtracted before any sum, so that a large level costs no digits
    offset = np.where(observed, values - last, 0.0).sum(1, keepdims=True) / count
    centred = np.where(observed, values - last - offset, 0.0)
    scale = np.sqrt((centred**2).sum(1, keepdims=True) / count)
    unit = centred / np.where(scale > 0, scale, 1.0)
    largest = min(largest if order is None else order, values.shape[1] - 1)
    best, std = np.zeros((len(values), largest)), np.zeros_like(scale)
    least = np.full_like(scale, np.inf)
    for weights, variance in burg(unit, observed, largest):
        p = weights.shape[1]
        spare = count - p - 2
        # below rounding all orders are equally good, so the lowest is chosen
        penalty = np.where(spare > 0, (count + p) / np.where(spare > 0, spare, 1), np.inf)
        criterion = np.log(np.maximum(variance, ROUNDING)) + penalty
        better = criterion < least if order is None and p > 0 else np.ones_like(least, dtype=bool)
        least = np.where(better, criterion, least)
        best[:, :p] = np.where(better, weights, best[:, :p])  # beyond lie zeros: orders ascend
        std = np.where(better, np.sqrt(variance * count / np.maximum(count - p - 1, 1)), std)
    with np.errstate(divide="ignore", invalid="ignore"):  # a constant lane gives log 0, and NaN if it is also short
        return Fit(last + offset, best, std * scale, least + 2 * np.log(scale))


def continued(
    fit: Fit, values: Float64[np.ndarray, "lanes time"], observed: Bool[np.ndarray, "lanes time"], steps: int
) -> tuple[Float64[np.ndarray, "lanes steps"], Float64[np.ndarray, "lanes steps"]]:
    """The expected values of the next steps, and their response to a unit error in the first step (the psi weights).

    The variance of the error n steps ahead is that of one step times the sum of the first n squared psi weights
    (Brockwell & Davis, 3.3.19).
    """
    return expected(fit, values, observed, steps), responses(fit.weights, steps)


def expected(
    fit: Fit, values: Float64[np.ndarray, "lanes time"], observed: Bool[np.ndarray, "lanes time"], steps: int
) -> Float64[np.ndarray, "lanes steps"]:
    """The expected values of the next steps. A gap is filled with the values that are expected from those before it."""
    (lanes, time), largest = values.shape, fit.weights.shape[1]
    gaps = np.flatnonzero((~observed & np.logical_or.accumulate(observed, axis=1)).any(0))
    start = int(gaps[0]) if len(gaps) else time
    path = np.zeros((lanes, largest + time + steps))
    path[:, largest : largest + time] = np.where(observed, values - fit.mean, 0.0)
    weights = fit.weights[:, ::-1].copy()
    for t in range(start, time + steps):
        next_one = np.einsum("lp,lp->l", path[:, t : t + largest], weights)
        path[:, t + largest] = np.where(observed[:, t], path[:, t + largest], next_one) if t < time else next_one
    return fit.mean + path[:, largest + time :]


def responses(weights: Float64[np.ndarray, "lanes largest"], steps: int) -> Float64[np.ndarray, "lanes steps"]:
    """Returns the response of each step to a unit error in the first one: the psi weights (Brockwell & Davis, 3.3.6).

    Args:
        weights: The weights of the last values, that of the latest value first.
        steps: The number of steps.
    """
    lanes, largest = weights.shape
    latest_last = weights[:, ::-1].copy()
    response = np.zeros((lanes, largest + steps))
    response[:, largest] = 1.0
    for t in range(1, steps):
        response[:, t + largest] = np.einsum("lp,lp->l", response[:, t : t + largest], latest_last)
    return response[:, largest:]
