"""Attacks on what Segue reads, on its runs and on its server.

`python -m benchmarks.attack folders`; add `--without-torch` for a process that cannot import it.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

from benchmarks.figures import write_figures
from benchmarks.machine import default_output, machine

Rows = tuple[list[dict[str, object]], int]


def _folders(options: argparse.Namespace) -> Rows:
    from benchmarks.attack.folders import attack

    return attack(options.count or 2000, options.seed, options.without_torch)


def _states(options: argparse.Namespace) -> Rows:
    from benchmarks.attack.states import attack

    return attack(options.count or 500, options.seed)


def _checkpoints(options: argparse.Namespace) -> Rows:
    from benchmarks.attack.checkpoints import attack

    return attack(options.count or 200, options.seed)


def _runs(options: argparse.Namespace) -> Rows:
    from benchmarks.attack.runs import attack

    return attack(options.count or 150, options.seed)


def _minutes(options: argparse.Namespace) -> Rows:
    from benchmarks.attack.minutes import attack

    return attack(options.count or 9)


def _whole_minutes(options: argparse.Namespace) -> Rows:
    from benchmarks.attack.whole_minutes import attack

    return attack(options.count or 3)


def _signals(options: argparse.Namespace) -> Rows:
    from benchmarks.attack.signals import attack

    return attack(options.count or 40, options.seed)


def _stream(options: argparse.Namespace) -> Rows:
    from benchmarks.attack.stream import attack

    return attack("seasonal-naive:60", options.count or 100, options.seed)


def _stream_nanotst(options: argparse.Namespace) -> Rows:
    from benchmarks.attack.stream import attack

    return attack("nanotst-small", options.count or 10, options.seed)


def _server(options: argparse.Namespace) -> Rows:
    from benchmarks.attack.server import attack

    return attack(options.count or 1000, options.seed)


ATTACKS: dict[str, Callable[[argparse.Namespace], Rows]] = {
    "folders": _folders,
    "states": _states,
    "checkpoints": _checkpoints,
    "runs": _runs,
    "minutes": _minutes,
    "whole-minutes": _whole_minutes,
    "signals": _signals,
    "stream": _stream,
    "stream-nanotst": _stream_nanotst,
    "server": _server,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("attack", choices=ATTACKS)
    parser.add_argument(
        "--count",
        type=int,
        help="attempts; by default 2000 folders, 500 states, 200 run folders, 150 or 100 kills, 9 or 3 loads, 40 "
        "signals a training, 1000 fields",
    )
    parser.add_argument("--seed", type=int, default=0, help="the attempts are a function of it")
    parser.add_argument("--without-torch", action="store_true", help="folders only: torch cannot be imported")
    parser.add_argument("--output", type=Path, help="the CSV file; by default one in benchmarks/results")
    options = parser.parse_args()
    rows, faults = ATTACKS[options.attack](options)
    name = f"attack-{options.attack}{'-without-torch' if options.without_torch else ''}"
    about = {"seed": options.seed, **machine(threads=1)}
    write_figures(rows, options.output or default_output(name), about)
    total = sum(int(str(row["attempts"])) for row in rows)
    print(f"{total} attempts, {faults} faults")
    raise SystemExit(1 if faults else 0)


if __name__ == "__main__":
    main()
