"""How much quantiles of counts move with the batch, the threads, the unit and the engine, in steps between counts.

    python -m benchmarks.forecasting.edges --series 2000

Quantiles of counts are rounded to counts (`segue.forecasting.support`). A quantile near the edge between two counts may
then flip by a rounding error of the network. Each row is one comparison with the forecast in batches of 32 on one
thread: the share of quantiles with other bits, the largest difference, and how many flip for each width of the edge.
`unfilled` runs batches of 7 that are not filled up to a multiple of four lanes, which Segue never does. `times 3` is
another unit, and `torch` another engine. `at half-way` counts the quantiles within 1e-5 steps of half-way, and `below`
those as near to the edge of 1e-4 below it.
"""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch

from benchmarks.figures import write_figures
from benchmarks.machine import default_output, machine
from segue.forecasting.nanotst import graph
from segue.forecasting.nanotst.graph import ExportedModel
from segue.forecasting.predictor import History, Predictor
from segue.forecasting.pretraining.grammar.demand import intermittent
from segue.forecasting.pretraining.grammar.productions import counts

LENGTHS, HORIZON, BATCH, ALONE = (48, 300, 700), 24, 32, 200
EDGES = (0.0, 1e-6, 1e-5, 1e-4, 1e-3)
SCALES = (1, 1, 100)  # a third of the series has counts of many thousands, in steps of one

Predicted = np.ndarray


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, help="CSV; by default named by machine and date")
    options = parser.parse_args()
    drawn = [draw(options.series // len(LENGTHS), length, options.seed) for length in LENGTHS]
    rows = [row for name in ("nanotst", "nanotst-small") for row in compared(name, drawn)]
    write_figures(
        rows, options.output or default_output("edges"), {"series": sum(map(len, drawn)), **machine(threads=1)}
    )


def draw(count: int, length: int, seed: int) -> np.ndarray:
    """Counts of the grammar that end with some demand: Poisson and intermittent ones, small and large."""
    generator = torch.Generator().manual_seed(seed)
    made = torch.cat([counts(generator, count, length).values, intermittent(generator, count, length)]).double().numpy()
    made = np.round(made)[np.random.default_rng(seed).permutation(2 * count)]
    scales = np.resize(SCALES, len(made))[:, None]
    large = made * scales + np.random.default_rng(seed).integers(0, scales, made.shape)
    return np.asarray(large[large.std(1) > 0][:count])


def compared(name: str, drawn: list[np.ndarray]) -> Iterator[dict[str, object]]:
    """The rows of a bundled model."""
    one, two = (ExportedModel.from_pretrained(name, threads=threads) for threads in (1, 2))
    base = [predict(one, values, BATCH) for values in drawn]
    first, order = slice(0, ALONE // len(drawn)), np.random.default_rng(1)
    orders = [order.permutation(len(values)) for values in drawn]
    ways: dict[str, Callable[[int, np.ndarray], tuple[Predicted, Predicted]]] = {
        "alone": lambda index, values: (base[index][first], predict(one, values[first], 1)),
        "other order": lambda index, values: (base[index][orders[index]], predict(one, values[orders[index]], BATCH)),
        "two threads, all at once": lambda index, values: (base[index], predict(two, values, len(values))),
        "unfilled": lambda index, values: (base[index], unfilled(one, values)),
        "times 3": lambda index, values: (base[index], predict(one, 3 * values, BATCH) / 3),
        "torch": lambda index, values: (base[index], predict(by_torch(name), values, BATCH)),
    }
    for way, both in ways.items():
        pairs = [both(index, values) for index, values in enumerate(drawn)]
        left, right = (np.concatenate([pair[side].ravel() for pair in pairs]) for side in (0, 1))
        row = {"model": name, "comparison": way, **figures(left, right)}
        print(row, flush=True)
        yield row


def figures(left: np.ndarray, right: np.ndarray) -> dict[str, object]:
    """What the differences of two forecasts of the same counts are."""
    moved, size = np.abs(left - right), np.maximum(np.abs(left), 1.0)
    small = size < 1000
    flips = {f"flips {edge:g}": int((rounded(left, edge) != rounded(right, edge)).sum()) for edge in EDGES}
    beside = np.mod(left, 1.0)
    return {
        "quantiles": len(left),
        "other_bits": float((moved > 0).mean()),
        "largest_below_1000": float(moved[small].max()),
        "largest": float(moved.max()),
        "largest_relative": float((moved / size).max()),
        "p999_relative": float(np.quantile(moved / size, 0.999)),
        **flips,
        "at half-way": int((np.abs(beside - 0.5) < 1e-5).sum()),
        "below": int((np.abs(beside - 0.5 + 1e-4) < 1e-5).sum()),
    }


def rounded(quantiles: np.ndarray, edge: float) -> np.ndarray:
    """As `within_support` rounds them."""
    return np.asarray(np.floor(quantiles + 0.5 + edge))


def predict(predictor: Predictor, values: np.ndarray, batch: int) -> Predicted:
    """The quantiles in batches, before they are rounded."""
    parts = np.split(values, range(batch, len(values), batch))
    return np.concatenate([predictor.predict(history(part), HORIZON).quantiles for part in parts])


def history(values: np.ndarray) -> History:
    """Without missing values and known seasons."""
    return History(values, np.ones(values.shape, dtype=bool), np.zeros((len(values), 1)))


def unfilled(model: ExportedModel, values: np.ndarray) -> Predicted:
    """Batches of 7 lanes, as they are."""
    with patch.object(graph, "_GROUP", 1):
        return predict(model, values, 7)


def by_torch(name: str) -> Predictor:
    """The torch model of the same weights."""
    from segue.forecasting.nanotst.model import NanoTST

    return NanoTST.from_pretrained(name)


if __name__ == "__main__":
    main()
