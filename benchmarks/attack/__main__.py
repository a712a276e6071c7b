"""Attacks on what Segue reads, and on its runs.

`python -m benchmarks.attack runs`
"""

import argparse
from collections.abc import Callable
from pathlib import Path

from benchmarks.figures import write_figures
from benchmarks.machine import default_output, machine

Rows = tuple[list[dict[str, object]], int]


def _runs(options: argparse.Namespace) -> Rows:
    from benchmarks.attack.runs import attack

    return attack(options.count or 150, options.seed)


def _minutes(options: argparse.Namespace) -> Rows:
    from benchmarks.attack.minutes import attack

    return attack(options.count or 9)


ATTACKS: dict[str, Callable[[argparse.Namespace], Rows]] = {
    "runs": _runs,
    "minutes": _minutes,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("attack", choices=ATTACKS)
    parser.add_argument(
        "--count", type=int, help="attempts; by default 150 kills at file operations, 9 patterns of load"
    )
    parser.add_argument("--seed", type=int, default=0, help="the attempts are a function of it")
    parser.add_argument("--output", type=Path, help="the CSV file; by default one in benchmarks/results")
    options = parser.parse_args()
    rows, faults = ATTACKS[options.attack](options)
    about = {"seed": options.seed, **machine(threads=1)}
    write_figures(rows, options.output or default_output(f"attack-{options.attack}"), about)
    total = sum(int(str(row["attempts"])) for row in rows)
    print(f"{total} attempts, {faults} faults")
    raise SystemExit(1 if faults else 0)


if __name__ == "__main__":
    main()
