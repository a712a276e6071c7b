"""Series that go nowhere: what comes next is drawn from the law that all before it were drawn from, or nearly so.

Much of what is measured is like this once trend and seasons are taken away. A model that has seen too little of it
takes the accidents of the past for a pattern, and repeats them.
"""

from collections.abc import Callable

import torch
from torch import Generator

from segue.forecasting.pretraining.grammar.combinators import PerSeries, Series
from segue.forecasting.pretraining.grammar.draws import chance, log_uniform, normal, power, uniform
from segue.forecasting.pretraining.grammar.noises import autoregression
from segue.forecasting.pretraining.grammar.seasons import season
from segue.forecasting.pretraining.grammar.trends import slow_path


def stationary(generator: Generator, count: int, length: int) -> Series:
    """A normal process, bent to a law of any shape.

    White in half of the series, else a first-order autoregression. Half carry a season that explains up to half of the
    variance, leaning to little; a quarter have a mean that drifts a little.
    """
    pole = uniform(generator, count, -0.4, 0.9) * chance(generator, count, 0.5)
    share = 0.5 * power(generator, count, 2) * chance(generator, count, 0.5)
    drift = uniform(generator, count, 0, 0.5) * chance(generator, count, 0.25)
    hidden = (1 - share).sqrt() * fading(generator, pole, length) + share.sqrt() * season(generator, count, length)
    hidden = hidden + drift * slow_path(generator, count, length)
    odds = torch.tensor([odds for odds, _ in LAWS], device=generator.device)
    law_of = torch.multinomial(odds, count, replacement=True, generator=generator)
    for index, (_, law) in enumerate(LAWS):
        rows = (law_of == index).nonzero().squeeze(1)
        if len(rows):
            hidden[rows] = law(generator, hidden[rows])
    return hidden


def fading(generator: Generator, pole: PerSeries, length: int) -> Series:
    """A first-order autoregression of unit variance, from its first step on; white where the pole is 0."""
    shocks = (1 - pole.square()).sqrt() * normal(generator, len(pole), 2 * length)
    return autoregression(shocks, torch.stack([-pole, torch.zeros_like(pole)], 2))[:, :length]


def straight(generator: Generator, hidden: Series) -> Series:
    """Normal."""
    return hidden


def heavy(generator: Generator, hidden: Series) -> Series:
    """Heavy tails on both sides."""
    return (uniform(generator, len(hidden), 0.3, 1.2) * hidden).sinh()


def skewed(generator: Generator, hidden: Series) -> Series:
    """Log-normal: a long tail above."""
    return (uniform(generator, len(hidden), 0.2, 1.2) * hidden).exp()


def counted(generator: Generator, hidden: Series) -> Series:
    """Small whole numbers."""
    spread, level = uniform(generator, len(hidden), 0.3, 1), uniform(generator, len(hidden), -0.7, 2.5)
    return (level + spread * hidden).exp().floor()


def cut_off(generator: Generator, hidden: Series) -> Series:
    """Zero up to a bound: rain, and what is seldom sold; in half of the series in whole pieces."""
    above = (hidden - uniform(generator, len(hidden), -1, 1.7)).clamp(min=0)
    large = (uniform(generator, len(hidden), 0.1, 1.2) * above).expm1()
    pieces = (large * log_uniform(generator, len(hidden), 0.5, 20)).ceil()
    return torch.where(chance(generator, len(hidden), 0.5), pieces, large)


def two_valued(generator: Generator, hidden: Series) -> Series:
    """Yes or no; or two levels with some noise around them."""
    spread = log_uniform(generator, len(hidden), 0.02, 0.5) * chance(generator, len(hidden), 0.7)
    upper = (hidden > uniform(generator, len(hidden), -1.5, 1.5)).float()
    return upper + spread * normal(generator, len(hidden), hidden.shape[1])


LAWS: tuple[tuple[float, Callable[[Generator, Series], Series]], ...] = (
    (0.35, straight),
    (0.1, heavy),
    (0.2, skewed),
    (0.15, counted),
    (0.12, cut_off),
    (0.08, two_valued),
)
"""How often a law is drawn, and what makes it of a standard normal process."""
