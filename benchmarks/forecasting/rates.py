"""Series a second, side by side: our models, Chronos-Bolt-tiny's architecture, fracast and classical models in one run.

    python -m benchmarks.forecasting.rates --peer-python ENVIRONMENT/bin/python

Synthetic series of 512 values, 24 steps ahead, nine deciles at least, two threads. Every contender waits in a process
of its own and takes its turn: a round measures each once, so that what disturbs the machine disturbs all of them, and
ratios are taken within rounds. Chronos-Bolt and fracast run in an environment of their own
(`pip install torch chronos-forecasting`, `pip install --no-deps fracast`); without `--peer-python` they are left out.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.figures import write_figures
from benchmarks.forecasting.series import ARRAY, write_elsewhere
from benchmarks.machine import default_output, machine

REFERENCE = "chronos-bolt-tiny"
ELSEWHERE = (REFERENCE, "fracast")  # with --peer-python
CLASSICAL = ("auto-ets", "auto-theta")


def main() -> None:
    options = read_options()
    with tempfile.TemporaryDirectory() as folder:
        write_elsewhere(Path(folder), options.series)
        series = Path(folder) / ARRAY
        contenders = [Contender(name, series, options) for name in names(options)]
        for number in range(options.rounds):
            for contender in contenders:
                contender.take_turn()
            print(f"round {number + 1} of {options.rounds}", flush=True)
        for contender in contenders:
            contender.end()
    rows = [row(contender, contenders) for contender in contenders]
    show(rows)
    write_figures(rows, options.output or default_output("rates"), machine(options.threads))


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", action="append", help="a bundled model or a model folder; repeatable")
    parser.add_argument("--peer-python", type=Path, help="the Python of the environment of Chronos-Bolt and fracast")
    parser.add_argument("--series", type=int, default=512)
    parser.add_argument("--slow-series", type=int, default=16, help="how many of them the slow classical models get")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--output", type=Path, help="CSV; by default named by machine and date")
    options = parser.parse_args()
    options.model = options.model or ["nanotst", "nanotst-small"]
    return options


def names(options: argparse.Namespace) -> list[str]:
    return [*options.model, *(ELSEWHERE if options.peer_python else ()), "ar", "seasonal-naive", *CLASSICAL]


class Contender:
    """One process of `contenders.py`; `times` are the seconds of its turns."""

    def __init__(self, name: str, series: Path, options: argparse.Namespace) -> None:
        self.name = Path(name).name
        self.series = options.slow_series if name in CLASSICAL else options.series
        python = options.peer_python if name in ELSEWHERE else sys.executable
        self.process = subprocess.Popen(
            [python, "-m", "benchmarks.forecasting.contenders", name, series, str(self.series)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            # a thread that waits must not spin: the next contender has the cores
            env={**os.environ, "OMP_NUM_THREADS": str(options.threads), "OMP_WAIT_POLICY": "PASSIVE"},
        )
        self.about: dict[str, Any] = json.loads(self._read())  # warmed up: the next may start
        self.times: list[float] = []
        print(self.name, self.about, flush=True)

    def take_turn(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        self.times.append(float(self._read()))

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()

    def _read(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} ended with status {self.process.wait()}")
        return line

    @property
    def rates(self) -> list[float]:
        """Series a second of each turn."""
        return [self.series / seconds for seconds in self.times]


def row(contender: Contender, everyone: Sequence[Contender]) -> dict[str, Any]:
    """Rates of a contender, and its rate as a multiple of Chronos-Bolt-tiny's and of AutoETS's, round by round."""
    rates = contender.rates
    found: dict[str, Any] = {
        "model": contender.name,
        **contender.about,
        "series": contender.series,
        "rounds": len(rates),
        "series_per_s": statistics.median(rates),
        "min": min(rates),
        "max": max(rates),
        "ms_per_series": 1000 / statistics.median(rates),
    }
    for name in (REFERENCE, "auto-ets"):
        other = next((c.rates for c in everyone if c.name == name), None)
        multiples = [own / its for own, its in zip(rates, other, strict=True)] if other else []
        for label, pick in (("", statistics.median), (" min", min), (" max", max)):
            found[f"times {name}{label}"] = pick(multiples) if multiples else ""
    return found


def show(rows: Sequence[dict[str, Any]]) -> None:
    print(f"\n{'model':<20}{'parameters':>12}{'series/s':>10}{'least to most':>18}{'ms':>9}   times Bolt-tiny, AutoETS")
    for found in rows:
        extent = f"{found['min']:.0f} to {found['max']:.0f}"
        times = [found[f"times {name}"] for name in (REFERENCE, "auto-ets")]
        multiples = ", ".join(f"{multiple:.2f}" if multiple else "-" for multiple in times)
        print(
            f"{found['model']:<20}{found['parameters']:>12}{found['series_per_s']:>10.1f}{extent:>18}"
            f"{found['ms_per_series']:>9.2f}   {multiples}"
        )


if __name__ == "__main__":
    main()
