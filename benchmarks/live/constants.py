"""What each constant of the calibration decides: each halved and doubled, on scores of known kinds.

    python -m benchmarks.live.constants

`rate` is the rate of p-values below 0.001 over 0.001 in the values from 1,000 on, for the kinds of
`benchmarks/live/tails.py`: their mean, and the largest. `early` is the mean in values 128 to 1,000. `wider` is the rate
in the 1,000 values after the deviation of the scores has doubled: how soon a lane gets used to it. `blind` is the
p-value of a score of 20 after 100 of them in a row, the median of the lanes: small if they have not made it usual.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import write_figures
from benchmarks.live.tails import kinds, p_values
from benchmarks.machine import default_output, machine
from segue.live import calibration

CONSTANTS = ("_MEMORY", "_PRIOR", "_FEW", "_CREDIT", "_INCOME")
FACTORS = (0.5, 2.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lanes", type=int, default=50, help="of each kind")
    parser.add_argument("--values", type=int, default=6_000)
    parser.add_argument("--output", type=Path, help="CSV; by default named by machine and date")
    options = parser.parse_args()
    drawn = {
        name: scores[: options.lanes, : options.values] for name, scores in kinds(np.random.default_rng(0)).items()
    }
    own = {name: float(getattr(calibration, name)) for name in CONSTANTS}
    rows = [{"constant": "as they are", "value": "", **measured(drawn)}]
    print(rows[-1], flush=True)
    for name, factor in ((name, factor) for name in CONSTANTS for factor in FACTORS):
        setattr(calibration, name, own[name] * factor)
        rows.append({"constant": name, "value": own[name] * factor, **measured(drawn)})
        setattr(calibration, name, own[name])
        print(rows[-1], flush=True)
    write_figures(rows, options.output or default_output("live-constants"), machine(1))


def measured(drawn: dict[str, NDArray[np.float64]]) -> dict[str, Any]:
    """The figures of the constants as they are set now."""
    normal = np.abs(drawn["normal"])
    lanes, values = normal.shape
    doubled, burst = normal.copy(), normal.copy()
    doubled[:, values // 2 :] *= 2
    burst[:, values // 2 : values // 2 + 101] = 20.0
    p = p_values(np.concatenate([*map(np.abs, drawn.values()), doubled, burst]))
    kind = p[: lanes * len(drawn)].reshape(len(drawn), lanes, values)
    rates = (kind[..., min(1_000, values // 2) :] < 0.001).mean((1, 2)) / 0.001
    after = p[lanes * len(drawn) : lanes * (len(drawn) + 1), values // 2 : values // 2 + 1_000]
    return {
        "rate": float(rates.mean()),
        "largest rate": float(rates.max()),
        "early": float((kind[..., 128 : min(1_000, values // 2)] < 0.001).mean() / 0.001),
        "wider": float((after < 0.001).mean() / 0.001),
        "blind": float(np.median(p[-lanes:, values // 2 + 100])),
    }


if __name__ == "__main__":
    main()
