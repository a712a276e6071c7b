"""How far from the best there can be: noise whose law is known, so that the best forecast is known too.

    OMP_NUM_THREADS=1 python benchmarks/known_laws.py --model nanotst --model ar

Every value of a series is drawn from one law, independent of all others. The best forecast is the quantiles of that
law, whatever came before; who finds a pattern in such a series repeats accidents. Scored is the quantile loss of the
next 12 values over nine deciles, relative to that of the law; beside it the quantiles of the history itself, which are
all that is to be known, and nearly the best. No data are needed.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from machine import default_output, machine
from torch import Generator, Tensor

from segue.forecast.metrics import DECILES
from segue.forecast.named import load_predictor

HORIZON = 12
LENGTHS = (24, 96, 480)
Draw = Callable[[Generator, tuple[int, int]], Tensor]


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


LAWS: dict[str, Draw] = {
    "normal": normal,
    "exponential": exponential,
    "Poisson, mean 5": poisson(5),
    "Poisson, mean 0.5": poisson(0.5),
    "1 in a fifth of the steps, else 0": rarely(0.2, 0),
    "1 or more in a fifth, else 0": rarely(0.2, 4),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", action="append", help="a bundled model, a model folder, or ar; repeatable")
    parser.add_argument("--series", type=int, default=1000, help="of each law and length")
    parser.add_argument("--output", type=Path, help="CSV; by default named by machine and date")
    options = parser.parse_args()
    rows = [row for name in options.model or ["nanotst"] for row in measured(name, options.series)]
    result = pd.DataFrame(rows).assign(**machine(torch.get_num_threads()))
    print(result.pivot(index=["law", "length"], columns="model", values=["ratio"]).round(3).to_string())
    print(result.groupby("law")["history_ratio"].mean().round(3).to_string())
    output = options.output or default_output("known-laws")
    result.to_csv(output, index=False, float_format="%.6g")
    print(output)


def measured(name: str, series: int) -> list[dict[str, Any]]:
    """A row for each law and length: the loss of a model, and of the history's quantiles, over that of the law."""
    predictor = load_predictor(name, season=1)
    rows = []
    for law, draw in LAWS.items():
        generator = torch.Generator().manual_seed(0)
        exact = torch.quantile(draw(generator, (1000, 1000)).flatten(), _levels())
        values = draw(generator, (series, max(LENGTHS) + HORIZON))
        for length in LENGTHS:
            history, future = values[:, -HORIZON - length : -HORIZON], values[:, -HORIZON:]
            moving = history.amax(1) > history.amin(1)  # of a lane of equal values nobody could know better
            history, future = history[moving], future[moving]
            found = predictor.predict(history, torch.ones_like(history, dtype=torch.bool), HORIZON).at(DECILES)
            own = torch.quantile(history, _levels(), dim=1).T[:, None]
            best = quantile_loss(future, exact)
            ratios = {"ratio": quantile_loss(future, found) / best, "history_ratio": quantile_loss(future, own) / best}
            rows.append({"model": name, "law": law, "length": length, "series": len(history)} | ratios)
    return rows


def quantile_loss(actual: Tensor, quantiles: Tensor) -> float:
    """The mean pinball loss at the deciles, of values (series, horizon) and quantiles (..., level)."""
    error = actual[..., None] - quantiles
    return float(torch.maximum(_levels() * error, (_levels() - 1) * error).mean())


def _levels() -> Tensor:
    return torch.tensor(DECILES, dtype=torch.float64)


if __name__ == "__main__":
    main()
