"""A predictor that one request may use, until its time is over."""

from collections.abc import Callable
from time import monotonic

from segue.forecasting.predictor import Forecast, History, Predictor
from segue.serve.passing import Passing
from segue.serve.refused import Refused


class Timed(Passing):
    """A predictor that refuses to begin another batch once the time of its request is over; see `Predictor`.

    Args:
        predictor: The predictor.
        seconds: Seconds from now.
        clock: A clock in seconds.
    """

    def __init__(self, predictor: Predictor, seconds: float | int, clock: Callable[[], float] = monotonic) -> None:
        super().__init__(predictor)
        self._seconds, self._clock = seconds, clock
        self._end = clock() + seconds

    def predict(self, history: History, horizon: int) -> Forecast:
        """Forecasts as the predictor does.

        Raises:
            Refused: The time is over, with status 504.
        """
        if self._clock() > self._end:
            raise Refused(504, f"computing took more than {self._seconds:g} seconds; send fewer series or steps", 1)
        return self.predictor.predict(history, horizon)
