"""How far a model is from the best forecast, on series whose distribution is known.

    OMP_NUM_THREADS=1 python -m benchmarks.forecasting.known_distributions --model nanotst --model ar

`distributions.py` holds the series. On noise the best forecast is the quantiles of the distribution: a model that
detects a pattern there repeats accidents. On processes it is the normal distribution of the future given the past and
all parameters, which nobody knows who sees the series alone. The score is the quantile loss of the next 12 values over
nine deciles, relative to that of the best forecast; beside it stands the loss of the history's own quantiles. The
benchmark needs no data, and torch only to draw the series.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.machine import default_output, machine
from segue.forecasting.evaluation.metrics import DECILES
from segue.forecasting.predictor import Predictor, predict_lanes
from segue.forecasting.registry import load_predictor
from segue.threads import usable_threads


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", action="append", help="a name such as nanotst or ar, or a model folder; repeatable")
    parser.add_argument("--series", type=int, default=1000, help="of each distribution and length")
    parser.add_argument("--output", type=Path, help="CSV; by default named by machine and date")
    options = parser.parse_args()
    names = options.model or ["nanotst"]
    result = pd.DataFrame([row for name in names for row in measured(name, options.series)])
    output = options.output or default_output("known-distributions")
    result.assign(**machine(usable_threads())).to_csv(output, index=False, float_format="%.6g")
    table = result.pivot(index=["distribution", "length"], columns="model", values="ratio")
    print(table.loc[result["distribution"].unique()].round(3).to_string())
    print(output)


def measured(name: str, series: int) -> list[dict[str, Any]]:
    """A row for each distribution and length: the loss of a model, and of the history's quantiles, over the least."""
    from benchmarks.forecasting.distributions import HORIZON, LENGTHS, PROCESSES, sample

    predictor = load_predictor(name)
    rows = []
    for distribution in PROCESSES:
        values, best = sample(distribution, series)
        future = values[:, -HORIZON:]
        least = quantile_loss(future, best)
        for length in LENGTHS:
            history = values[:, -HORIZON - length : -HORIZON]
            own = np.quantile(history, DECILES, axis=1).T[:, None]
            rows.append(
                {"model": name, "distribution": distribution, "length": length, "series": series}
                | {"ratio": quantile_loss(future, deciles(predictor, history, HORIZON)) / least}
                | {"history_ratio": quantile_loss(future, own) / least}
            )
    return rows


def deciles(predictor: Predictor, history: np.ndarray, horizon: int) -> np.ndarray:
    """The forecast deciles (series, horizon, level); no season is suggested."""
    observed, seasons = np.ones(history.shape, dtype=bool), np.zeros((len(history), 0))
    return predict_lanes(predictor, history, observed, seasons, horizon).at(DECILES)


def quantile_loss(actual: np.ndarray, quantiles: np.ndarray) -> float:
    """The mean pinball loss at the deciles, of values (series, horizon) and quantiles (..., level)."""
    error, level = actual[..., None] - quantiles, np.array(DECILES)
    return float(np.maximum(level * error, (level - 1) * error).mean())


if __name__ == "__main__":
    main()
