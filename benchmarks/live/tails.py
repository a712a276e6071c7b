"""Are p-values right where scores are of a known kind: alarms that a p-value promises, and those that come.

    python -m benchmarks.live.tails

Each kind has 50 lanes of 6,000 scores without anomalies. A figure is the rate of p-values below a level, divided by the
level: 1 is right, 2 are twice as many false alarms as were asked for.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import write_figures
from benchmarks.machine import default_output, machine
from segue.live.calibration import BOUND, EDGES, Curve, learnt

LANES, VALUES = 50, 6_000
LEVELS = (0.1, 0.01, 0.003, 0.001, 0.0003)
PARTS = {"values 128 to 1,000": slice(128, 1_000), "values 1,000 to 6,000": slice(1_000, None)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, help="CSV; by default named by machine and date")
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for kind, scores in kinds(np.random.default_rng(0)).items():
        p = p_values(np.abs(scores))
        for name, part in PARTS.items():
            own = {f"rate / {level}": float((p[:, part] < level).mean() / level) for level in LEVELS}
            rows.append({"scores": kind, "of": name} | own)
            print(rows[-1], flush=True)
    write_figures(rows, options.output or default_output("live-tails"), machine(1))


def kinds(random: np.random.Generator) -> dict[str, NDArray[np.float64]]:
    """Scores of each kind, (lanes, values)."""
    shape = (LANES, VALUES)
    volatility = np.zeros(shape)
    for value in range(1, VALUES):
        volatility[:, value] = 0.98 * volatility[:, value - 1] + 0.2 * random.normal(size=LANES)
    return {
        "normal": random.normal(size=shape),
        "normal, bands half as wide as right": 2 * random.normal(size=shape),
        "Laplace": random.laplace(size=shape),
        "Student, 3 degrees": random.standard_t(3, size=shape),
        "uniform": random.uniform(-1.7, 1.7, size=shape),
        "zero nine times in ten": np.where(random.random(shape) < 0.9, 0.0, 3 * random.normal(size=shape)),
        "wandering deviation": np.exp(0.5 * volatility) * random.normal(size=shape),
    }


def p_values(sizes: NDArray[np.float64], asked: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """The p-value of each score, or of each of `asked`, among the scores before it, (lanes, values)."""
    counts, spent = np.zeros((len(sizes), len(EDGES)), np.float32), np.zeros(len(sizes), np.float32)
    p = np.empty(sizes.shape)
    for value in range(sizes.shape[1]):
        curve = Curve.of(counts)
        own = curve.p_values(sizes[:, value])
        p[:, value] = own if asked is None else curve.p_values(asked[:, value])
        counts, spent = learnt(counts, spent, sizes[:, value], own, curve.sizes(BOUND))
    return p


if __name__ == "__main__":
    main()
