"""How fast a watch is: values a second, memory a lane, and the time of one lane's update.

    python -m benchmarks.live.throughput

Hourly synthetic lanes, observed step by step: each call brings one value of every lane. The history is filled before,
in one call, so that forecasts read a whole context. `refresh` 1 is measured on fewer lanes.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.figures import write_figures
from benchmarks.machine import default_output, machine
from segue import State, Watch
from segue.live.lanes import Lanes

REFRESH = (1, 8, 24)


def main() -> None:
    options = read_options()
    rows: list[dict[str, Any]] = []
    for refresh in REFRESH:
        lanes = options.few if refresh == 1 else options.lanes
        rows += measure(options, refresh, lanes)
        print(*(f"{row['figure']} {row['value']:.6g}" for row in rows[-4:]), sep="\n", flush=True)
    versions = {"model": options.model, "values": options.values, "learn": options.learn}
    write_figures(rows, options.output or default_output("live-throughput"), machine(options.threads) | versions)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="nanotst", help="a bundled model or a model folder")
    parser.add_argument("--lanes", type=int, default=10_000)
    parser.add_argument("--few", type=int, default=500, help="lanes at refresh 1")
    parser.add_argument("--values", type=int, default=200, help="of each lane")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--learn", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--output", type=Path, help="CSV; by default named by machine and date")
    return parser.parse_args()


def measure(options: argparse.Namespace, refresh: int, lanes: int) -> list[dict[str, Any]]:
    """Four figures of one refresh."""
    names = np.arange(lanes)
    watch = Watch(options.model, refresh=refresh, freq="h", learn=options.learn, threads=options.threads)
    filled(watch, lanes, options.learn)
    random, start = np.random.default_rng(1), np.datetime64("2025-01-01T00", "us")
    spent = []
    for value in range(options.values):
        step = len_of(watch) + value
        times = np.full(lanes, start + step * np.timedelta64(1, "h"))
        values = 10 * np.sin(step * 2 * np.pi / 24) + random.normal(size=lanes)
        begin = time.perf_counter()
        watch.observe(names, times, values)
        spent.append(time.perf_counter() - begin)
    one = watch.part([0])
    history = sum(one.state[name].nbytes for name in ("history.raw", "history.read"))
    alone = alone_times(watch, start, len_of(watch) + options.values)
    head = {"refresh": refresh, "lanes": lanes}
    return [
        head | {"figure": "values a second", "value": lanes * options.values / sum(spent)},
        head | {"figure": "bytes a lane", "value": history + one.small_bytes},
        head | {"figure": "ms of one lane's update, median", "value": 1e3 * float(np.median(alone))},
        head | {"figure": "ms of one lane's update, mean", "value": 1e3 * float(np.mean(alone))},
    ]


def len_of(watch: Watch) -> int:
    """The number of steps that lanes have before the measurement."""
    return int(watch.predictor.context)


def filled(watch: Watch, lanes: int, learn: bool) -> None:
    """Gives a watch lanes with a whole context and a history of scores, without the time that this would take."""
    small, width = Watch(watch.predictor, refresh=24, freq="h", learn=learn), len_of(watch)
    times = np.datetime64("2025-01-01T00", "us") + np.arange(width) * np.timedelta64(1, "h")
    values = 10 * np.sin(np.arange(width) * 2 * np.pi / 24) + np.random.default_rng(0).normal(size=width)
    small.observe(np.zeros(width, dtype=np.int64), times, values)
    one = small.lanes
    state = State({name: np.repeat(array, lanes, axis=0) for name, array in one.state.items()})
    watch.lanes = Lanes(tuple(range(lanes)), one.freq, np.repeat(one.last, lanes), state)


def alone_times(watch: Watch, start: np.datetime64, step: int, count: int = 96) -> list[float]:
    """The time of each of some updates of a single lane."""
    spent = []
    for value in range(count):
        begin = time.perf_counter()
        watch.observe([0], np.array([start + (step + value) * np.timedelta64(1, "h")]), [float(value % 24)])
        spent.append(time.perf_counter() - begin)
    return spent


if __name__ == "__main__":
    main()
