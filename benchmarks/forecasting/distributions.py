"""Series whose distribution is known, so that the best forecast is known too; drawn by torch, given as numpy.

Noise: every value is drawn from one distribution, whatever came before. Processes: a season, a line or a wandering
level under noise, autoregressions, growth; what follows is normal, given the past and all parameters, or its
exponential.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Generator, Tensor

from segue.forecasting.evaluation.metrics import DECILES

HORIZON = 12
LENGTHS = (24, 96, 480)
TIME = max(LENGTHS) + HORIZON
WARM = 300  # steps before the first that is shown: autoregressions forget where they began
LEVELS = torch.tensor(DECILES, dtype=torch.float64)

Draw = Callable[[Generator, tuple[int, int]], Tensor]
"""Independent values of a shape."""
Process = Callable[[Generator, int], tuple[Tensor, Tensor]]
"""Draws series (series, TIME), and the best quantiles (series or 1, HORIZON, level) of their last HORIZON values."""


def sample(name: str, series: int) -> tuple[np.ndarray, np.ndarray]:
    """Series of one of `PROCESSES`, always the same, and the best quantiles of their last `HORIZON` values.

    Args:
        name: A name among `PROCESSES`.
        series: How many.

    Returns:
        Arrays of shape (series, TIME) and (series or 1, HORIZON, len(DECILES)).
    """
    values, best = PROCESSES[name](torch.Generator().manual_seed(0), series)
    return values.numpy(), best.numpy()


def noise(draw: Draw) -> Process:
    """Independent values of one distribution; its quantiles are those of a million draws."""

    def process(generator: Generator, series: int) -> tuple[Tensor, Tensor]:
        exact = torch.quantile(draw(generator, (1000, 1000)).flatten(), LEVELS)
        return draw(generator, (series, TIME)), exact.expand(1, HORIZON, -1)

    return process


def normal(generator: Generator, shape: tuple[int, int]) -> Tensor:
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def exponential(generator: Generator, shape: tuple[int, int]) -> Tensor:
    return -torch.log1p(-torch.rand(shape, generator=generator, dtype=torch.float64))


def poisson(mean: float) -> Draw:
    return lambda generator, shape: torch.poisson(torch.full(shape, mean, dtype=torch.float64), generator=generator)


def rarely(share: float, mean: float) -> Draw:
    """Zero, but in a share of the steps 1 more than a Poisson number."""

    def draw(generator: Generator, shape: tuple[int, int]) -> Tensor:
        hit = torch.rand(shape, generator=generator) < share
        return hit * (1 + poisson(mean)(generator, shape))

    return draw


def autoregression(carry: float) -> Process:
    """x[t] = carry * x[t - 1] + standard normal; a random walk where all is carried."""

    def process(generator: Generator, series: int) -> tuple[Tensor, Tensor]:
        values = normal(generator, (series, WARM + TIME))
        for step in range(1, WARM + TIME):
            values[:, step] += carry * values[:, step - 1]
        power = carry ** torch.arange(1, HORIZON + 1, dtype=torch.float64)
        variance = torch.cat([torch.ones(1, dtype=torch.float64), power[:-1].square()]).cumsum(0)
        return values[:, WARM:], gauss(values[:, -HORIZON - 1, None] * power, variance.sqrt())

    return process


def season(period: int, height: float) -> Process:
    """A cycle of normal values of that height, under standard normal noise."""

    def process(generator: Generator, series: int) -> tuple[Tensor, Tensor]:
        cycle = height * normal(generator, (series, period))
        path = cycle[:, torch.arange(TIME) % period]
        return path + normal(generator, (series, TIME)), gauss(path[:, -HORIZON:], torch.ones(HORIZON))

    return process


def line(slope: float) -> Process:
    """A line under standard normal noise."""

    def process(generator: Generator, series: int) -> tuple[Tensor, Tensor]:
        path = slope * torch.arange(TIME, dtype=torch.float64).expand(series, -1)
        return path + normal(generator, (series, TIME)), gauss(path[:, -HORIZON:], torch.ones(HORIZON))

    return process


def growth(rate: float, shock: float) -> Process:
    """The exponential of a random walk with such steps on average, and of such deviation: growth by a share."""

    def process(generator: Generator, series: int) -> tuple[Tensor, Tensor]:
        path = (rate + shock * normal(generator, (series, TIME))).cumsum(1)
        ahead = torch.arange(1, HORIZON + 1, dtype=torch.float64)
        return path.exp(), gauss(path[:, -HORIZON - 1, None] + rate * ahead, shock * ahead.sqrt()).exp()

    return process


def level(wander: float) -> Process:
    """A random walk of such steps under standard normal noise; the best forecast is exponential smoothing.

    The gain and the variance are those of the steady Kalman filter (Durbin & Koopman 2012, section 2.11).
    """
    before = (wander**2 + (wander**4 + 4 * wander**2) ** 0.5) / 2  # variance of the level, one step ahead
    gain = before / (before + 1)

    def process(generator: Generator, series: int) -> tuple[Tensor, Tensor]:
        values = wander * normal(generator, (series, WARM + TIME)).cumsum(1) + normal(generator, (series, WARM + TIME))
        known = values[:, 0]
        for step in range(1, WARM + TIME - HORIZON):
            known = known + gain * (values[:, step] - known)
        variance = gain + wander**2 * torch.arange(1, HORIZON + 1, dtype=torch.float64) + 1
        return values[:, WARM:], gauss(known[:, None].expand(-1, HORIZON), variance.sqrt())

    return process


def gauss(mean: Tensor, deviation: Tensor) -> Tensor:
    """The quantiles (series, HORIZON, level) of normal distributions."""
    return mean[..., None] + deviation[:, None] * torch.special.ndtri(LEVELS)


PROCESSES: dict[str, Process] = {
    "normal": noise(normal),
    "exponential": noise(exponential),
    "Poisson, mean 5": noise(poisson(5)),
    "Poisson, mean 0.5": noise(poisson(0.5)),
    "1 in a fifth of the steps, else 0": noise(rarely(0.2, 0)),
    "1 or more in a fifth, else 0": noise(rarely(0.2, 4)),
    "season of 12, height 1": season(12, 1),
    "season of 12, height 5": season(12, 5),
    "season of 7, height 1": season(7, 1),
    "line, slope 0.02": line(0.02),
    "line, slope 0.2": line(0.2),
    "level, steps 0.1": level(0.1),
    "level, steps 0.5": level(0.5),
    "autoregression 0.5": autoregression(0.5),
    "autoregression 0.9": autoregression(0.9),
    "random walk": autoregression(1.0),
    "growth by 3 %, shocks of 2 %": growth(0.03, 0.02),
}
