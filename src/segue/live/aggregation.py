"""Bernstein online aggregation: weights of experts, learnt from how much better than the mixture each expert was.

Wintenberger (2017), Optimal learning with Bernstein online aggregation, Machine Learning 106: the procedure with
several learning rates that tune themselves. Berrisch & Ziel (2021), CRPS learning, Journal of Econometrics 237, use it
for distributions. For convex losses, such as the quantile loss, the excess is computed from the slope of the loss at
the forecast that was given. Then the regret to the best fixed weighted mean is at most of the order of sqrt(V log(1 /
prior)), apart from a factor log log of the number of rounds. V is the sum of squared excesses.

Losses may come late, and are added in the order in which they come. The regret then grows with the delay only (Joulani,
Gyorgy & Szepesvari 2013, Online learning under delayed feedback).
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Float64


class Regrets(NamedTuple):
    """The record of each expert; all zeros before the first round.

    Attributes:
        gain: Half the sum of excesses of the mixture's loss over that of the expert, less their squares times the rate.
        square: The sum of squared excesses.
        most: The largest absolute excess.
    """

    gain: Float[np.ndarray, "*groups experts"]
    square: Float[np.ndarray, "*groups experts"]
    most: Float[np.ndarray, "*groups experts"]


def mixture(regrets: Regrets, prior: Float64[np.ndarray, " experts"]) -> Float64[np.ndarray, "*groups experts"]:
    """Returns the weights of the experts for the next round; they are not negative, and their sum is 1.

    Where no expert has differed yet, the first one has all weight.
    """
    rate, judged = _rates(regrets, prior)
    # an expert that never differed from the mixture gets the largest rate of the others
    largest = np.where(judged, rate, 0.0).max(axis=-1, keepdims=True)
    rate = np.where(judged, rate, largest)
    with np.errstate(divide="ignore"):
        score = np.log(prior) + np.log(rate) + np.where(judged, rate * regrets.gain, 0.0)
    some = judged.any(axis=-1, keepdims=True)
    score = np.where(some, score, 0.0)
    raised = np.exp(score - score.max(axis=-1, keepdims=True))
    first = np.eye(len(prior))[0]
    return np.asarray(np.where(some, raised / raised.sum(axis=-1, keepdims=True), first))


def play(regrets: Regrets, prior: Float64[np.ndarray, " experts"], excess: Float64[np.ndarray, "*groups e"]) -> Regrets:
    """Adds one round.

    Args:
        regrets: The record before the round.
        prior: The weight of each expert at the beginning, in (0, 1).
        excess: The loss of the mixture less that of each expert, from the slope of the loss at the given forecast.

    Returns:
        The record after the round. An excess of zero changes nothing.
    """
    square, most = regrets.square + excess**2, np.maximum(regrets.most, np.abs(excess))
    now = Regrets(np.asarray(regrets.gain, dtype=np.float64), square, most)
    rate, _ = _rates(now, prior)
    return now._replace(gain=regrets.gain + 0.5 * (excess - rate * excess**2))


def _rates(
    regrets: Regrets, prior: Float64[np.ndarray, " experts"]
) -> tuple[Float64[np.ndarray, "*groups experts"], np.ndarray]:
    """The learning rate of each expert, and whether it has ever differed from the mixture; the rate is 1 elsewhere."""
    judged = (regrets.most > 0) & (regrets.square > 0)
    square, most = (np.where(judged, array, 1.0) for array in (regrets.square, regrets.most))
    rate = np.minimum(0.5 / most, np.sqrt(-np.log(prior) / square))
    return np.where(judged, rate, 1.0), judged
