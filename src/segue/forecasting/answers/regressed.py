"""A predictor that reads known columns: a regression on them, and any other predictor on its residuals."""

from dataclasses import dataclass, field

from segue.forecasting.answers.lane_fit import LaneFit, fit_lane, forecast_blend
from segue.forecasting.predictor import Forecast, History, Predictor

_LONGEST = 8192  # values that the regression reads: 48 weeks of hours, 22 years of days

_BATCH = 32  # lanes at once: 15 columns of the longest past take 33 MB


@dataclass(eq=False)
class Regressed:
    """Combines the forecast of another predictor with its forecast of the residuals of a regression on known columns.

    Where a lane has many seasons of many steps, regressions for each phase of a season take part. Their weight is a
    half, or two thirds from 92 seasons on. The quantiles with and without known columns are averaged with the weight of
    each lane. Without known columns it is the other predictor.

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
        return forecast_blend(self.inner, history, horizon, self.fits(history, horizon))

    def fits(self, history: History, horizon: int) -> list[LaneFit | None]:
        """Returns the regressions of each lane; None for one whose weight of known columns is zero."""
        known = history.known
        if known is None:
            return [None] * len(history)
        lanes = range(len(history))
        return [fit_lane(history, lane, horizon) if known.weights[lane] > 0 else None for lane in lanes]


class Held(Regressed):
    """The same with fixed regressions of one lane for any lanes, so that pasts can be compared.

    Args:
        inner: The other predictor.
        fit: The regressions.
    """

    def __init__(self, inner: Predictor, fit: LaneFit | None) -> None:
        super().__init__(inner)
        self._fit = fit

    def fits(self, history: History, horizon: int) -> list[LaneFit | None]:
        """See `Regressed`."""
        return [self._fit] * len(history)
