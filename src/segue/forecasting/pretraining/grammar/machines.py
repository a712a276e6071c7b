"""Machines and their sensors: pulses, saw teeth, set points; and deterministic chaos."""

import math

import torch
from torch import Generator

from segue.forecasting.pretraining.grammar.combinators import PerSeries, Series, choose, deviation
from segue.forecasting.pretraining.grammar.draws import chance, log_uniform, normal, pick, uniform
from segue.forecasting.pretraining.grammar.events import round_to
from segue.forecasting.pretraining.grammar.filters import fading_sum, linear_scan
from segue.forecasting.pretraining.grammar.noises import persistent
from segue.forecasting.pretraining.grammar.seasons import periods
from segue.forecasting.pretraining.grammar.trends import slow_path


def turning(generator: Generator, count: int, length: int) -> Series:
    """The phase of a machine, counted in cycles; half of the series run at constant speed, half with jitter."""
    period = periods(generator, count).clamp(min=4)
    jitter = log_uniform(generator, count, 0.01, 0.3) * chance(generator, count, 0.5)
    steps = (1 + jitter * persistent(generator, count, length)).clamp(min=0.2) / period
    return steps.double().cumsum(1).float() + uniform(generator, count, 0, 1)


def pulses(generator: Generator, count: int, length: int) -> Series:
    """On and off by turns, with ramps of any slope; in some series a tenth of the pulses differ in height."""
    phase = turning(generator, count, length)
    cycle = phase.long()
    inside = phase - cycle
    duty, edge = uniform(generator, count, 0.08, 0.9), log_uniform(generator, count, 0.005, 0.3)
    shape = torch.minimum(inside, duty - inside) / edge
    cycles = int(cycle.max()) + 1
    odd = chance(generator, count, 0.3) & chance(generator, count, 0.1, cycles)
    height = (1 + 0.5 * odd * normal(generator, count, cycles)).gather(1, cycle)
    return shape.clamp(0, 1) * height


def teeth(generator: Generator, count: int, length: int) -> Series:
    """Saw teeth: tanks, stocks and charges that empty slowly and are refilled at once, to a fixed or varying level."""
    phase = turning(generator, count, length)
    cycle = phase.long()
    cycles = int(cycle.max()) + 1
    top = 1 + uniform(generator, count, 0, 0.3) * chance(generator, count, 0.5) * normal(generator, count, cycles)
    fall = 1 - (phase - cycle).pow(log_uniform(generator, count, 0.5, 2))
    return fall * top.gather(1, cycle) * pick(generator, count, [-1, 1, 1])


def steps(generator: Generator, count: int, length: int) -> Series:
    """Set points, each held for a while; in half of the series each adds to the last, as with prices and rates."""
    change = uniform(generator, count, 0, 1, length) < 1 / log_uniform(generator, count, 6, 300)
    piece = change.long().cumsum(1)
    size = normal(generator, count, length)
    few = (size * 2).round() / 2
    size = torch.where(chance(generator, count, 0.5), few, size)
    levels = torch.where(chance(generator, count, 0.5), size.cumsum(1), size)
    return levels.gather(1, piece.clamp(max=length - 1))


def settled(generator: Generator, target: Series) -> Series:
    """Follows a target with inertia of the first order, over up to 40 steps."""
    keep = (-1 / log_uniform(generator, len(target), 0.2, 40)).exp()
    drive = (1 - keep) * target
    drive[:, 0] = target[:, 0]
    return fading_sum(keep, drive)


def machine(generator: Generator, count: int, length: int) -> Series:
    """A machine's sensor: pulses, teeth or set points, plus drift and noise; half have inertia, a third is rounded."""
    target = choose(generator, count, length, [pulses, teeth, steps], [0.4, 0.25, 0.35])[0]
    followed = torch.where(chance(generator, count, 0.5), settled(generator, target), target)
    scale = deviation(target).clamp(min=0.05)
    drift = (
        log_uniform(generator, count, 0.01, 0.5) * chance(generator, count, 0.4) * slow_path(generator, count, length)
    )
    hiss = log_uniform(generator, count, 0.001, 0.15) * chance(generator, count, 0.7) * normal(generator, count, length)
    read = followed + scale * (drift + hiss)
    coarse = round_to(read, scale * log_uniform(generator, count, 0.05, 0.5))
    return torch.where(chance(generator, count, 0.33), coarse, read)


def logistic_map(generator: Generator, count: int, length: int) -> Series:
    """Orbits of x -> 4 x (1 - x), without a loop, and without the loss of digits of the plain iteration.

    The map is sin^2(pi u) of the doubling u -> 2 u mod 1, whose orbit shifts the binary digits of u. So
    u[t] = (digit[t] + u[t + 1]) / 2 is a linear recursion backwards in time over fair coin tosses.
    """
    digits = chance(generator, count, 0.5, length + 30).flip(1) / 2
    orbit = linear_scan(torch.full_like(digits, 0.5), digits).flip(1)[:, :length]
    return torch.sin(math.pi * orbit).square()


def chaos(generator: Generator, count: int, length: int) -> Series:
    """Logistic maps, as they are or as the target of a level with inertia; with some noise."""
    raw = logistic_map(generator, count, length)
    noise: PerSeries = 0.2 * uniform(generator, count, 0, 0.1)
    slow = settled(generator, raw)
    return torch.where(chance(generator, count, 0.5), raw, slow) + noise * normal(generator, count, length)
