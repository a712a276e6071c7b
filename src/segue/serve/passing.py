"""What a predictor around another predictor passes on: all but `predict`."""

from segue.forecasting.predictor import Predictor


class Passing:
    """The attributes of a predictor that is wrapped; see `Predictor`.

    Args:
        predictor: The predictor inside.
    """

    def __init__(self, predictor: Predictor) -> None:
        self.predictor, self.name = predictor, predictor.name

    @property
    def context(self) -> int:
        """See `Predictor`."""
        return self.predictor.context

    @property
    def pass_context(self) -> int:
        """See `Predictor`."""
        return int(getattr(self.predictor, "pass_context", self.context))

    @property
    def fingerprint(self) -> str:
        """See `Predictor`."""
        return self.predictor.fingerprint

    @property
    def batch(self) -> int:
        """See `Predictor`."""
        return int(getattr(self.predictor, "batch", 128))

    @property
    def workers(self) -> int:
        """See `Predictor`."""
        return int(getattr(self.predictor, "workers", 1))

    @property
    def keeps_support(self) -> bool:
        """See `Predictor`."""
        return bool(getattr(self.predictor, "keeps_support", False))
