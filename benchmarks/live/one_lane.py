"""Does one lane cost the same after many values: the time and the memory of its updates, one value a call.

    python -m benchmarks.live.one_lane

Each row is a block of updates. A lane is full after 768 values, so all blocks but the first should be alike.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.figures import write_figures
from benchmarks.machine import default_output, machine
from segue import Watch


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="nanotst")
    parser.add_argument("--refresh", type=int, default=24)
    parser.add_argument("--updates", type=int, default=100_000)
    parser.add_argument("--blocks", type=int, default=10)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", type=Path, help="CSV; by default named by machine and date")
    options = parser.parse_args()
    watch = Watch(options.model, refresh=options.refresh, freq="h", threads=options.threads)
    random, rows = np.random.default_rng(0), list[dict[str, Any]]()
    size = options.updates // options.blocks
    for block in range(options.blocks):
        spent = block_of(watch, block * size, size, random)
        state = watch.lanes.state
        rows.append({
            "updates": (block + 1) * size, "ms, mean": 1e3 * float(spent.mean()),
            "ms, median": 1e3 * float(np.median(spent)), "ms, 99 %": 1e3 * float(np.quantile(spent, 0.99)),
            "bytes of the lane": sum(array.nbytes for array in state.values()), "resident MB": resident(),
        })  # fmt: skip
        print(rows[-1], flush=True)
    about = {"model": options.model, "refresh": options.refresh}
    write_figures(rows, options.output or default_output("live-one-lane"), about | machine(options.threads))


def block_of(watch: Watch, first: int, count: int, random: np.random.Generator) -> np.ndarray:
    """The seconds of each of some updates."""
    steps = np.arange(first, first + count)
    times = np.datetime64("2015-01-01T00", "us") + steps * np.timedelta64(1, "h")
    values = 10 * np.sin(steps * 2 * np.pi / 24) + random.normal(size=count)
    spent = np.empty(count)
    for number in range(count):
        begin = time.perf_counter()
        watch.observe(["a"], times[[number]], values[[number]])
        spent[number] = time.perf_counter() - begin
    return spent


def resident() -> float:
    """Megabytes that this process holds now (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


if __name__ == "__main__":
    main()
