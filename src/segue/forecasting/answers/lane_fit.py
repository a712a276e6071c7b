"""The regressions on known columns of a lane, and their forecast together with another predictor."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64

from segue.forecasting.answers.effects import Effects, fit_effects
from segue.forecasting.answers.phases import Phases, fit_phases
from segue.forecasting.predictor import LEVELS, Forecast, History, Predictor

_SEASON = 12  # the fewest steps of a season whose phases have their own regressions, as the hours of a day do
_AHEAD = 7  # seasons ahead that they forecast; later ones would depend on forecasts only


@dataclass(frozen=True, eq=False)
class LaneFit:
    """The fitted regressions of a lane on its known columns.

    Attributes:
        effects: The effects of the columns on its values.
        phases: The regressions for each phase of its season. None where the season has few steps, the horizon has many
            seasons, or the past does not suffice; see `fit_phases`.
    """

    effects: Effects
    phases: Phases | None


def fit_lane(history: History, lane: int, horizon: int) -> LaneFit:
    """Fits the regressions of a lane.

    Args:
        history: With known columns.
        lane: The index of the lane.
        horizon: Steps ahead.

    Raises:
        ValueError: The history has no known columns.
    """
    known = known_of(history, horizon)[lane]
    values, observed = history.values[lane], history.observed[lane]
    season = season_of(history.seasons[lane], observed)
    phased = season >= _SEASON and horizon <= _AHEAD * season
    phases = fit_phases(values, observed, known, season) if phased else None
    return LaneFit(fit_effects(values, observed, known, season), phases)


def forecast_blend(inner: Predictor, history: History, horizon: int, fits: Sequence[LaneFit | None]) -> Forecast:
    """Forecasts lanes by another predictor with and without known columns, and averages both by the weights of lanes.

    With known columns, the other predictor forecasts the values less the effects of the columns, and the effects ahead
    are added. The quantiles of this forecast and of the regressions for each phase are averaged.

    Args:
        inner: The other predictor.
        history: The lanes; without known columns the forecast is that of the other predictor.
        horizon: Steps ahead.
        fits: The regressions of each lane; None for one that is forecast without known columns.
    """
    since, time = max(0, history.values.shape[1] - inner.context), history.values.shape[1]
    plain = inner.predict(history.select(np.arange(len(history)), since), horizon)
    picked = [(lane, fit) for lane, fit in enumerate(fits) if fit is not None]
    if history.known is None or not picked:
        return plain
    lanes = np.array([lane for lane, _ in picked])
    own, known = history.select(lanes), known_of(history, horizon)
    added = np.stack([fit.effects.of(known[lane]) for lane, fit in picked])
    left = History(own.values - added[:, :time], own.observed, own.seasons)
    informed = inner.predict(left.select(np.arange(len(left)), since), horizon).quantiles + added[:, time:, None]
    for index, (lane, fit) in enumerate(picked):
        if fit.phases is not None:
            found = fit.phases.quantiles(own.values[index], own.observed[index], known[lane])
            informed[index] = np.concatenate([informed[index][None], found]).mean(0)
    share = history.known.weights[lanes][:, None, None]
    blend = plain.quantiles.copy()
    blend[lanes] = share * informed + (1 - share) * blend[lanes]
    return Forecast(blend, LEVELS)


def known_of(history: History, horizon: int) -> Float64[np.ndarray, "lanes time_and_ahead columns"]:
    """Returns the columns at the steps of a history, and at some steps ahead.

    Raises:
        ValueError: The history has no known columns.
    """
    if history.known is None:
        raise ValueError("a regression needs known columns")
    return history.known.values[:, : history.values.shape[1] + horizon]


def season_of(periods: Float64[np.ndarray, " periods"], observed: Bool[np.ndarray, " time"]) -> int:
    """Returns the customary season in whole steps; 1 if there is none, or fewer values than four have."""
    first = round(float(periods[0])) if len(periods) else 0
    return first if first > 1 and observed.sum() >= 4 * first else 1
