"""Long cycles under noise, seen a few times: shapes that drift from cycle to cycle, gentle levels, days of rest."""

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from segue.forecasting.pretraining.grammar.calendars import WEEK, weekday_levels
from segue.forecasting.pretraining.grammar.combinators import Drawn, PerSeries, Series, deviation, drawn
from segue.forecasting.pretraining.grammar.draws import Number, chance, log_uniform, normal, pick, uniform
from segue.forecasting.pretraining.grammar.filters import fading_sum
from segue.forecasting.pretraining.grammar.noises import first_order, innovations
from segue.forecasting.pretraining.grammar.seasons import PHASES, Waveform, look_up, repeat, waveform
from segue.forecasting.pretraining.grammar.trends import clock, slow_path

COMMON = (24, 24, 48, 48, 52, 52, 365.25 / 7, 60, 72, 96, 96, 144, 144, 168, 168, 168, 288, 288, 288, 336, 336,
          365, 365, 365.25)  # fmt: skip
"""Cycles of calendars with at least 20 steps, repeated by how common they are."""

ByCycle = Float[Tensor, "series cycle"]


def long_periods(generator: Generator, count: int) -> PerSeries:
    """Cycle lengths from 20 to 400 steps: three in five of calendars, three in ten whole, the others any."""
    free = log_uniform(generator, count, 20, 400)
    kind = uniform(generator, count, 0, 1)
    return torch.where(kind < 0.6, pick(generator, count, COMMON), torch.where(kind < 0.9, free.round(), free))


def noise_share(generator: Generator, count: int) -> PerSeries:
    """Noise over the deviation of the cycle, log-uniform from 0.2 % to 30 %, with half of it between 2 % and 12 %."""
    usual, any_size = log_uniform(generator, count, 0.02, 0.12), log_uniform(generator, count, 0.002, 0.3)
    return torch.where(chance(generator, count, 0.22), usual, any_size)  # 0.36 of `any_size` lies there too


def noise_around(generator: Generator, wave: Series, share: PerSeries) -> Series:
    """Noise of `share` deviations of the wave: white, persistent, or larger where the wave is high."""
    count, length = wave.shape
    kind = uniform(generator, count, 0, 1)
    keep = torch.where(kind < 0.3, uniform(generator, count, 0.2, 0.95), 0.0)
    noise = first_order(keep, innovations(generator, count, length))
    spread = deviation(wave).clamp(min=1e-6)
    busy = (0.7 * (kind > 0.8) * (wave - wave.mean(1, keepdim=True)) / spread).clamp(-3, 3).exp()
    return noise * busy * (share * spread / busy.square().mean(1, keepdim=True).sqrt())


def walks(generator: Generator, count: int, cycles: int, smallest: Number, largest: Number) -> ByCycle:
    """One value a cycle, which moves from the last by a log-uniform amount; in half of the series it tends to 0."""
    keep = torch.where(chance(generator, count, 0.5), 1.0, uniform(generator, count, 0.6, 1))
    return fading_sum(keep, log_uniform(generator, count, smallest, largest) * normal(generator, count, cycles))


def between_cycles(values: ByCycle, position: Series) -> Series:
    """Values at a position counted in cycles, linear from one cycle to the next."""
    cycle = position.long()
    return torch.lerp(values.gather(1, cycle), values.gather(1, cycle + 1), position - cycle)


def drifting_cycle(generator: Generator, cycle: Waveform, position: Series) -> Series:
    """Repeats a cycle whose shape, height and phase walk slowly, by position counted in cycles.

    The shape moves along two other waveforms by 1 % to 20 % a cycle, the height by 0.5 % to 15 %, and in a third of the
    series the phase by 0.1 % to 1 % of a cycle.
    """
    count = len(position)
    cycles = int(position.max()) + 2
    phase_walk = walks(generator, count, cycles, 0.001, 0.01) * chance(generator, count, 0.33)
    at = torch.remainder(position + between_cycles(phase_walk, position), 1) * PHASES
    total = look_up(cycle, at)
    for direction in waveform(generator, 2 * count).chunk(2):
        shape = walks(generator, count, cycles, 0.01, 0.2)
        total += between_cycles(shape, position) * look_up(direction, at)
    height = walks(generator, count, cycles, 0.005, 0.15).clamp(-1.5, 1.5)
    return total * between_cycles(height, position).exp()


def gentle_level(generator: Generator, count: int, length: int, period: PerSeries) -> Series:
    """A level that drifts smoothly, with a line in a third of the series and a small random walk in a sixth."""
    drift = log_uniform(generator, count, 0.03, 1.5) * chance(generator, count, 0.6)
    line = normal(generator, count) * chance(generator, count, 0.33) * clock(generator, length) / length
    size = log_uniform(generator, count, 0.02, 0.5) * chance(generator, count, 0.17) / period.sqrt()
    return drift * slow_path(generator, count, length) + line + size * normal(generator, count, length).cumsum(1)


def rests(generator: Generator, wave: Series, position: Series) -> Series:
    """Gives each cycle of seven its own level and height, as weekends have."""
    count = len(wave)
    day = torch.remainder(position.long(), WEEK)
    height = (uniform(generator, count, 0, 0.6) * weekday_levels(generator, count)).clamp(-1.5, 1).exp()
    levels = log_uniform(generator, count, 0.05, 1) * weekday_levels(generator, count)
    return wave * height.gather(1, day) + levels.gather(1, day)


def cycles(generator: Generator, count: int, length: int) -> Drawn:
    """One or two cycles of 20 to 400 steps under noise; in half of the series the shape drifts.

    A fifth have days of rest, so that seven cycles are a longer one; a fifth have a second, longer or unrelated cycle.
    """
    period = long_periods(generator, count)
    position = (clock(generator, length) + (uniform(generator, count, 0, 7) * period).floor()) / period
    cycle = waveform(generator, count)
    wave = repeat(cycle, period, (position[:, :1] * period).round(), length)
    kind = uniform(generator, count, 0, 1)
    other = torch.where(chance(generator, count, 0.5), WEEK * period, long_periods(generator, count))
    other = torch.where(kind < 0.2, WEEK * period, torch.where(kind > 0.8, other, 0.0))
    moving = chance(generator, count, 0.5).squeeze(1).nonzero().squeeze(1)
    if len(moving):
        wave[moving] = drifting_cycle(generator, cycle[moving], position[moving])
    resting = (kind < 0.2).squeeze(1).nonzero().squeeze(1)
    if len(resting):
        wave[resting] = rests(generator, wave[resting], position[resting])
    second = (kind > 0.8).squeeze(1).nonzero().squeeze(1)
    if len(second):
        extra = repeat(waveform(generator, len(second)), other[second], torch.zeros_like(other[second]), length)
        wave[second] += log_uniform(generator, len(second), 0.1, 1) * extra
    values = wave + gentle_level(generator, count, length, period)
    values = values + noise_around(generator, wave, noise_share(generator, count))
    return drawn(values, period, other)
