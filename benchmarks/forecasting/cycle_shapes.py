"""One cycle of a noiseless series, as a function of the phase: textbook shapes, days, weeks and years."""

from collections.abc import Callable

import numpy as np

Shape = Callable[[np.ndarray, np.random.Generator], np.ndarray]
"""Phases in [0, 1) to values in any unit; the generator draws what differs between series of one shape."""

HARMONICS = 6
DAYS = 7


def sine(phase: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    return np.sin(2 * np.pi * phase)


def saw(phase: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """A steady rise and a fall within one step."""
    return phase


def triangle(phase: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    return np.abs(2 * phase - 1)


def smooth(phase: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Random harmonics whose amplitudes fall as 1 / order."""
    order = np.arange(1, HARMONICS + 1)
    amplitude, shift = draw.normal(size=HARMONICS) / order, draw.uniform(size=HARMONICS)
    return np.sin(2 * np.pi * (phase[..., None] * order + shift)) @ amplitude


def day(phase: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """A flat night, a bump in the morning and a higher one in the evening."""
    values = np.zeros(phase.shape)
    for hour, height in ((draw.uniform(7, 11), draw.uniform(0.5, 1)), (draw.uniform(16, 20), 1.0)):
        values += height * bump(phase, hour / 24, draw.uniform(1, 2.5) / 24)
    return values


def bump(phase: np.ndarray, centre: float, width: float) -> np.ndarray:
    """A Gaussian bump on the circle of phases."""
    distance = np.abs(phase - centre)
    return np.exp(-0.5 * np.square(np.minimum(distance, 1 - distance) / width))


def week(phase: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Five equal working days, and two days of the weekend that have another shape and less height."""
    today = (DAYS * phase) % 1
    working, weekend = day(today, draw), draw.uniform(0.2, 0.7) * day(today, draw)
    return np.where(DAYS * phase < DAYS - 2, working, weekend)


def year(phase: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """An annual wave with its second harmonic, and a peak of some weeks."""
    wave = np.sin(2 * np.pi * (phase + draw.uniform())) + 0.3 * np.sin(4 * np.pi * (phase + draw.uniform()))
    return wave + draw.uniform(0.5, 1.5) * bump(phase, draw.uniform(), 0.04)
