"""An exact split of a median: what each part of the past adds to the forecast of the parts before it."""

import numpy as np
from jaxtyping import Bool, Float64, Int64

from segue.forecasting.answers.components import Components
from segue.forecasting.answers.raw import without_support
from segue.forecasting.predictor import Predictor, predict_lanes

_STRETCHES = 12
"""The last stretches of the past that are told apart; all before them are one. More would be too many to read."""


def stretches(time: int, width: int) -> Int64[np.ndarray, " stretches_and_1"]:
    """Returns where stretches begin, and the end: the last 12 of this width, and all before them."""
    count = min(_STRETCHES, (time - 1) // width)
    ends = time - width * np.arange(count, -1, -1)
    return np.concatenate([[0], ends]) if ends[0] > 0 else ends


def attribute(
    predictor: Predictor,
    parts: Components,
    observed: Bool[np.ndarray, " time"],
    seasons: Float64[np.ndarray, " periods"],
    bounds: Int64[np.ndarray, " stretches_and_1"],
    horizon: int,
) -> tuple[dict[str, Float64[np.ndarray, " steps"]], Float64[np.ndarray, "stretches steps"]]:
    """Forecasts pasts that have more and more of the parts; the differences are what each part adds.

    First comes a past of the level alone, then the cycles are added, then slow changes, then the rest, stretch by
    stretch. What a stretch adds is the mean of its additions from the first to the last and from the last to the
    first, so it does not depend on the side from which one counts. All differences add up to the whole forecast.

    Returns:
        What the level, each cycle and the trend add; and what the rest of each stretch adds.
    """
    names, past = ["level"], [np.full(len(observed), parts.level)]
    for period, shape in parts.cycles.items():
        names.append(f"cycle-{period}")
        past.append(past[-1] + shape)
    names.append("trend")
    past.append(past[-1] + parts.slow)
    rest = np.where(observed, parts.rest, 0.0)
    base, count = past[-1], len(bounds) - 1
    index = np.searchsorted(bounds, np.arange(len(observed)), side="right") - 1
    old = [base + np.where(index < number, rest, 0.0) for number in range(1, count + 1)]
    new = [base + np.where(index >= number, rest, 0.0) for number in range(count - 1, 0, -1)]
    lanes = np.stack([*past, *old, *new])
    median = predict_lanes(
        without_support(predictor),
        lanes,
        np.tile(observed, (len(lanes), 1)),
        np.tile(seasons, (len(lanes), 1)),
        horizon,
    ).median
    level, base_forecast = median[0], median[len(past) - 1]
    added = dict(zip(names, [level, *np.diff(median[: len(past)], axis=0)], strict=True))
    grown = median[len(past) : len(past) + count]
    forward = np.diff(np.concatenate([base_forecast[None], grown]), axis=0)
    shrunk = np.concatenate([base_forecast[None], median[len(past) + count :], grown[-1:]])
    return added, (forward + np.diff(shrunk, axis=0)[::-1]) / 2
