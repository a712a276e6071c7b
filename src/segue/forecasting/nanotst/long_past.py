"""Forecasts from a past that is longer than the network reads, by means of seasonal profiles.

The network reads some 720 values. Where a season is steady, its mean over a longer past is better than its cycles in
these values. Where a season changes, its last cycles are better. So the network makes two forecasts. The first past
keeps the seasons that the network can see twice. The second past has no profiles. Profiles that were removed are added
back, and the quantiles of both forecasts are averaged.

The share of the second forecast grows with the part of the past that only profiles see. It also grows with the evidence
that a cycle does not copy the one before. It falls towards zero where the last cycle no longer has the season. A season
that the network cannot see twice, such as a year of days, is removed before both forecasts, as far as its last cycle
still has it.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from segue.forecasting.nanotst.profiles import CERTAIN, Rest, agreement, shown, without_profiles
from segue.forecasting.nanotst.rollout import PatchForecaster, roll_out
from segue.forecasting.predictor import History

PAST = 2_592
"""The number of last values that profiles use: whole patches of 24, and less than the 24 kB of a lane in a stream."""

_LEAST_WINDOW = 24  # values: a shorter window cannot distinguish a season from chance


def reach(model: PatchForecaster) -> int:
    """The number of last values that a forecast depends on."""
    return max(PAST, model.pass_context)


def forecast_quantiles(
    model: PatchForecaster, history: History, horizon: int
) -> Float64[np.ndarray, "lanes horizon levels"]:
    """Forecasts lanes of any length up to `reach`, at `segue.forecasting.predictor.LEVELS`.

    Args:
        model: The model that predicts the next patches.
        history: The past of the lanes.
        horizon: Number of steps ahead, at least 1.
    """
    recent = history.select(np.arange(len(history)), max(0, history.values.shape[1] - model.pass_context))
    pasts = [past for lane in _longer(history, recent) if (past := _deseasoned(history, lane, recent, horizon))]
    if not pasts:
        return roll_out(model, recent, horizon)
    values, ahead = recent.values.copy(), np.zeros((len(history), horizon))
    for past in pasts:
        values[past.lane], ahead[past.lane] = past.plain, past.plain_ahead
    weighed = [past for past in pasts if past.share > 0]
    lanes = np.array([past.lane for past in weighed], dtype=np.int64)
    both = recent.select(np.concatenate([np.arange(len(history)), lanes]))
    values = np.concatenate([values, *(past.rest[None] for past in weighed)])
    read = History(np.where(both.observed, values, 0.0), both.observed, both.seasons)
    ahead = np.concatenate([ahead, *(past.rest_ahead[None] for past in weighed)])
    quantiles = roll_out(model, read, horizon) + ahead[..., None]
    result, share = quantiles[: len(history)], np.array([past.share for past in weighed])[:, None, None]
    result[lanes] += share * (quantiles[len(history) :] - result[lanes])
    return result


@dataclass(frozen=True, eq=False)
class _Deseasoned:
    """One lane without its profiles, and the profiles to add to both forecasts.

    Attributes:
        lane: The index of the lane.
        plain: The values that the network reads, without the seasons that are too long for it.
        plain_ahead: The profiles of these seasons at the steps ahead.
        rest: The same values without any profile.
        rest_ahead: All profiles at the steps ahead.
        share: The weight of the second forecast, 0 to 1.
    """

    lane: int
    plain: Float64[np.ndarray, " time"]
    plain_ahead: Float64[np.ndarray, " horizon"]
    rest: Float64[np.ndarray, " time"]
    rest_ahead: Float64[np.ndarray, " horizon"]
    share: float


def _longer(history: History, recent: History) -> list[int]:
    """Returns the lanes that have a season and begin before the context of the network."""
    before = history.values.shape[1] - recent.values.shape[1]
    earlier = history.observed[:, :before].any(1) & (history.seasons > 0).any(1)
    return [int(lane) for lane in np.flatnonzero(earlier)]


def _deseasoned(history: History, lane: int, recent: History, horizon: int) -> _Deseasoned | None:
    """Removes the profiles of a lane; None if it has none."""
    context, first = recent.values.shape[1], int(history.observed[lane].argmax())
    values = np.where(history.observed[lane], history.values[lane], np.nan)[first:]
    with np.errstate(over="ignore"):
        unit = float(np.nanmax(np.abs(values - values[0])))
    if not (unit > 0 and np.isfinite(unit)):
        return None
    seasons = [float(season) for season in history.seasons[lane] if season > 0]
    near = [season for season in seasons if 2 * season <= context and shown(season, len(values))]
    far = [season for season in seasons if 2 * season > context and shown(season, len(values))]
    whole = Rest((values - values[0]) / unit, np.zeros(horizon))
    part = without_profiles(whole, near, seasons)
    rest = without_profiles(part, far, seasons, CERTAIN)
    if rest is whole:
        return None
    if rest is not part:
        year = round(max(far))
        rest = part.towards(rest, agreement(part.values[-year:], rest.values[-year:]))
    share = 0.0 if part is whole else _share(whole.values - part.values + rest.values, rest.values, min(near), context)
    newest = values[-context:]
    plain = newest - unit * (part.values - rest.values)[-context:]
    without = newest - unit * (whole.values - rest.values)[-context:]
    return _Deseasoned(lane, plain, unit * (rest.ahead - part.ahead), without, unit * rest.ahead, share)


def _share(
    season: Float64[np.ndarray, " time"], rest: Float64[np.ndarray, " time"], shortest: float, context: int
) -> float:
    """Returns the share of the forecast with profiles: zero for a past within the context, more for a longer past.

    Args:
        season: The past with the profiles of the seasons that the network can see twice.
        rest: The past without any profile.
        shortest: The shortest period of these seasons, in steps.
        context: The number of values that the network reads.
    """
    cycle = round(shortest)
    window = max(_LEAST_WINDOW, cycle)
    steady = _steadiness(rest[-(context + cycle) :], cycle)
    return (1 - context / len(rest)) * steady * agreement(season[-window:], rest[-window:])


def _steadiness(rest: Float64[np.ndarray, " time"], cycle: int) -> float:
    """Weighs the profiles by two naive forecasts of the rest: the mean of the last cycle, and its copy.

    The weight of each is the inverse fourth power of its error. If the rest is noise, the copy has twice the squared
    error, and the profiles weigh .8; .7 for a cycle of three steps. If the rest still repeats, the copy is better, and
    the profiles weigh less.
    """
    seen = np.concatenate([[0], np.cumsum(~np.isnan(rest))])
    total = np.concatenate([[0.0], np.nancumsum(rest)])
    count = seen[cycle:-1] - seen[: -cycle - 1]
    mean = (total[cycle:-1] - total[: -cycle - 1]) / np.maximum(count, 1)
    newest, earlier = rest[cycle:], rest[:-cycle]
    both = ~np.isnan(newest) & ~np.isnan(earlier)
    if not both.any():
        return 0.5
    copied = float(((newest - earlier)[both] ** 2).mean()) ** 2
    averaged = float(((newest - mean)[both] ** 2).mean()) ** 2
    return copied / (copied + averaged) if copied + averaged > 0 else 0.5
