"""An exact split of a median: what each part of the past adds to the forecast of the parts before it.

Known columns are part of the past and of the future. As long as a step is not told, its columns are usual.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float64, Int64
from numpy.typing import NDArray

from segue.forecasting.answers.components import Components
from segue.forecasting.answers.raw import without_support
from segue.forecasting.answers.reason import CYCLE
from segue.forecasting.predictor import History, Known, Predictor, predict_lanes

_STRETCHES = 12
"""The last stretches of the past that are told apart; all before them are one. More would be too many to read."""


def stretches(time: int, width: int) -> Int64[np.ndarray, " stretches_and_1"]:
    """Returns where stretches begin, and the end: the last 12 of this width, and all before them."""
    count = min(_STRETCHES, (time - 1) // width)
    ends = time - width * np.arange(count, -1, -1)
    return np.concatenate([[0], ends]) if ends[0] > 0 else ends


def attribute_past(
    predictor: Predictor,
    parts: Components,
    history: History,
    usual: Float64[np.ndarray, "time_and_ahead columns"] | None,
    bounds: Int64[np.ndarray, " stretches_and_1"],
    horizon: int,
) -> tuple[dict[str, Float64[np.ndarray, " steps"]], Float64[np.ndarray, "stretches steps"]]:
    """Forecasts pasts that have more and more of the parts; the differences are what each part adds.

    First comes a past of the level alone, then the cycles are added, then slow changes, then the rest, stretch by
    stretch. What a stretch adds is the mean of its additions from the first to the last and from the last to the
    first, so it does not depend on the side from which one counts. All differences add up to the whole forecast.

    Args:
        predictor: Any predictor.
        parts: Those of the past; they add up to its values.
        history: One lane.
        usual: Its known columns, if there are any, as they usually are. A stretch comes with its own columns. Those of
            the future stay usual here.
        bounds: See `stretches`.
        horizon: Steps ahead.

    Returns:
        What the level, each cycle and the trend add; and what the rest of each stretch adds.
    """
    observed = history.observed[0]
    names, past = ["level"], [np.full(len(observed), parts.level)]
    for period, shape in parts.cycles.items():
        names.append(f"{CYCLE}{period}")
        past.append(past[-1] + shape)
    names.append("trend")
    past.append(past[-1] + parts.slow)
    rest = np.where(observed, parts.rest, 0.0)
    count, stages = len(bounds) - 1, len(past)
    index = np.searchsorted(bounds, np.arange(len(observed)), side="right") - 1
    told = [np.zeros(len(observed), dtype=bool)] * stages
    told += [index < number for number in range(1, count + 1)]
    told += [index >= number for number in range(count - 1, 0, -1)]
    lanes = np.stack([*past, *(past[-1] + np.where(own, rest, 0.0) for own in told[stages:])])
    median = _medians(predictor, history, lanes, _told(history.known, usual, np.stack(told)), horizon)
    added = dict(zip(names, [median[0], *np.diff(median[:stages], axis=0)], strict=True))
    base, grown, shrunk = median[stages - 1], median[stages : stages + count], median[stages + count :]
    return added, _both_ways(base, grown, shrunk)


def attribute_columns(
    predictor: Predictor,
    history: History,
    usual: Float64[np.ndarray, "time_and_ahead columns"],
    sources: Sequence[str],
    horizon: int,
) -> dict[str, Float64[np.ndarray, " steps"]]:
    """Forecasts futures in which more and more of the known columns are as they will be, and the others as usual.

    What a source adds is the mean of its additions in the order of the sources and in the opposite order.

    Args:
        predictor: Any predictor.
        history: One lane with known columns.
        usual: The columns as they usually are.
        sources: What each column belongs to.
        horizon: Steps ahead.

    Raises:
        ValueError: The history has no known columns.
    """
    if history.known is None:
        raise ValueError("the history has no known columns")
    names, time = [*dict.fromkeys(sources)], history.values.shape[1]
    count, place = len(names), np.array([[*dict.fromkeys(sources)].index(source) for source in sources])
    told = [place < number for number in range(count + 1)] + [place >= number for number in range(count - 1, 0, -1)]
    known = np.tile(history.known.values, (len(told), 1, 1))
    known[:, time:] = np.where(np.stack(told)[:, None], known[:, time:], usual[time:])
    lanes = np.tile(history.values, (len(told), 1))
    median = _medians(predictor, history, lanes, known, horizon)
    return dict(zip(names, _both_ways(median[0], median[1 : count + 1], median[count + 1 :]), strict=True))


def _medians(
    predictor: Predictor,
    history: History,
    lanes: Float64[np.ndarray, "lanes time"],
    known: Float64[np.ndarray, "lanes time_and_ahead columns"] | None,
    horizon: int,
) -> Float64[np.ndarray, "lanes steps"]:
    """The medians of other values and columns in the place of those of a lane."""

    def repeated(array: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.repeat(array, len(lanes), axis=0)

    observed: Bool[np.ndarray, "lanes time"] = np.repeat(history.observed, len(lanes), axis=0)
    beside = None if known is None or history.known is None else Known(known, repeated(history.known.weights))
    raw = without_support(predictor)
    return predict_lanes(raw, lanes, observed, repeated(history.seasons), horizon, beside).median


def _told(
    known: Known | None, usual: Float64[np.ndarray, "time_and_ahead columns"] | None, told: NDArray[np.bool_]
) -> Float64[np.ndarray, "lanes time_and_ahead columns"] | None:
    """The columns of each lane: its own at the steps that are told, and usual ones at all others."""
    if known is None or usual is None:
        return None
    result = np.tile(usual, (len(told), 1, 1))
    result[:, : told.shape[1]] = np.where(told[..., None], known.values[:, : told.shape[1]], result[:, : told.shape[1]])
    return result


def _both_ways(
    base: Float64[np.ndarray, " steps"],
    grown: Float64[np.ndarray, "parts steps"],
    shrunk: Float64[np.ndarray, "parts_less_1 steps"],
) -> Float64[np.ndarray, "parts steps"]:
    """What each part adds: the mean of two orders, the first part first (`grown`) and the last one first (`shrunk`)."""
    forward = np.diff(np.concatenate([base[None], grown]), axis=0)
    backward = np.diff(np.concatenate([base[None], shrunk, grown[-1:]]), axis=0)[::-1]
    return (forward + backward) / 2
