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

GROUPS: Mapping[str, Mapping[str, Number]] = {
    # 0.41 of all: the calendar or another cycle says most of what follows
    "season": {
        "cycles": 0.1,
        "calendar": 0.06,
        "exact_week": 0.04,
        "weather_load": 0.05,
        "climate": 0.02,
        "traffic": 0.015,
        "visits": 0.015,
        "daily_year": 0.04,
        "dated_days": 0.01,
        "dated_weeks": 0.01,
        "outbreaks": 0.005,
        "decomposition": 0.04,
        "wave": 0.005,
    },
    # 0.3 of all: growth, its changes, or the distribution so far; many with a season
    "level": {
        "smooth_growth": 0.06,
        "growth": 0.085,
        "multiplicative": 0.04,
        "tourism": 0.045,
        "adoption": 0.005,
        "stationary": 0.05,
        "splice": 0.012,
        "constant": 0.003,
    },
    # 0.24 of all: the past determines the future beyond season and trend
    "dynamics": {
        "dynamics": 0.06,
        "smoothing": 0.06,
        "sarima": 0.055,
        "random_walk": 0.025,
        "gaussian_process": 0.012,
        "diffusion": 0.01,
        "machine": 0.01,
        "volatility": 0.005,
        "chaos": 0.003,
    },
    # 0.05 of all: small whole numbers, many of them zero
    "counts": {
        "demand": 0.035,
        "counts": 0.015,
    },
}
"""The productions by what determines the future in them, with their weights, which add up to one."""

DEFAULT_WEIGHTS: Mapping[str, Number] = {name: weight for group in GROUPS.values() for name, weight in group.items()}
"""The weights of all groups in one mapping."""


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
            (`[series 2]`, float64), zero where the production has none or does not report them.

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
