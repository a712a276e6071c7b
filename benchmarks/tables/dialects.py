"""Tables of known values in random dialects: what is read must be what was written.

    python -m benchmarks.tables.dialects --count 1000 --seed 0 --keep wrong

Each table is a random choice of separator, marks in numbers, form of times, encoding, names, ids, order, quoting and
lines around the rows. In some tables the options of a user are given. By construction each is known to have one
possible reading, or to leave a doubt, for which a reader may refuse. The exit status is 0 if no table is read wrongly
or ends in anything but `UserError`, and at most 5 % of those with one reading are refused. `--only NUMBER` shows one
table.
"""

import argparse
import collections
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.figures import write_figures
from benchmarks.machine import default_output, machine
from benchmarks.tables.dialect import Dialect, draw_dialect
from benchmarks.tables.inputs import Input, keep
from benchmarks.tables.written import Series, Truth, write_table

_LARGEST_REFUSED = 0.05
_SHOWN = ("time", "separator", "decimal", "thousands", "encoding", "ids", "unit", "missing", "extra", "above", "below",
          "quoting", "packing", "step", "rows", "wide", "clock", "index", "given", "names", "gaps")  # fmt: skip


@dataclass(frozen=True)
class Verdict:
    """What came of one table.

    Attributes:
        dialect: How it was written.
        doubts: Why a reader may refuse it; empty if it has one possible reading.
        kind: `right`, `wrong`, `refused` or `exception`.
        detail: The message or the first difference.
    """

    number: int
    dialect: Dialect
    doubts: tuple[str, ...]
    kind: str
    detail: str


def main() -> None:
    options = read_options()
    numbers = [options.only] if options.only is not None else range(options.first, options.first + options.count)
    verdicts = []
    for number in numbers:
        given, verdict = judge(options.seed, number)
        verdicts.append(verdict)
        unfair = verdict.kind == "refused" and not verdict.doubts
        if verdict.kind in ("wrong", "exception") or unfair:
            print(f"{number:6d} {verdict.kind:<9} {verdict.dialect.time:<24} {verdict.detail[:220]}", flush=True)
            if options.keep:
                keep(given, options.keep / verdict.kind, f"{verdict.detail}\n{verdict.dialect}")
        if options.only is not None:
            print(given.content[:800], dict(given.layout), dict(given.form), verdict, sep="\n")
    if options.only is None:
        report(verdicts, options)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0, help="the number of the first table")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="a folder for the tables that failed")
    parser.add_argument("--only", type=int, metavar="NUMBER", help="show one table")
    parser.add_argument("--output", type=Path, help="CSV; by default named by machine and date")
    return parser.parse_args()


def judge(seed: int, number: int) -> tuple[Input, Verdict]:
    """Writes the table of a seed and a number, reads it and compares."""
    from segue.errors import UserError

    random = np.random.default_rng((seed, number, 1))
    dialect = draw_dialect(random)
    given, truth = write_table(number, dialect, random)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the command `mutated` counts them
        try:
            kind, detail = "right", ""
            found, after = read(given)
            difference = compared(found, after, truth, dialect)
            if difference:
                kind, detail = "wrong", difference
        except UserError as error:
            kind, detail = "refused", str(error)
        except Exception as error:
            kind, detail = "exception", f"{type(error).__name__}: {error}"
    return given, Verdict(number, dialect, truth.doubts, kind, detail)


def read(given: Input) -> tuple[dict[str, dict[Any, float]], list[Any]]:
    """What the readers find: the values of each series by time, missing ones left out, and the time after each."""
    from segue.forecasting.table.files.read import FileFormat, read_table
    from segue.forecasting.table.layout import Layout
    from segue.forecasting.table.reading import read_frame

    layout = Layout(**given.layout)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"table{given.suffix}"
        path.write_bytes(given.content)
        table = read_table(path, layout, FileFormat(**given.form))
    panel = read_frame(table.frame, layout, table.points).panel
    found = {}
    for index, name in enumerate(panel.ids.to_list()):
        own = slice(panel.starts[index], panel.starts[index + 1])
        pairs = zip(panel.times[own], panel.values[own], strict=True)
        found[str(name)] = {stamp(time): float(value) for time, value in pairs if np.isfinite(value)}
    return found, [stamp(time) for time in panel.future(1).ravel()]


def stamp(time: Any) -> Any:
    """A timestamp, or a number where times are numbers."""
    return pd.Timestamp(time) if isinstance(time, np.datetime64) else int(time)


def compared(found: dict[str, dict[Any, float]], after: Sequence[Any], truth: Truth, dialect: Dialect) -> str:
    """The first difference between what was read and what was written; empty if there is none."""
    if len(found) != len(truth.series):
        return f"{len(found)} series instead of {len(truth.series)}: {list(found)[:5]}"
    for key, values in truth.series.items():
        names = [name for name in found if same_id(name, key)]
        if len(names) != 1:
            return f"no series {key}: {list(found)[:5]}"
        difference = compared_series(found[names[0]], values, dialect)
        if difference:
            return f"{names[0]}: {difference}"
    expected = truth.after.year if as_years(dialect, after) else truth.after
    return "" if all(time == expected for time in after) else f"{after[0]} comes next instead of {expected}"


def as_years(dialect: Dialect, times: Sequence[Any]) -> bool:
    """Whether years are read as numbers, which is right as well; a fiscal year is known by its first year."""
    return dialect.time in ("2024", "2024/25") and not any(isinstance(time, pd.Timestamp) for time in times)


def same_id(name: str, key: tuple[str, ...]) -> bool:
    """Whether a name is that of a series; two ids are joined by a short mark."""
    if len(key) == 1:
        return name == key[0]
    return name.startswith(key[0]) and name.endswith(key[1]) and len(name) <= len(key[0]) + len(key[1]) + 3


def compared_series(found: dict[Any, float], values: Series, dialect: Dialect) -> str:
    """The first difference within a series. A per cent may be read as such or as a fraction."""
    years = as_years(dialect, list(found))
    known = {time.year if years else time: value for time, value in values.items()}
    if set(found) != set(known):
        odd = sorted(map(str, set(found) ^ set(known)))
        return f"times differ, {len(found)} instead of {len(known)}: {odd[:3]}"
    scales = (1.0, 0.01) if dialect.unit == "%" else (1.0,)
    for scale in scales:
        wrong = [time for time in known if not np.isclose(found[time], scale * known[time], rtol=1e-9, atol=1e-12)]
        if not wrong:
            return ""
    return f"{len(wrong)} values differ, such as {found[wrong[0]]} instead of {known[wrong[0]]}"


# the report -----------------------------------------------------------------------------------------------------------


def report(verdicts: Sequence[Verdict], options: argparse.Namespace) -> None:
    rows = [row("all", "", verdicts)]
    for feature in _SHOWN:
        by: dict[str, list[Verdict]] = collections.defaultdict(list)
        for verdict in verdicts:
            by[str(asdict(verdict.dialect)[feature])].append(verdict)
        rows += [row(feature, value, by[value]) for value in sorted(by)]
    for doubt in sorted({doubt for verdict in verdicts for doubt in verdict.doubts}):
        rows.append(row("doubt", doubt, [verdict for verdict in verdicts if doubt in verdict.doubts]))
    write_figures(rows, options.output or default_output("dialects"), {"seed": options.seed} | machine(1))
    whole = rows[0]
    bad = whole["wrong"] + whole["exceptions"]
    share = whole["refused_of_one"] / max(1, whole["one_reading"])
    print(f"{whole['wrong']} read wrongly, {whole['exceptions']} exceptions, {share:.1%} of one reading refused")
    raise SystemExit(1 if bad or share > _LARGEST_REFUSED else 0)


def row(feature: str, value: str, verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """The counts of the tables with one feature, printed where something is wrong."""
    one = [verdict for verdict in verdicts if not verdict.doubts]
    kinds = collections.Counter(verdict.kind for verdict in verdicts)
    found = {
        "feature": feature, "value": value.encode("unicode_escape").decode(), "tables": len(verdicts),
        "right": kinds["right"], "wrong": kinds["wrong"], "exceptions": kinds["exception"], "refused": kinds["refused"],
        "one_reading": len(one), "refused_of_one": sum(verdict.kind == "refused" for verdict in one),
    }  # fmt: skip
    if feature == "all" or found["wrong"] or found["exceptions"] or found["refused_of_one"]:
        print(", ".join(f"{name} {count}" for name, count in found.items()))
    return found


if __name__ == "__main__":
    main()
