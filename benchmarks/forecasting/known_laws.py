"""How far from the best there can be: series whose law is known, so that the best forecast is known too.

    OMP_NUM_THREADS=1 python -m benchmarks.forecasting.known_laws --model nanotst --model ar

Noise: every value is drawn from one law, whatever came before, and the best forecast is the quantiles of that law; who
finds a pattern there repeats accidents. Processes: a season, a line or a wandering level under noise, autoregressions;
the best forecast is the normal law of the future given the past and all parameters, which nobody has who sees the
series alone. Scored is the quantile loss of the next 12 values over nine deciles, relative to that of the best
forecast; beside it the quantiles of the history itself. No data are needed.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import Generator, Tensor

from benchmarks.machine import default_output, machine
from segue.forecasting.evaluation.metrics import DECILES
from segue.forecasting.registry import load_predictor

HORIZON = 12
LENGTHS = (24, 96, 480)
TIME = max(LENGTHS) + HORIZON
WARM = 300  # steps before the first that is shown: autoregressions forget where they began
Law = Callable[[Generator, int], tuple[Tensor, Tensor]]
"""Draws series (series, TIME), and the best quantiles (series or 1, HORIZON, level) of their last HORIZON values."""


def noise(draw: Callable[[Generator, tuple[int, int]], Tensor]) -> Law:
    """Independent values of one law; its quantiles are those of a million draws."""

    def law(generator: Generator, series: int) -> tuple[Tensor, Tensor]:
        exact = torch.quantile(draw(generator, (1000, 1000)).flatten(), levels())
        return draw(generator, (series, TIME)), exact.expand(1, HORIZON, -1)

    return law


def normal(generator: Generator, shape: tuple[int, int]) -> Tensor:
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def exponential(generator: Generator, shape: tuple[int, int]) -> Tensor:
    return -torch.log1p(-torch.rand(shape, generator=generator, dtype=torch.float64))


def poisson(mean: float) -> Callable[[Generator, tuple[int, int]], Tensor]:
    return lambda generator, shape: torch.poisson(torch.full(shape, mean, dtype=torch.float64), generator=generator)


def rarely(share: float, mean: float) -> Callable[[Generator, tuple[int, int]], Tensor]:
    """Zero, but in a share of the steps 1 more than a Poisson number."""

    def draw(generator: Generator, shape: tuple[int, int]) -> Tensor:
        hit = torch.rand(shape, generator=generator) < share
        return hit * (1 + poisson(mean)(generator, shape))

    return draw


def autoregression(carry: float) -> Law:
    """x[t] = carry * x[t - 1] + standard normal; a random walk where all is carried."""

    def law(generator: Generator, series: int) -> tuple[Tensor, Tensor]:
        values = normal(generator, (series, WARM + TIME))
        for step in range(1, WARM + TIME):
            values[:, step] += carry * values[:, step - 1]
        power = carry ** torch.arange(1, HORIZON + 1, dtype=torch.float64)
        variance = torch.cat([torch.ones(1, dtype=torch.float64), power[:-1].square()]).cumsum(0)
        return values[:, WARM:], gauss(values[:, -HORIZON - 1, None] * power, variance.sqrt())

    return law


def season(period: int, height: float) -> Law:
    """A cycle of normal values of that height, under standard normal noise."""

    def law(generator: Generator, series: int) -> tuple[Tensor, Tensor]:
        cycle = height * normal(generator, (series, period))
        path = cycle[:, torch.arange(TIME) % period]
        return path + normal(generator, (series, TIME)), gauss(path[:, -HORIZON:], torch.ones(HORIZON))

    return law


def line(slope: float) -> Law:
    """A line under standard normal noise."""

    def law(generator: Generator, series: int) -> tuple[Tensor, Tensor]:
        path = slope * torch.arange(TIME, dtype=torch.float64).expand(series, -1)
        return path + normal(generator, (series, TIME)), gauss(path[:, -HORIZON:], torch.ones(HORIZON))

    return law


def level(wander: float) -> Law:
    """A random walk of such steps under standard normal noise; the best forecast is exponential smoothing.

    The gain and the variance are those of the steady Kalman filter (Durbin & Koopman 2012, section 2.11).
    """
    before = (wander**2 + (wander**4 + 4 * wander**2) ** 0.5) / 2  # variance of the level, one step ahead
    gain = before / (before + 1)

    def law(generator: Generator, series: int) -> tuple[Tensor, Tensor]:
        values = wander * normal(generator, (series, WARM + TIME)).cumsum(1) + normal(generator, (series, WARM + TIME))
        known = values[:, 0]
        for step in range(1, WARM + TIME - HORIZON):
            known = known + gain * (values[:, step] - known)
        variance = gain + wander**2 * torch.arange(1, HORIZON + 1, dtype=torch.float64) + 1
        return values[:, WARM:], gauss(known[:, None].expand(-1, HORIZON), variance.sqrt())

    return law


def gauss(mean: Tensor, deviation: Tensor) -> Tensor:
    """The quantiles (series, HORIZON, level) of normal laws."""
    return mean[..., None] + deviation[:, None] * torch.special.ndtri(levels())


LAWS: dict[str, Law] = {
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
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", action="append", help="a bundled model, a model folder, or ar; repeatable")
    parser.add_argument("--series", type=int, default=1000, help="of each law and length")
    parser.add_argument("--output", type=Path, help="CSV; by default named by machine and date")
    options = parser.parse_args()
    names = options.model or ["nanotst"]
    result = pd.DataFrame([row for name in names for row in measured(name, options.series)])
    output = options.output or default_output("known-laws")
    result.assign(**machine(torch.get_num_threads())).to_csv(output, index=False, float_format="%.6g")
    print(result.pivot(index=["law", "length"], columns="model", values="ratio").loc[list(LAWS)].round(3).to_string())
    print(output)


def measured(name: str, series: int) -> list[dict[str, Any]]:
    """A row for each law and length: the loss of a model, and of the history's quantiles, over the least."""
    predictor = load_predictor(name, season=1)
    rows = []
    for law, draw in LAWS.items():
        values, best = draw(torch.Generator().manual_seed(0), series)
        future = values[:, -HORIZON:]
        least = quantile_loss(future, best)
        for length in LENGTHS:
            history = values[:, -HORIZON - length : -HORIZON]
            found = predictor.predict(history, torch.ones_like(history, dtype=torch.bool), HORIZON).at(DECILES)
            own = torch.quantile(history, levels(), dim=1).T[:, None]
            ratios = {
                "ratio": quantile_loss(future, found) / least,
                "history_ratio": quantile_loss(future, own) / least,
            }
            rows.append({"model": name, "law": law, "length": length, "series": series} | ratios)
    return rows


def quantile_loss(actual: Tensor, quantiles: Tensor) -> float:
    """The mean pinball loss at the deciles, of values (series, horizon) and quantiles (..., level)."""
    error = actual[..., None] - quantiles
    return float(torch.maximum(levels() * error, (levels() - 1) * error).mean())


def levels() -> Tensor:
    return torch.tensor(DECILES, dtype=torch.float64)


if __name__ == "__main__":
    main()
