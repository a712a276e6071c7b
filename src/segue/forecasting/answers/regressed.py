"""A predictor that reads known columns: a regression on them, and any other predictor on what it leaves."""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float64

from segue.forecasting.answers.effects import effects
from segue.forecasting.answers.phases import phase_quantiles
from segue.forecasting.predictor import LEVELS, Forecast, History, Predictor

_LONGEST = 8192  # values that the regression reads: 48 weeks of hours, 22 years of days

_BATCH = 32  # lanes at once: 15 columns of the longest past take 33 MB
_SEASON = 12  # steps of a season whose phases have regressions of their own: hours of a day, not days of a week
_AHEAD = 7  # seasons ahead that they forecast; later ones rest on forecasts only


@dataclass(eq=False)
class Regressed:
    """The forecast of another predictor, put together with its forecast of what a regression on known columns leaves.

    Where a lane has many seasons of many steps, regressions for each phase of a season take part, two thirds by weight.
    The quantiles with and without known columns are averaged with the weight of each lane. Without known columns it is
    the other predictor.

    Attributes:
        inner: The other predictor.
    """

    inner: Predictor
    name: str = field(init=False)

    def __post_init__(self) -> None:
        self.name = self.inner.name

    @property
    def context(self) -> int:
        """See `Predictor`."""
        return max(_LONGEST, self.inner.context)

    @property
    def fingerprint(self) -> str:
        """See `Predictor`."""
        return f"{self.inner.fingerprint}+known"

    @property
    def batch(self) -> int:
        """See `Predictor`."""
        return min(_BATCH, int(getattr(self.inner, "batch", _BATCH)))

    @property
    def workers(self) -> int:
        """See `Predictor`."""
        return int(getattr(self.inner, "workers", 1))

    @property
    def keeps_support(self) -> bool:
        """See `Predictor`."""
        return bool(getattr(self.inner, "keeps_support", False))

    def predict(self, history: History, horizon: int) -> Forecast:
        """See `Predictor`."""
        every = np.arange(len(history))
        since = max(0, history.values.shape[1] - self.inner.context)
        plain = self.inner.predict(history.select(every, since), horizon)
        if history.known is None:
            return plain
        weights = history.known.weights
        picked = np.flatnonzero(weights > 0)
        if not len(picked):
            return plain
        own = history.select(picked)
        added = lane_effects(own, horizon)
        left = History(own.values - added[:, : own.values.shape[1]], own.observed, own.seasons)
        quantiles = self.inner.predict(left.select(np.arange(len(left)), since), horizon).quantiles
        quantiles = _with_phases(own, quantiles + added[:, own.values.shape[1] :][..., None])
        share = weights[picked][:, None, None]
        blend = plain.quantiles.copy()
        blend[picked] = share * quantiles + (1 - share) * blend[picked]
        return Forecast(blend, LEVELS)


def lane_effects(history: History, horizon: int) -> Float64[np.ndarray, "lanes time_and_ahead"]:
    """Returns what the known columns add to the values of each lane, and to the steps ahead.

    Args:
        history: With known columns.
        horizon: Steps ahead.

    Raises:
        ValueError: The history has no known columns.
    """
    if history.known is None:
        raise ValueError("a regression needs known columns")
    known = history.known.values[:, : history.values.shape[1] + horizon]
    lanes = zip(history.values, history.observed, known, history.seasons, strict=True)
    return np.stack([effects(values, seen, own, _season(periods, seen)) for values, seen, own, periods in lanes])


def _with_phases(
    history: History, quantiles: Float64[np.ndarray, "lanes steps levels"]
) -> Float64[np.ndarray, "lanes steps levels"]:
    """The mean of these quantiles and those of the regressions for each phase, where the past is long enough."""
    assert history.known is not None
    known = history.known.values[:, : history.values.shape[1] + quantiles.shape[1]]
    result = quantiles.copy()
    for lane, own in enumerate(known):
        season = _season(history.seasons[lane], history.observed[lane])
        if season >= _SEASON and quantiles.shape[1] <= _AHEAD * season:
            found = phase_quantiles(history.values[lane], history.observed[lane], own, season)
            if found is not None:
                result[lane] = np.concatenate([quantiles[lane][None], found]).mean(0)
    return result


def _season(periods: Float64[np.ndarray, " periods"], observed: np.ndarray) -> int:
    """The customary season in whole steps; 1 if there is none, or if the values do not span four."""
    first = round(float(periods[0])) if len(periods) else 0
    return first if first > 1 and observed.sum() >= 4 * first else 1
