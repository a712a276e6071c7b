"""What all dialects share: the models, the limits, and a model for the time of one request."""

from dataclasses import dataclass, field

from segue.forecasting.predictor import Predictor
from segue.serve.limits import Limits
from segue.serve.metrics import Metrics
from segue.serve.models import Models
from segue.serve.timed import Timed


@dataclass(frozen=True)
class Service:
    """What answers are made with.

    Attributes:
        models: The models that requests may name.
        limits: What a request may ask for at most.
        metrics: What is counted.
    """

    models: Models
    limits: Limits = field(default_factory=Limits)
    metrics: Metrics = field(default_factory=Metrics)

    def model(self, name: str | None) -> Predictor:
        """Returns the model that a request names; its time begins now."""
        _, predictor = self.models.named(name)
        return Timed(predictor, self.limits.seconds)
