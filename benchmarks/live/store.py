"""What the store of a watch writes for a value, and how long a commit and a restart take.

    python -m benchmarks.live.store [--output FILE.csv]

Each batch brings one value of each lane, or of every tenth lane. Lanes have the arrays of `segue.Watch` and of the
alerts, filled at random, so that every byte changes but those of a lane's first time. Bytes are those that the process
passes to the system, the write-ahead log and its checkpoints included.
"""

import argparse
import csv
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.machine import default_output, machine
from segue.live.alerts import start
from segue.live.lanes import Lanes
from segue.live.packing import RAW, READ, Small
from segue.live.store import Batch, Store
from segue.live.watch import Watch
from segue.state import State

BATCHES, CONTEXT = 30, 1_400
SIZES = ((1, 1), (100, 1), (1_000, 1), (1_000, 10), (10_000, 1))
IDENTITY = {"model": "none", "fingerprint": "benchmark"}


def written() -> int:
    """Bytes that this process has passed to the system so far (Linux)."""
    return int(Path("/proc/self/io").read_text().split("wchar:")[1].split()[0])


def lanes_of(names: list[str], step: int, small: Small, rng: np.random.Generator) -> Lanes:
    """Lanes with one new value."""
    count = len(names)
    arrays = {name: rng.integers(1, 100, (count, *shape)).astype(kind) for name, kind, shape in small.fields}
    arrays["small.first"] = np.zeros(count, np.int64)  # a lane with another first time would be a new one
    history = {key: rng.normal(size=(count, 1)) for key in (RAW, READ)}
    return Lanes(tuple(names), "h", np.full(count, step), State({**arrays, **history}))


def measure(lanes: int, apart: int, folder: Path) -> dict[str, float | int]:
    """Commits `BATCHES` batches of every `apart`-th of some lanes, and opens the store again."""
    empty = Watch("seasonal-naive", freq="h").lanes
    state = {**empty.state, **start(0)}
    state |= {key: np.full((0, CONTEXT), np.nan) for key in (RAW, READ)}
    empty, rng = Lanes((), "h", empty.last, State(state)), np.random.default_rng(0)
    small, names = Small.of(empty.state), [f"meter-{number}" for number in range(lanes)]
    nothing, path = np.zeros(lanes, np.int64), folder / f"{lanes}-{apart}.db"
    with Store(path, IDENTITY) as store:
        store.load(empty)
        store.commit(Batch(lanes_of(names, 0, small, rng), nothing, nothing))
        picked = names[::apart]
        batches = [lanes_of(picked, step, small, rng) for step in range(1, BATCHES + 1)]
        zeros = np.zeros(len(picked), np.int64)
        before, begin = written(), time.perf_counter()
        for step, batch in enumerate(batches):
            store.commit(Batch(batch, zeros + step, zeros, marks={"position": step}))
        seconds, size = time.perf_counter() - begin, written() - before
    begin = time.perf_counter()
    with Store(path, IDENTITY) as store:
        store.load(empty)
    return {
        "lanes": lanes,
        "of_batch": len(picked),
        "small_bytes": sum(np.dtype(kind).itemsize * int(np.prod(shape)) for _, kind, shape in small.fields),
        "bytes_a_value": round(size / (BATCHES * len(picked)), 1),
        "milliseconds_a_commit": round(1000 * seconds / BATCHES, 2),
        "seconds_to_load": round(time.perf_counter() - begin, 3),
        "file_bytes_a_lane": round(path.stat().st_size / lanes, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--output", type=Path, default=default_output("live-store"))
    output = parser.parse_args().output
    with tempfile.TemporaryDirectory() as folder:
        rows = [{**measure(*size, Path(folder)), **machine(1)} for size in SIZES]
    with output.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    for row in rows:
        print({name: value for name, value in row.items() if name not in machine(1)})


if __name__ == "__main__":
    main()
