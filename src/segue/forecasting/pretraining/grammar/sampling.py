"""The grammar as a whole: the weights of its productions, and batches drawn by them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite

from jaxtyping import Float, Int
from torch import Generator, Tensor

from segue.errors import UserError
from segue.forecasting.pretraining.grammar.combinators import Periods, choose_drawn, standardise
from segue.forecasting.pretraining.grammar.draws import Number
from segue.forecasting.pretraining.grammar.events import accidents
from segue.forecasting.pretraining.grammar.productions import PRODUCTIONS

DEFAULT_WEIGHTS: Mapping[str, Number] = {
    # days and weeks
    "calendar": 0.11,
    "cycles": 0.1,
    "exact_week": 0.06,
    "climate": 0.04,
    "weather_load": 0.06,
    "traffic": 0.02,
    "visits": 0.02,
    # months and quarters
    "multiplicative": 0.10,
    "smooth_growth": 0.07,
    "tourism": 0.06,
    "growth": 0.13,
    # models of textbooks
    "smoothing": 0.08,
    "sarima": 0.08,
    "decomposition": 0.08,
    "random_walk": 0.03,
    "gaussian_process": 0.015,
    "diffusion": 0.015,
    "fluctuation": 0.012,
    "stationary": 0.10,
    "volatility": 0.008,
    "chaos": 0.002,
    # of the world
    "daily_year": 0.05,
    "dated_days": 0.015,
    "dated_weeks": 0.008,
    "demand": 0.04,
    "adoption": 0.005,
    "outbreaks": 0.005,
    "machine": 0.008,
    "counts": 0.02,
    # for clarity
    "splice": 0.015,
    "wave": 0.012,
    "constant": 0.004,
}
"""Weights of the productions, which need not add up to one.

Calendars have 0.28, multiplicative seasons of 12 and 4 have 0.18, growth has 0.13, all others have 0.45.
"""


@dataclass(frozen=True)
class Grammar:
    """A weighted set of productions.

    Raises:
        UserError: For an unknown name, a weight that is negative or not finite, or weights that are all 0.
    """

    weights: Mapping[str, Number] = field(default_factory=lambda: dict(DEFAULT_WEIGHTS))
    """Relative frequency of each production by name; one without a weight is not used."""

    def __post_init__(self) -> None:
        for name, weight in self.weights.items():
            if name not in PRODUCTIONS:
                raise UserError("weights", name, f"name a production: {', '.join(PRODUCTIONS)}")
            if not (isinstance(weight, int | float) and isfinite(weight) and weight >= 0):
                raise UserError("weights", f"{name} = {weight}", "give a finite number of at least 0")
        if not sum(self.weights.values()) > 0:
            raise UserError("weights", dict(self.weights), "give at least one weight above 0")

    def sample(
        self, generator: Generator, count: int, length: int
    ) -> tuple[Float[Tensor, "series length"], Int[Tensor, " series"], Periods]:
        """Draws a batch in which the productions are interleaved.

        Args:
            generator: Source of all randomness; its device is where the series are made.
            count: Number of series. A large batch takes less time per series.
            length: Steps of a series, at least 8.

        Returns:
            The series, each with mean 0 and standard deviation 1 over its length (or 0 throughout), within ±100;
            for each the index of its production in `PRODUCTIONS`; and the periods of its main seasons in steps
            (`[series 2]`, float64), zero where the production has none or does not tell them.

        Raises:
            UserError: `count` is below 1, or `length` below 8.
        """
        if count < 1:
            raise UserError("count", count, "give a whole number of at least 1")
        if length < 8:
            raise UserError("length", length, "give a whole number of at least 8")
        odds = [self.weights.get(name, 0.0) for name in PRODUCTIONS]
        made, production = choose_drawn(generator, count, length, list(PRODUCTIONS.values()), odds)
        values = standardise(accidents(generator, standardise(made.values))).clamp_(-100, 100)
        return values, production, made.periods
