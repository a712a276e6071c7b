"""Stationary series: each value has the distribution of all values before it, or nearly so.

Much of what is measured is like this once trend and seasons are removed. A model that has seen too few such series
takes chance for a pattern, and repeats it.
"""

from collections.abc import Callable

import torch
from torch import Generator

from segue.forecasting.pretraining.grammar.combinators import Series
from segue.forecasting.pretraining.grammar.draws import chance, log_uniform, normal, power, uniform
from segue.forecasting.pretraining.grammar.noises import first_order
from segue.forecasting.pretraining.grammar.seasons import season
from segue.forecasting.pretraining.grammar.trends import slow_path


def stationary(generator: Generator, count: int, length: int) -> Series:
    """A normal process, mapped to a distribution of any shape.

    Half of the series are white, the others first-order autoregressions. Half have a season, which explains up to half
    of the variance but mostly little; a quarter have a mean that drifts a little.
    """
    pole = uniform(generator, count, -0.4, 0.9) * chance(generator, count, 0.5)
    share = 0.5 * power(generator, count, 2) * chance(generator, count, 0.5)
    drift = uniform(generator, count, 0, 0.5) * chance(generator, count, 0.25)
    process = first_order(pole, normal(generator, count, length))
    hidden = (1 - share).sqrt() * process + share.sqrt() * season(generator, count, length)
    hidden = hidden + drift * slow_path(generator, count, length)
    odds = torch.tensor([odds for odds, _ in DISTRIBUTIONS], device=generator.device)
    kind = torch.multinomial(odds, count, replacement=True, generator=generator)
    for index, (_, distribution) in enumerate(DISTRIBUTIONS):
        rows = (kind == index).nonzero().squeeze(1)
        if len(rows):
            hidden[rows] = distribution(generator, hidden[rows])
    return hidden


def gaussian(generator: Generator, hidden: Series) -> Series:
    """Normal, as it is."""
    return hidden


def heavy(generator: Generator, hidden: Series) -> Series:
    """Heavy tails on both sides."""
    return (uniform(generator, len(hidden), 0.3, 1.2) * hidden).sinh()


def skewed(generator: Generator, hidden: Series) -> Series:
    """Log-normal: a long tail above."""
    return (uniform(generator, len(hidden), 0.2, 1.2) * hidden).exp()


def counted(generator: Generator, hidden: Series) -> Series:
    """Small whole numbers."""
    scale, level = uniform(generator, len(hidden), 0.3, 1), uniform(generator, len(hidden), -0.7, 2.5)
    return (level + scale * hidden).exp().floor()


def cut_off(generator: Generator, hidden: Series) -> Series:
    """Zero below a bound: rain, rare sales; in half of the series whole numbers."""
    above = (hidden - uniform(generator, len(hidden), -1, 1.7)).clamp(min=0)
    large = (uniform(generator, len(hidden), 0.1, 1.2) * above).expm1()
    pieces = (large * log_uniform(generator, len(hidden), 0.5, 20)).ceil()
    return torch.where(chance(generator, len(hidden), 0.5), pieces, large)


def two_valued(generator: Generator, hidden: Series) -> Series:
    """Zero or one; in most of the series with some noise."""
    scale = log_uniform(generator, len(hidden), 0.02, 0.5) * chance(generator, len(hidden), 0.7)
    upper = (hidden > uniform(generator, len(hidden), -1.5, 1.5)).float()
    return upper + scale * normal(generator, len(hidden), hidden.shape[1])


DISTRIBUTIONS: tuple[tuple[float, Callable[[Generator, Series], Series]], ...] = (
    (0.35, gaussian),
    (0.1, heavy),
    (0.2, skewed),
    (0.15, counted),
    (0.12, cut_off),
    (0.08, two_valued),
)
"""How often a distribution is drawn, and the map to it from a standard normal process."""
