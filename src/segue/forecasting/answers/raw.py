"""A predictor before its quantiles are moved to the support of each series."""

from dataclasses import dataclass

from segue.forecasting.predictor import Forecast, History, Predictor


@dataclass
class _Raw:
    """A predictor that does not declare `keeps_support`; everything else is that of another."""

    inner: Predictor
    name: str
    context: int
    batch: int
    workers: int

    @property
    def fingerprint(self) -> str:
        """See `Predictor`."""
        return self.inner.fingerprint

    def predict(self, history: History, horizon: int) -> Forecast:
        """See `Predictor`."""
        return self.inner.predict(history, horizon)


def without_support(predictor: Predictor) -> Predictor:
    """Returns a predictor whose quantiles are not moved to the support, so that they can be changed before that."""
    batch, workers = getattr(predictor, "batch", 128), getattr(predictor, "workers", 1)
    return _Raw(predictor, predictor.name, predictor.context, batch, workers)
