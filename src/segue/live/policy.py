"""The policy of alerts: a frozen value, separate from the model and from the p-values that it judges."""

from dataclasses import dataclass
from math import comb

from segue.errors import UserError
from segue.forecasting.table.result import Number

MOST_VALUES = 64
"""The largest `n`: what a lane remembers of its last values is 64 bits."""

_HALVINGS = 60  # of the interval of the threshold: to the last bit


@dataclass(frozen=True)
class Policy:
    """When surprising values become an alert, and when an alert ends.

    A value is surprising if its p-value is at most `threshold` and its size is at least `least`. It is ordinary if it
    lies within the 80 % band. An episode begins with a surprising value, and ends after `cool_down` ordinary ones. It
    becomes an alert, once, when `m` of the last `n` values are surprising. So one event gives one alert.

    Attributes:
        budget: False alarms in 1,000 values of one series, above 0. The threshold follows from it.
        m: Surprising values that make an alert, at least 1.
        n: The last values among which they are counted, at most 64; missing values are not counted.
        cool_down: Ordinary values since the last surprising one that end an episode, at least `n`.
        least: The least distance from the expected value, in half widths of the 80 % band, at least 0.
        shift: Values after which the values of an alert are accepted as the new normal, at least 2. Either so many are
            surprising, or so many more lie beyond the band on one side than elsewhere. The alert ends, and the series
            gives no other one within `cool_down` values.
        warm_up: The number of first values of a series that are never surprising, at least 0. Values without a p-value
            are not counted, so this comes after the warm-up of `Watch`.

    Raises:
        UserError: A number is outside of its range.
    """

    budget: Number = 1.0
    m: int = 1
    n: int = 1
    cool_down: int = 24
    least: Number = 0.0
    shift: int = 48
    warm_up: int = 0

    def __post_init__(self) -> None:
        least = {"m": 1, "n": self.m, "cool_down": self.n, "least": 0, "shift": 2, "warm_up": 0}
        for name, bound in least.items():
            if not getattr(self, name) >= bound:
                raise UserError(name, getattr(self, name), f"give at least {bound}")
        if self.n > MOST_VALUES:
            raise UserError("n", self.n, f"give at most {MOST_VALUES}")
        if not 0 < self.budget <= 500:
            raise UserError("budget", self.budget, "give false alarms in 1,000 values: above 0, at most 500")

    @property
    def threshold(self) -> float:
        """The largest p-value that is surprising.

        Let p-values be uniform and independent, as they are without anomalies. A value completes `m` surprising ones of
        `n` with probability a * P(B >= m - 1), where a is the threshold and B is binomial (n - 1, a). This is solved
        for the budget. Alerts are a little rarer, because one episode may complete `m` of `n` several times. The rate
        is the budget for 1 of 1, and 0.7 of it for 3 of 10 (`tests/live/test_alerts.py`).
        """
        low, high = 0.0, 1.0
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            low, high = (low, middle) if self._rate(middle) > self.budget / 1000 else (middle, high)
        return low

    def _rate(self, threshold: float) -> float:
        """The probability that one value completes `m` surprising ones of `n`."""
        others = self.n - 1
        fewer = sum(comb(others, k) * threshold**k * (1 - threshold) ** (others - k) for k in range(self.m - 1))
        return threshold * (1 - fewer)
