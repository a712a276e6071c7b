"""Combinators of productions: choose among several, change a share of the series, standardise."""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor

from segue.forecasting.pretraining.grammar.draws import Number, chance

Series = Float[Tensor, "series length"]
PerSeries = Float[Tensor, "series 1"]
Production = Callable[[Generator, int, int], Series]
"""`(generator, count, length)` to `count` series of `length` steps, on the generator's device."""


def choose(
    generator: Generator, count: int, length: int, members: Sequence[Production], weights: Sequence[Number]
) -> tuple[Series, Int[Tensor, " series"]]:
    """Makes each series by one of the members, drawn by weight; the members are interleaved.

    Every member is called at most once, for all of its series.

    Returns:
        The series, and for each the index of its member.
    """
    odds = torch.tensor(weights, dtype=torch.float32, device=generator.device)
    member_of = torch.multinomial(odds, count, replacement=True, generator=generator)
    values = torch.empty(count, length, device=generator.device)
    for index, member in enumerate(members):
        rows = (member_of == index).nonzero().squeeze(1)
        if len(rows):
            values[rows] = member(generator, len(rows), length)
    return values, member_of


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

    It computes in float64, so that a small movement on a large level survives.
    """
    wide = values.double().nan_to_num(0.0, 1e38, -1e38)
    centred = wide - wide.mean(1, keepdim=True)
    largest = centred.abs().amax(1, keepdim=True)
    flat = largest <= 1e-7 * wide.abs().amax(1, keepdim=True)
    unit = centred / largest.clamp(min=1e-30)
    scale = unit.square().mean(1, keepdim=True).sqrt().clamp(min=1e-6)
    return torch.where(flat, 0.0, unit / scale).float()
