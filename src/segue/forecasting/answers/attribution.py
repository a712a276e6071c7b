"""An exact split of a median: what each part of the past adds to the forecast of the parts before it.

Known columns are part of the past and of the future. A step that is left out has the usual values of its columns.
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
"""The number of last stretches that are shown one by one; everything before them is one. More would be hard to read."""


def stretches(time: int, width: int) -> Int64[np.ndarray, " stretches_and_1"]:
    """Returns where stretches begin, and the end: the last 12 of this width, and one for everything before them."""
    count = min(_STRETCHES, (time - 1) // width)
    return np.concatenate([[0], time - width * np.arange(count, -1, -1)])


def attribute_past(
    predictor: Predictor,
    parts: Components,
    history: History,
    usual: Float64[np.ndarray, "time_and_ahead columns"] | None,
    bounds: Int64[np.ndarray, " stretches_and_1"],
    horizon: int,
) -> tuple[dict[str, Float64[np.ndarray, " steps"]], Float64[np.ndarray, "stretches steps"]]:
    """Forecasts pasts with more and more of the parts; the contribution of a part is the difference that it makes.

    First comes a past of the level alone, then the cycles are added, then slow changes, then the rest, stretch by
    stretch. The contribution of a stretch is a mean over two orders, from the first to the last and from the last to
    the first, so neither direction is preferred. All contributions add up to the whole forecast.

    Args:
        predictor: Any predictor.
        parts: Those of the past; they add up to its values.
        history: One lane.
        usual: The usual values of its known columns, if it has any. A stretch comes with its own columns. The columns
            of the future keep their usual values here.
        bounds: See `stretches`.
        horizon: Steps ahead.

    Returns:
        The contributions of the level, each cycle and the trend; and those of the rest of each stretch.
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
    shown = [np.zeros(len(observed), dtype=bool)] * stages
    shown += [index < number for number in range(1, count + 1)]
    shown += [index >= number for number in range(count - 1, 0, -1)]
    lanes = np.stack([*past, *(past[-1] + np.where(own, rest, 0.0) for own in shown[stages:])])
    median = _medians(predictor, history, lanes, _own_or_usual(history.known, usual, np.stack(shown)), horizon)
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
    """Forecasts futures in which more and more of the known columns have their own values instead of usual ones.

    The contribution of a source is a mean over two orders: that of the sources, and its reverse.

    Args:
        predictor: Any predictor.
        history: One lane with known columns.
        usual: The usual values of the columns.
        sources: The source of each column: a covariate, or all holidays.
        horizon: Steps ahead.

    Raises:
        ValueError: The history has no known columns.
    """
    if history.known is None:
        raise ValueError("the history has no known columns")
    names, time = [*dict.fromkeys(sources)], history.values.shape[1]
    count, owner = len(names), np.array([names.index(source) for source in sources])
    shown = [owner < number for number in range(count + 1)] + [owner >= number for number in range(count - 1, 0, -1)]
    known = np.tile(history.known.values, (len(shown), 1, 1))
    known[:, time:] = np.where(np.stack(shown)[:, None], known[:, time:], usual[time:])
    lanes = np.tile(history.values, (len(shown), 1))
    median = _medians(predictor, history, lanes, known, horizon)
    return dict(zip(names, _both_ways(median[0], median[1 : count + 1], median[count + 1 :]), strict=True))


def _medians(
    predictor: Predictor,
    history: History,
    lanes: Float64[np.ndarray, "lanes time"],
    known: Float64[np.ndarray, "lanes time_and_ahead columns"] | None,
    horizon: int,
) -> Float64[np.ndarray, "lanes steps"]:
    """The medians of a lane whose values and columns are replaced by others."""

    def repeated(array: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.repeat(array, len(lanes), axis=0)

    observed: Bool[np.ndarray, "lanes time"] = np.repeat(history.observed, len(lanes), axis=0)
    beside = None if known is None or history.known is None else Known(known, repeated(history.known.weights))
    raw = without_support(predictor)
    return predict_lanes(raw, lanes, observed, repeated(history.seasons), horizon, beside).median


def _own_or_usual(
    known: Known | None, usual: Float64[np.ndarray, "time_and_ahead columns"] | None, shown: NDArray[np.bool_]
) -> Float64[np.ndarray, "lanes time_and_ahead columns"] | None:
    """The columns of each lane: its own at the steps that are shown, and usual ones at all others."""
    if known is None or usual is None:
        return None
    result = np.tile(usual, (len(shown), 1, 1))
    result[:, : shown.shape[1]] = np.where(
        shown[..., None], known.values[:, : shown.shape[1]], result[:, : shown.shape[1]]
    )
    return result


def _both_ways(
    base: Float64[np.ndarray, " steps"],
    grown: Float64[np.ndarray, "parts steps"],
    shrunk: Float64[np.ndarray, "parts_less_1 steps"],
) -> Float64[np.ndarray, "parts steps"]:
    """The contribution of each part: a mean over two orders, first part first (`grown`) or last (`shrunk`)."""
    forward = np.diff(np.concatenate([base[None], grown]), axis=0)
    backward = np.diff(np.concatenate([base[None], shrunk, grown[-1:]]), axis=0)[::-1]
    return (forward + backward) / 2
