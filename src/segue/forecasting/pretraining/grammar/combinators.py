"""How productions are made of productions: choose among them, apply one to some series, bring to a common scale."""

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
    """Each series from one of the members, drawn by weight, members interleaved.

    Every member is called at most once, for all of its series together.

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
    """`change` applied to a random share of the series; the others pass untouched."""
    rows = chance(generator, len(values), probability).squeeze(1).nonzero().squeeze(1)
    if not len(rows):
        return values
    return values.index_copy(0, rows, change(generator, values[rows]))


def standardise(values: Series) -> Series:
    """Mean 0 and standard deviation 1 over each series, finite whatever came in; a constant series becomes 0.

    Inside it is float64, so that a small movement on a large level survives.
    """
    wide = values.double().nan_to_num(0.0, 1e38, -1e38)
    centred = wide - wide.mean(1, keepdim=True)
    reach = centred.abs().amax(1, keepdim=True)
    flat = reach <= 1e-7 * wide.abs().amax(1, keepdim=True)
    unit = centred / reach.clamp(min=1e-30)
    spread = unit.square().mean(1, keepdim=True).sqrt().clamp(min=1e-6)
    return torch.where(flat, 0.0, unit / spread).float()
