"""How many lanes one run of the exported graph should take: processor time a lane, by batch.

    python -m benchmarks.forecasting.lanes --model nanotst --model nanotst-small

Processor time of one thread, the least of some alternating runs: a busy machine disturbs it less than time on the wall.
"""

import argparse
import time

import numpy as np

from segue.forecasting.nanotst.graph import ExportedModel
from segue.forecasting.predictor import History

LENGTH, HORIZON = 512, 24
BATCHES = (8, 16, 24, 32, 48, 64, 96, 128)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", action="append", help="a bundled model or a model folder; repeatable")
    parser.add_argument("--repeats", type=int, default=12)
    options = parser.parse_args()
    for name in options.model or ["nanotst"]:
        times = measure(ExportedModel.from_pretrained(name, threads=1), options.repeats)
        print(name, "  ".join(f"{lanes}: {milliseconds:.3f} ms" for lanes, milliseconds in times.items()))


def measure(model: ExportedModel, repeats: int) -> dict[int, float]:
    """Milliseconds of processor time a lane, for each size of a batch."""
    least = dict.fromkeys(BATCHES, float("inf"))
    for _ in range(repeats + 1):  # the first run of each size also pays for memory
        for lanes in BATCHES:
            history = walks(lanes)
            begin = time.process_time()
            model.run(history, HORIZON)
            least[lanes] = min(least[lanes], (time.process_time() - begin) / lanes * 1e3)
    return least


def walks(lanes: int) -> History:
    """Random walks without missing values."""
    values = np.random.default_rng(0).normal(size=(lanes, LENGTH)).cumsum(1)
    return History(values, np.ones(values.shape, dtype=bool), np.zeros((lanes, 1)))


if __name__ == "__main__":
    main()
