"""Terminals: seasons. A waveform is one cycle on a fixed grid of phases; a season repeats it with a period."""

import math

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from segue.forecasting.pretraining.grammar.combinators import PerSeries, Series, choose, sometimes, unit_variance
from segue.forecasting.pretraining.grammar.draws import chance, log_uniform, normal, pick, uniform
from segue.forecasting.pretraining.grammar.trends import clock, slow_path

PHASES = 512
"""Points of the grid on which one cycle is drawn."""

CALENDAR_PERIODS = (4, 4, 4, 7, 7, 12, 12, 12, 12, 12, 24, 24, 24, 24, 48, 48, 52, 52, 96, 144, 168, 288, 336, 365)
"""Cycles of real calendars, repeated by how common they are; 168 and more show only in long histories."""

Waveform = Float[Tensor, "series phase"]


def harmonics(generator: Generator, count: int, length: int) -> Waveform:
    """Random harmonics up to a random highest one, with amplitudes that fall as a power of their number."""
    number = torch.arange(1, 33, device=generator.device).float()[None]
    envelope = number.pow(-uniform(generator, count, 0.2, 2.2)) * (number <= log_uniform(generator, count, 1, 33))
    parts = [normal(generator, count, 32) * envelope for _ in range(2)]
    return unit_variance(_from_harmonics(torch.complex(*parts), length))


def rough_profile(generator: Generator, count: int, length: int) -> Waveform:
    """A random profile, smoothed by a bell of 0.5 % to 10 % of the cycle; a third are exponentiated into peaks."""
    number = torch.arange(1, min(128, length // 2), device=generator.device).float()[None]  # e^-8 at the narrowest bell
    width = log_uniform(generator, count, 0.005, 0.1)
    envelope = torch.exp(-0.5 * (2 * math.pi * number * width).square())
    parts = [normal(generator, count, number.shape[1]) * envelope for _ in range(2)]
    profile = unit_variance(_from_harmonics(torch.complex(*parts), length))
    return sometimes(generator, profile, 0.35, peaked)


def peaked(generator: Generator, profile: Waveform) -> Waveform:
    """Exponentiates a profile, so that it has high peaks and flat lows."""
    return unit_variance((profile * uniform(generator, len(profile), 0.4, 1.6)).exp())


def bumps(generator: Generator, count: int, length: int) -> Waveform:
    """One to three bells on a flat floor: rush hours, holidays."""
    phase = clock(generator, length) / length
    total = torch.zeros(count, length, device=generator.device)
    for present in (1.0, 0.6, 0.3):
        distance = torch.remainder(phase - uniform(generator, count, 0, 1) + 0.5, 1) - 0.5
        width = log_uniform(generator, count, 0.02, 0.2)
        height = uniform(generator, count, 0.3, 1) * chance(generator, count, present)
        total = total + height * torch.exp(-0.5 * (distance / width).square())
    return unit_variance(total)


def polygon(generator: Generator, count: int, length: int) -> Waveform:
    """Sawtooth, triangle and square: a rise over a random share of the cycle, then a fall or a low.

    Half of the teeth rise or fall at once, within a point of the grid.
    """
    phase = clock(generator, length) / length
    share = uniform(generator, count, 0.1, 0.9)
    at_once = pick(generator, count, [1 / length, 1 - 1 / length])
    rise = torch.where(chance(generator, count, 0.5), at_once, share)
    teeth = torch.where(phase < rise, phase / rise, (1 - phase) / (1 - rise))
    return unit_variance(torch.where(chance(generator, count, 0.7), teeth, (phase < share).float()))


def sine(generator: Generator, count: int, length: int) -> Waveform:
    """One sine."""
    phase = clock(generator, length) / length + uniform(generator, count, 0, 1)
    return math.sqrt(2) * torch.sin(2 * math.pi * phase)


def waveform(generator: Generator, count: int) -> Waveform:
    """Any of the waveforms, standardised over the cycle."""
    members = [harmonics, rough_profile, bumps, polygon, sine]
    return choose(generator, count, PHASES, members, [0.35, 0.35, 0.12, 0.1, 0.08])[0]


def look_up(cycle: Waveform, position: Series) -> Series:
    """The cycle at positions from 0 to its number of points, linear between the points."""
    phases = cycle.shape[1]
    left = position.long().clamp_(max=phases - 1)
    between = position - left
    wrapped = torch.cat([cycle, cycle[:, :1]], 1)
    return torch.lerp(wrapped.gather(1, left), wrapped.gather(1, left + 1), between)


def repeat(cycle: Waveform, period: PerSeries, start: PerSeries, length: int) -> Series:
    """Repeats a cycle every `period` steps, beginning a whole number of steps into it, linear between its points.

    A whole period repeats exactly; a fractional one moves along the cycle. The remainder of two float32 is exact.
    """
    time = torch.arange(length, dtype=torch.float32, device=cycle.device)[None] + start
    return look_up(cycle, torch.remainder(time, period) * (cycle.shape[1] / period))


def periods(generator: Generator, count: int) -> PerSeries:
    """Cycle lengths in steps: four in five of calendars, the others log-uniform between 3 and 400."""
    calendar = pick(generator, count, CALENDAR_PERIODS)
    return torch.where(chance(generator, count, 0.8), calendar, log_uniform(generator, count, 3, 400))


def modulated(generator: Generator, values: Series) -> Series:
    """Lets the amplitude drift slowly."""
    count, length = values.shape
    return values * (uniform(generator, count, 0.1, 0.6) * slow_path(generator, count, length)).exp()


def season_of(generator: Generator, period: PerSeries, length: int) -> Series:
    """Seasons of the given periods; in a fifth of them the shape changes slowly to another."""
    count = len(period)
    start = (uniform(generator, count, 0, 1) * period).floor()
    evolving = chance(generator, count, 0.2).squeeze(1).nonzero().squeeze(1)
    cycle, later = waveform(generator, count + len(evolving)).split([count, len(evolving)])
    fixed = repeat(cycle, period, start, length)
    if not len(evolving):
        return unit_variance(fixed)
    other = repeat(later, period[evolving], start[evolving], length)
    weight = torch.sigmoid(slow_path(generator, len(evolving), length)) * uniform(generator, len(evolving), 0.1, 1)
    return unit_variance(fixed.index_copy(0, evolving, torch.lerp(fixed[evolving], other, weight)))


def season(generator: Generator, count: int, length: int) -> Series:
    """One season of any period and waveform, standardised."""
    return season_of(generator, periods(generator, count), length)


def _from_harmonics(coefficients: Tensor, length: int) -> Tensor:
    """A real cycle from its harmonics 1, 2, ... (no mean)."""
    mean = torch.zeros_like(coefficients[:, :1])
    cycle: Tensor = torch.fft.irfft(torch.cat([mean, coefficients], 1), n=length)
    return cycle
