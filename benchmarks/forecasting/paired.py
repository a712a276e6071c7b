"""This checkout against another installation of segue, in alternating processes: speed, memory, cold start.

    python -m benchmarks.forecasting.paired --other-python OTHER/venv/bin/python

Each repeat runs a process of either, one right after the other, so that a busy minute disturbs both; ratios are taken
within repeats. Measured are `segue.forecast` from frame to frame on synthetic series of 512 hourly values, 24 steps
ahead, after one call to warm up; the peak memory of that process; and the command on `examples/air_passengers.csv`,
cold. The other one may have the API of commit 0fa954a. `--python` names an installation of this checkout, such as one
without torch; the default is the Python that runs this, which has to draw the series and so needs torch.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.figures import write_figures
from benchmarks.forecasting.process import Finished, run, summary
from benchmarks.forecasting.series import HORIZON, TABLE, write_elsewhere
from benchmarks.machine import default_output, machine

WORKER = Path(__file__).with_name("paired_worker.py")
EXAMPLE = Path(__file__).parents[2] / "examples" / "air_passengers.csv"
ENTRY = "from segue.cli import main; main()"  # what the `segue` script does


def main() -> None:
    options = read_options()
    with tempfile.TemporaryDirectory() as folder:
        write_elsewhere(Path(folder), options.series)
        sides = {"this": this_side(options.python, Path(folder)), "other": Side(options.other_python, Path(folder))}
        rows = measure(sides, options)
    if sides["this"].segue == sides["other"].segue:
        raise SystemExit(f"--other-python {options.other_python}: name an installation of another segue")
    about = {f"{name}_{what}": getattr(side, what) for name, side in sides.items() for what in ("commit", "versions")}
    write_figures(rows, options.output or default_output("paired"), about | machine(options.threads))


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--other-python", type=Path, required=True, help="the Python of the other installation")
    parser.add_argument("--python", type=Path, help="the Python of an installation of this checkout")
    parser.add_argument("--model", action="append", help="a model that both have; repeatable")
    parser.add_argument("--series", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--output", type=Path, help="CSV; by default named by machine and date")
    options = parser.parse_args()
    options.model = options.model or ["nanotst", "nanotst-small"]
    return options


@dataclass
class Side:
    """One of the two installations."""

    python: Path
    folder: Path
    """Where it runs: a folder without a package that an import could take for the installed one."""
    source: str | None = None
    """The folder of its packages, if it is not installed; nothing else of PYTHONPATH reaches a process."""
    segue: Path | None = field(default=None, init=False)
    """Where its package lies, once it said so."""
    versions: str = field(default="", init=False)
    """The versions of the packages that count, once it said so."""

    def run(self, arguments: Sequence[str | Path], threads: int) -> Finished:
        # neither the scripts of this folder nor what is set for the Python that runs this shall be found by an import
        command = [self.python, "-c", *arguments]
        return run(command, threads, {"PYTHONPATH": self.source, "PYTHONHOME": None}, self.folder)

    def forecast(self, model: str, threads: int) -> tuple[float, float]:
        """Seconds of a call, and the peak of its process in MiB."""
        finished = self.run([WORKER.read_text(), model, self.folder / TABLE, str(HORIZON)], threads)
        said = json.loads(finished.printed)
        self.segue, self.versions = Path(said["segue"]), said["versions"]
        return said["seconds"], finished.peak

    def command(self, threads: int) -> tuple[float, float]:
        """Seconds of the command, cold, and its peak in MiB."""
        finished = self.run([ENTRY, "forecast", EXAMPLE, "--horizon", str(HORIZON)], threads)
        return finished.seconds, finished.peak

    @property
    def commit(self) -> str:
        """The commit of its checkout; empty where it is none."""
        if self.segue is None:
            return ""
        command = ["git", "-C", self.segue.parent, "rev-parse", "--short=7", "HEAD"]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def this_side(python: Path | None, folder: Path) -> Side:
    """An installation of this checkout, or the package that the Python running this would import."""
    if python is not None:
        return Side(python, folder)
    found = find_spec("segue")
    if found is None or found.origin is None:
        raise SystemExit("segue is not installed here: pip install -e . first")
    return Side(Path(sys.executable), folder, str(Path(found.origin).parents[1]))


def measure(sides: dict[str, Side], options: argparse.Namespace) -> list[dict[str, Any]]:
    """A row a figure and model: this one, the other one, and their ratios."""
    threads, rows = options.threads, []
    for model in options.model:
        runs = alternating(sides, options.repeats, lambda side, model=model: side.forecast(model, threads))
        rates = {name: [options.series / seconds for seconds, _ in found] for name, found in runs.items()}
        rows.append(row(f"forecast, {options.series} series", model, "series/s", rates))
        rows.append(row("forecast, peak memory", model, "MiB", peaks(runs)))
    for side in sides.values():
        side.command(threads)  # the first run also compiles Python and fills the page cache
    runs = alternating(sides, options.repeats, lambda side: side.command(threads))
    seconds = {name: [second for second, _ in found] for name, found in runs.items()}
    rows.append(row("segue forecast, one series", "nanotst", "s", seconds))
    rows.append(row("segue forecast, peak memory", "nanotst", "MiB", peaks(runs)))
    return rows


Runs = dict[str, list[tuple[float, float]]]
"""Of each side, the seconds and the peak of each repeat."""


def alternating(sides: dict[str, Side], repeats: int, once: Callable[[Side], tuple[float, float]]) -> Runs:
    """Both sides in turn; the one that goes first in a repeat goes last in the next."""
    runs: Runs = {name: [] for name in sides}
    for repeat in range(repeats):
        for name in list(sides)[:: 1 if repeat % 2 == 0 else -1]:
            runs[name].append(once(sides[name]))
    return runs


def peaks(runs: Runs) -> dict[str, list[float]]:
    return {name: [peak for _, peak in found] for name, found in runs.items()}


def row(figure: str, model: str, unit: str, numbers: dict[str, list[float]]) -> dict[str, Any]:
    """Median, least and largest of this one, of the other one, and of the ratio of this to the other in each repeat."""
    ratios = [own / its for own, its in zip(numbers["this"], numbers["other"], strict=True)]
    found: dict[str, Any] = {"figure": figure, "model": model, "unit": unit, "repeats": len(ratios)}
    for name, values in (*numbers.items(), ("ratio", ratios)):
        found |= summary(values, f"{name}_")
    shown = " ".join(f"{name} {found[f'{name}_median']:.4g}" for name in numbers)
    extent = f"{found['ratio_min']:.3f} to {found['ratio_max']:.3f}"
    print(f"{model:<14} {figure:<28} {shown} {unit}, ratio {found['ratio_median']:.3f} ({extent})", flush=True)
    return found


if __name__ == "__main__":
    main()
