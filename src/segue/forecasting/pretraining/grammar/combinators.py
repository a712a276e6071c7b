"""Combinators of productions: choose among several, change a share of the series, standardise; known periods."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Float64, Int
from torch import Generator, Tensor

from segue.forecasting.pretraining.grammar.draws import Number, chance

Series = Float[Tensor, "series length"]
PerSeries = Float[Tensor, "series 1"]
Periods = Float64[Tensor, "series 2"]


@dataclass(frozen=True, eq=False)
class Drawn:
    """Series whose cycles are known."""

    values: Series
    periods: Periods
    """The periods of the main seasons in steps, not always whole; zero where a series has none, or only one."""


Production = Callable[[Generator, int, int], Series | Drawn]
"""`(generator, count, length)` to `count` series of `length` steps, on the generator's device."""


def drawn(values: Series, main: PerSeries | None = None, other: PerSeries | None = None) -> Drawn:
    """Joins series and their periods; a period below 2 steps is none."""
    none = values.new_zeros(len(values), 1)
    pair = torch.cat([none if main is None else main, none if other is None else other], 1).double()
    pair = torch.where(pair < 2, 0.0, pair)
    return Drawn(values, torch.where(pair[:, :1] > 0, pair, pair.flip(1)))


def values_of(result: Series | Drawn) -> Series:
    """The series of any production, without their periods."""
    return result.values if isinstance(result, Drawn) else result


def choose_drawn(
    generator: Generator, count: int, length: int, members: Sequence[Production], weights: Sequence[Number]
) -> tuple[Drawn, Int[Tensor, " series"]]:
    """Makes each series by one of the members, drawn by weight; the members are interleaved.

    Every member is called at most once, for all of its series.

    Returns:
        The series with their periods, and for each the index of its member.
    """
    odds = torch.tensor(weights, dtype=torch.float32, device=generator.device)
    member_of = torch.multinomial(odds, count, replacement=True, generator=generator)
    values = torch.empty(count, length, device=generator.device)
    periods = torch.zeros(count, 2, dtype=torch.float64, device=generator.device)
    for index, member in enumerate(members):
        rows = (member_of == index).nonzero().squeeze(1)
        if len(rows):
            made = member(generator, len(rows), length)
            values.index_copy_(0, rows, values_of(made))
            if isinstance(made, Drawn):
                periods.index_copy_(0, rows, made.periods)
    return Drawn(values, periods), member_of


def choose(
    generator: Generator, count: int, length: int, members: Sequence[Production], weights: Sequence[Number]
) -> tuple[Series, Int[Tensor, " series"]]:
    """Does the same as `choose_drawn`, without the periods."""
    made, member_of = choose_drawn(generator, count, length, members, weights)
    return made.values, member_of


def sometimes(
    generator: Generator, values: Series, probability: Number, change: Callable[[Generator, Series], Series]
) -> Series:
    """Applies `change` to a random share of the series; the others stay as they are."""
    rows = chance(generator, len(values), probability).squeeze(1).nonzero().squeeze(1)
    if not len(rows):
        return values
    return values.index_copy(0, rows, change(generator, values[rows]))


def standardise(values: Series) -> Series:
    """Scales each series to mean 0 and standard deviation 1; a constant series becomes 0. The result is always finite.

    The first value is subtracted first. The rounding error of a difference is relative to the difference, so that a
    small movement on a large level survives in float32.
    """
    lowest, highest = values.amin(1, keepdim=True), values.amax(1, keepdim=True)
    if not (highest - lowest).isfinite().all():  # a NaN makes both extremes NaN
        return standardise(values.nan_to_num(0.0, 1e38, -1e38))
    first = values[:, :1]
    largest = torch.maximum(highest - first, first - lowest)
    unit = (values - first).div_(largest.clamp(min=1e-30))
    unit -= unit.mean(1, keepdim=True)
    scale = root_mean_square(unit).clamp_(min=1e-6)
    return unit.div_(torch.where(largest <= 1e-7 * torch.maximum(highest, -lowest), torch.inf, scale))


def unit_variance(values: Series) -> Series:
    """Does the same as `standardise` for values of ordinary size that vary, in half of the time."""
    centred = values - values.mean(1, keepdim=True)
    return centred.div_(root_mean_square(centred).clamp_(min=1e-6))


def root_mean_square(values: Series) -> PerSeries:
    """The root of the mean square of each series, without a copy of the series."""
    norm: Tensor = torch.linalg.vector_norm(values, dim=1, keepdim=True)
    return norm / math.sqrt(values.shape[1])


def deviation(values: Series) -> PerSeries:
    """The standard deviation of each series; `Tensor.std` takes ten times as long."""
    return root_mean_square(values - values.mean(1, keepdim=True))
