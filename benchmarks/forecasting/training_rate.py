"""How fast this checkout trains beside another one, in alternating processes: patches a second.

    git worktree add ../other 0fa954a
    python -m benchmarks.forecasting.training_rate --other ../other

Each repeat trains a while in a process of either, one right after the other, by that checkout's own
`configs/nanotst.toml` and in one thread; ratios are taken within repeats. `--cores 1` binds a process to one core,
which makes the series and trains. With more cores, this checkout makes series and features in a second process. So two
rates count: per second of the clock, and per second of processor time of both processes. A patch *teaches* if its lane
has three values before it and it has a value itself; the others are padding or too early, and cost as much.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.figures import write_figures
from benchmarks.forecasting.paired import alternating, row
from benchmarks.forecasting.process import run
from benchmarks.machine import default_output, machine

HERE = Path(__file__).parents[2]
WORKER = Path(__file__).with_name("training_rate_worker.py")
FIGURES = {
    ("patches that teach", "per second"): ("teach", "wall"),
    ("patches that teach", "per processor second"): ("teach", "processor"),
    ("patches", "per second"): ("patches", "wall"),
    ("patches", "per processor second"): ("patches", "processor"),
}


def main() -> None:
    options = read_options()
    sides = {"this": Side(HERE, options), "other": Side(options.other.resolve(), options)}
    rows = []
    for cores in options.cores:
        runs: Any = alternating(sides, options.repeats, lambda side, cores=cores: side.train(cores))
        rows += rows_of(runs, cores)
    write_figures(rows, options.output or default_output("training-rate"), about(sides) | machine(options.threads))


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--other", type=Path, required=True, help="the other checkout, such as a git worktree")
    parser.add_argument("--config", default="configs/nanotst.toml", help="a config of both checkouts")
    parser.add_argument("--cores", type=int, action="append", help="cores of a process; repeatable; by default 1 and 2")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--steps", type=int, default=120, help="timed steps; a block of series lasts for 60")
    parser.add_argument("--warm-up", type=int, default=60, help="steps before")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--output", type=Path, help="CSV; by default named by machine and date")
    options = parser.parse_args()
    options.cores = options.cores or [1, 2]
    return options


@dataclass
class Side:
    """One of the two checkouts."""

    folder: Path
    options: argparse.Namespace

    def train(self, cores: int) -> dict[str, float]:
        """Trains in a process of its own: its patches, and the seconds that they took."""
        options = self.options
        command = [sys.executable, WORKER, self.folder / options.config, cores, options.warm_up, options.steps]
        with tempfile.TemporaryDirectory() as elsewhere:
            changes = {"PYTHONPATH": str(self.folder / "src"), "OMP_WAIT_POLICY": "PASSIVE"}
            finished = run([str(part) for part in command], options.threads, changes, Path(elsewhere))
        said: dict[str, float] = json.loads(finished.printed.splitlines()[-1])
        return said

    @property
    def commit(self) -> str:
        """The commit of the checkout."""
        command = ["git", "-C", self.folder, "rev-parse", "--short=7", "HEAD"]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def rows_of(runs: dict[str, list[dict[str, float]]], cores: int) -> list[dict[str, Any]]:
    """A row a figure: this one, the other one, and their ratios."""
    return [
        row(
            f"{name} {unit}, {cores} cores",
            "nanotst",
            f"patches {unit}",
            {side: [found[count] / found[seconds] for found in all_found] for side, all_found in runs.items()},
        )
        for (name, unit), (count, seconds) in FIGURES.items()
    ]


def about(sides: dict[str, Side]) -> dict[str, str]:
    return {f"{name}_commit": side.commit for name, side in sides.items()}


if __name__ == "__main__":
    main()
