"""The series of an explanation: its past, and its known columns beside their usual values."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float64

from segue.forecasting.answers.holidays import HOLIDAY, HOLIDAYS
from segue.forecasting.answers.lane_fit import season_of
from segue.forecasting.answers.reason import in_digits
from segue.forecasting.answers.regressed import Held, Regressed
from segue.forecasting.answers.usual import usual_columns
from segue.forecasting.predictor import History, Known, Predictor
from segue.forecasting.table.grid.known import KnownColumns
from segue.forecasting.table.grid.panel import Panel


@dataclass(frozen=True, eq=False)
class ExplainedLane:
    """One series as a predictor reads it.

    Attributes:
        predictor: The predictor; its regressions on known columns are fixed, so that they are the same for any past.
        history: The lane, up to its last value.
        ahead: The steps from there to the horizon.
        past: Its values, NaN where missing.
        without_columns: The values as they would be if the columns had been usual.
        usual: The usual values of the columns; None without columns.
    """

    predictor: Predictor
    history: History
    ahead: int
    past: Float64[np.ndarray, " time"]
    without_columns: Float64[np.ndarray, " time"]
    usual: Float64[np.ndarray, "time_and_ahead columns"] | None = None


def explained_lane(predictor: Predictor, panel: Panel, horizon: int, longest: int) -> ExplainedLane:
    """Reads the only series of a panel as `segue.forecasting.predictor.forecast_panel` does.

    Args:
        predictor: Any predictor.
        panel: One series; it has a value.
        horizon: Steps ahead.
        longest: The most steps of the past that are read.
    """
    ends = panel.ends
    gap = int(panel.lengths[0] - ends[0])  # rows at the end without a value are forecast, too
    values, observed = panel.lanes([0], max(1, min(predictor.context, longest) - gap), ends)
    past = np.where(observed[0], values[0], np.nan)
    history, ahead = History(values, observed, panel.seasons), horizon + gap
    found = panel.known_lanes([0], len(past), ahead, ends)
    if panel.known is None or found is None or not isinstance(predictor, Regressed):
        return ExplainedLane(predictor, history, ahead, past, past)
    history = replace(history, known=Known(*found))
    known, (fit,) = found[0][0], predictor.fits(history, ahead)
    usual = usual_columns(known, len(past), panel.known.sources, season_of(panel.seasons[0], observed[0]))
    unusual = 0.0 if fit is None else (fit.effects.of(known) - fit.effects.of(usual))[: len(past)]
    return ExplainedLane(Held(predictor.inner, fit), history, ahead, past, past - unusual, usual)


def in_words(
    columns: KnownColumns, ahead: Float64[np.ndarray, "steps columns"], usual: Float64[np.ndarray, "steps columns"]
) -> dict[str, tuple[str, ...]]:
    """Describes what is unusual of each source at each step: names of holidays and levels, or numbers.

    Args:
        columns: The columns.
        ahead: Their numbers at some steps.
        usual: The usual numbers there.
    """
    pairs = list(zip(columns.names, columns.sources, strict=True))
    result = {}
    for source in dict.fromkeys(columns.sources):
        own = [
            (index, name)
            for index, (name, belongs) in enumerate(pairs)
            if belongs == source and (name, belongs) != (HOLIDAY, HOLIDAYS)  # it only repeats the names of holidays
        ]
        result[source] = tuple(
            " and ".join(
                _word(name, source, now[index], before[index]) for index, name in own if now[index] != before[index]
            )
            for now, before in zip(ahead, usual, strict=True)
        )
    return result


def _word(name: str, source: str, now: float, usual: float) -> str:
    if source == HOLIDAYS or name != source:
        level = name.removeprefix(f"{source}=")
        return level if now > usual else f"not {level}"
    return f"{in_digits(now)} where {in_digits(usual)} is usual"
