"""Mutated tables: the readers may read or refuse one, and nothing else.

    python -m benchmarks.tables.mutated --count 10000 --seed 0 --keep faults

An input is a CSV file made from one of 40 base tables, a Parquet file, or a typed frame of pandas or polars. Its cells,
layout, encoding, bytes and options are mutated. It is read and forecast three steps ahead by `seasonal-naive`; every
50th file goes through the whole command with a picture. Faults are an exception other than `UserError`, a warning other
than `Notice`, more than 20 seconds, more than 1 GB, a control character on the terminal, and a process that died.
`--only NUMBER` runs one input alone, in this process.
"""

import argparse
import collections
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.figures import write_figures
from benchmarks.machine import default_output, machine
from benchmarks.tables.bases import COUNT, base
from benchmarks.tables.frames import pandas_frame, parquet, polars_frame
from benchmarks.tables.inputs import Input, keep
from benchmarks.tables.lanes import outcomes, tried
from benchmarks.tables.mutations import HOSTILE, mutate_bytes, mutate_cells, pack, render
from benchmarks.tables.trial import Outcome

KINDS = ("read", "refused", "exception", "warning", "slow", "large", "terminal", "died")
_SHARES = {"cells": 0.35, "bytes": 0.2, "parquet": 0.17, "pandas": 0.2, "polars": 0.08}
"""The families of inputs; most people's tables are text."""


def main() -> None:
    options = read_options()
    if options.only is not None:
        alone(options)
        return
    numbers = range(options.first, options.first + options.count)
    made = list(collected(options, numbers))
    rows = [row(family, [each for each in made if family in ("all", each.family)]) for family in ("all", *_SHARES)]
    about = {"count": options.count, "seed": options.seed, "first": options.first}
    write_figures(rows, options.output or default_output("mutated"), about | machine(options.workers))
    faults = sum(each.fault for each in made)
    raise SystemExit(f"{faults:,} faults in {len(made):,} tables" if faults else 0)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0, help="the number of the first table")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--whole-every", type=int, default=50, help="how many tables to one through the whole command")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="a folder for the tables that failed")
    parser.add_argument("--only", type=int, metavar="NUMBER", help="run one table alone")
    parser.add_argument("--output", type=Path, help="CSV; by default named by machine and date")
    return parser.parse_args()


def collected(options: argparse.Namespace, numbers: Sequence[int]) -> list[Outcome]:
    """All outcomes; each fault is printed and kept as soon as it comes."""
    made = []
    for outcome in outcomes(make, options.seed, numbers, options.whole_every, options.workers):
        made.append(outcome)
        if outcome.fault:
            print(f"{outcome.number:6d} {outcome.family:<8} {outcome.kind:<10} {outcome.detail[:300]}", flush=True)
            if options.keep:
                keep(make(options.seed, outcome.number), options.keep, f"{outcome.kind}: {outcome.detail}")
        if len(made) % 1000 == 0:
            print(f"{len(made):,} tables, {sum(each.fault for each in made):,} faults", flush=True)
    return made


def alone(options: argparse.Namespace) -> None:
    """One table in this process, and what it is."""
    given = make(options.seed, options.only)
    outcome = tried(make, options.seed, options.only, options.whole_every)
    if options.keep:
        keep(given, options.keep, f"{outcome.kind}: {outcome.detail}")
    shown = given.content[:600] if given.frame is None else given.frame
    print(f"{shown!r}\nlayout {dict(given.layout)}, form {dict(given.form)}, suffix {given.suffix}")
    print(
        f"{outcome.family} {outcome.kind} in {outcome.seconds:.2f} s and {outcome.megabytes:.0f} MB: {outcome.detail}"
    )


def row(family: str, made: Sequence[Outcome]) -> dict[str, Any]:
    """The counts of one family, printed as well."""
    counts = collections.Counter(each.kind for each in made)
    slowest = max((each.seconds for each in made), default=0.0)
    largest = max((each.megabytes for each in made), default=0.0)
    found = {"family": family, "tables": len(made), **{kind: counts[kind] for kind in KINDS}}
    print(", ".join(f"{name} {value}" for name, value in found.items()), f"slowest {slowest:.1f} s, {largest:.0f} MB")
    return {**found, "slowest_s": slowest, "largest_mb": largest}


# one input ------------------------------------------------------------------------------------------------------------


def make(seed: int, number: int) -> Input:
    """Makes the input of a seed and a number."""
    random = np.random.default_rng((seed, number))
    family = str(random.choice(list(_SHARES), p=list(_SHARES.values())))
    layout, form = options_of(random)
    if family == "pandas":
        return Input(number, family, frame=pandas_frame(random), layout=layout)
    if family == "polars":
        return Input(number, family, frame=polars_frame(random), layout=layout)
    if family == "parquet":
        content = parquet(random)
        damaged = mutate_bytes(content, random) if random.random() < 0.3 else content
        return Input(number, family, damaged, ".parquet", layout=layout, form=form)
    table = base(int(random.integers(COUNT)), random)
    if family == "cells" or random.random() < 0.3:
        table = mutate_cells(table, random)
    content = render(table, random)
    if family == "bytes":
        content = mutate_bytes(content, random)
    content, suffix = pack(content, random)
    return Input(number, family, content, suffix, layout=layout, form=form)


def options_of(random: np.random.Generator) -> tuple[dict[str, Any], dict[str, Any]]:
    """Options of the user, mostly none; some make no sense."""
    choices: dict[str, list[Any]] = {
        "id_col": ["unique_id", "store", "store,ds", "y", "", "*"],
        "time_col": ["ds", "date", "time", "ds,y", "date,hour", "y"],
        "target_col": ["y", "sales", "all", "*", "y*", "[", "y,ds", "\0", "ds"],
        "freq": ["D", "h", "MS", "W", "B", "15min", "QE", "3", "-1D", "0D", "9" * 20, "99999999999D", "1e9h", "ns"],
        "time_format": ["%Y-%m-%d", "%d.%m.%Y", "%Y%m%d", "%G-W%V", "%-d", "%", "%s", "%Q", "(", "%Y-%Y", "%z", ""],
        "duplicates": ["mean", "sum", "first", "last", "median"],
        "season": [7, 0, -1, 1.5, 10**9, float("nan"), float("inf")],
        "decimal": [".", ",", ";"],
        "skip_bad": [True],
    }  # fmt: skip
    forms: dict[str, list[Any]] = {
        "encoding": ["utf-8", "cp1252", "shift_jis", "utf-16", "utf-7", "idna", "zip", "rot13", "x", "\0", "undefined"],
        "skip_rows": [0, 1, 2, 50, 10**9],
        "comment": ["#", "//", "", "\n", ",", str(random.choice(HOSTILE))],
    }  # fmt: skip
    often = 0.0 if random.random() < 0.55 else 0.2

    def some(of: dict[str, list[Any]]) -> dict[str, Any]:
        return {k: v[int(random.integers(len(v)))] for k, v in of.items() if random.random() < often}

    return some(choices), some(forms)


if __name__ == "__main__":
    main()
