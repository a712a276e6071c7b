"""Series that repeat one cycle under noise, so that the noiseless future is known; and the cells they are asked in.

A cell is eight series that differ in the phase they begin at. What is drawn depends on shape, period and repetitions
alone: cells that differ in their noise, missing values or given season share one cycle and one sequence of noise.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.forecasting import cycle_shapes as shapes

PHASES = 8
LONGEST = 720  # values of a history, but for years of days
NOISES = (0.0, 0.005, 0.02, 0.05, 0.1, 0.3)  # of the deviation of the noiseless series
MISSING = 0.1  # share of values, in the cells that have missing ones
PERIODS = range(24, 361)
EVERY = 8  # every eighth period also has cells with missing values and with its season given
QUICK = (24, 31, 48, 64, 72, 96, 100, 120, 144, 168, 200, 240, 288, 336, 360)  # a pass of the bundled model: 168 steps
VARIED = 0.02  # the noise of the quick cells with missing values and with the season given
SWEPT: dict[str, shapes.Shape] = {"sine": shapes.sine, "saw": shapes.saw, "smooth": shapes.smooth}
"""Shapes that are asked at every period."""


@dataclass(frozen=True)
class Calendar:
    """A shape with the steps of its period, which is not always whole, and how often it is seen."""

    shape: shapes.Shape
    period: float
    repetitions: tuple[int, ...]


CALENDARS = {
    "triangle": Calendar(shapes.triangle, 96, (2, 7)),
    "day of 5 minutes": Calendar(shapes.day, 288, (2,)),
    "day of 15 minutes": Calendar(shapes.day, 96, (2, 7)),
    "day of 30 minutes": Calendar(shapes.day, 48, (2, 10)),
    "day of hours": Calendar(shapes.day, 24, (2, 10)),
    "week of hours": Calendar(shapes.week, 168, (2, 4)),
    "week of half hours": Calendar(shapes.week, 336, (2,)),
    "year of days": Calendar(shapes.year, 365.25, (3,)),
    "year of weeks": Calendar(shapes.year, 52.18, (3, 10)),
}
"""Shapes that have periods of their own."""


@dataclass(frozen=True)
class Cell:
    """What is asked: a shape, how it is seen, and whether the forecaster is given its season."""

    shape: str
    period: float
    repetitions: int
    noise: float
    missing: bool = False
    given: bool = False

    @property
    def length(self) -> int:
        """Values of the history."""
        return round(self.repetitions * self.period)

    @property
    def horizon(self) -> int:
        """One period, in whole steps."""
        return round(self.period)


@dataclass(frozen=True, eq=False)
class Lanes:
    """The series of a cell.

    Attributes:
        values: Histories (phases, time), noise included; finite also where missing.
        observed: False where a value is missing; true in the last column.
        seasons: (phases, 1); zero where the season is not given.
        truth: The noiseless future (phases, horizon).
    """

    values: np.ndarray
    observed: np.ndarray
    seasons: np.ndarray
    truth: np.ndarray


def draw(cell: Cell) -> Lanes:
    """The series of a cell, always the same; the noiseless history has mean 0 and deviation 1."""
    shape = SWEPT.get(cell.shape) or CALENDARS[cell.shape].shape
    seed = zlib.crc32(f"{cell.shape}, {cell.period}, {cell.repetitions}".encode())
    time = np.arange(cell.length + cell.horizon)
    # the modulo of steps first: of a whole period it is exact, so that every cycle has the same bits
    phase = (time + cell.period * np.arange(PHASES)[:, None] / PHASES) % cell.period / cell.period
    clean = np.stack([shape(row, np.random.default_rng([seed, lane])) for lane, row in enumerate(phase)])
    past = clean[:, : cell.length]
    clean = (clean - past.mean(1, keepdims=True)) / past.std(1, keepdims=True)
    chance = np.random.default_rng(seed)
    values = clean[:, : cell.length] + cell.noise * chance.normal(size=past.shape)
    observed = chance.uniform(size=past.shape) >= (MISSING if cell.missing else 0)
    observed[:, -1] = True  # the horizon begins after the last observed value
    seasons = np.full((PHASES, 1), cell.period if cell.given else 0.0)
    return Lanes(np.where(observed, values, 0.0), observed, seasons, clean[:, cell.length :])


def cells(quick: bool) -> Iterator[Cell]:
    """All cells, those of equal length and horizon next to each other.

    Each period has half of the pairs of a shape and a noise, and its neighbours have the others; the repetitions go
    round among those that fit. `quick` keeps some periods, each with all pairs at no noise, 2 % and 10 %.
    """
    found = [*swept(quick), *calendars(quick)]
    yield from sorted(found, key=lambda cell: (cell.horizon, cell.length))


def swept(quick: bool) -> Iterator[Cell]:
    for period in QUICK if quick else PERIODS:
        fitting = range(2, min(10, LONGEST // period) + 1)
        for kind, shape in enumerate(SWEPT):
            for level, noise in enumerate(NOISES):
                turn = period + kind + level
                if (level % 2 and quick) or (turn % 2 and not quick):
                    continue
                cell = Cell(shape, period, fitting[turn // 2 % len(fitting)], noise)
                yield from variants(cell) if (noise == VARIED if quick else period % EVERY == 0) else [cell]


def calendars(quick: bool) -> Iterator[Cell]:
    for shape, calendar in CALENDARS.items():
        for repetitions in calendar.repetitions[: 1 if quick else None]:
            for noise in NOISES[:: 2 if quick else 1]:
                cell = Cell(shape, calendar.period, repetitions, noise)
                yield from variants(cell) if noise == VARIED or not quick else [cell]


def variants(cell: Cell) -> Iterator[Cell]:
    """The cell with and without missing values, with and without its season."""
    for missing in (False, True):
        for given in (False, True):
            yield replace(cell, missing=missing, given=given)
