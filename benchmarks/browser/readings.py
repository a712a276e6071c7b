"""Tables, many of them hostile, read by the page and by the library: the page reads them alike, or refuses.

`python -m benchmarks.browser.readings --count 10000`; it needs node, and no onnxruntime-web. Most base tables have
forms that the page reads. Their cells, lines and bytes are then changed by `benchmarks/tables/mutations.py`.
"""

import argparse
import base64
import csv
import io
import tempfile
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.browser.beside import difference, run_node
from benchmarks.figures import write_figures
from benchmarks.machine import default_output, machine
from benchmarks.tables.bases import COUNT, Table, base
from benchmarks.tables.mutations import mutate_bytes, mutate_cells, render
from segue.errors import UserError
from segue.forecasting.table.files.read import read_table
from segue.forecasting.table.layout import Layout
from segue.forecasting.table.reading import Reading, read_frame

FAULT = "fault: "
_PART = 500  # tables that node gets at once
_STEPS = (
    "D", "h", "MS", "ME", "B", "BME", "W", "W-WED", "QS", "QE", "YS", "YE", "15min", "10s", "2h", "7h", "2D", "10D",
    "4W", "2MS", "SMS", "WOM-3FRI", "count", "count 5", "count 100", "C", "5ms",
)  # fmt: skip
_NUMBERS = ("{:.2f}", "{:.0f}", "{:.3f}", "{:.1f}", "{:.3e}", "{}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, help="the CSV file; by default one in benchmarks/results")
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    for first in range(0, options.count, _PART):
        numbers = range(first, min(first + _PART, options.count))
        for number, (kind, detail) in zip(numbers, judged(options.seed, numbers), strict=True):
            counts[kind] += 1
            if kind in ("read otherwise", "read where the library refuses", "the library fails"):
                print(number, kind, detail, flush=True)
        print(dict(counts), flush=True)
    rows = [{"outcome": kind, "tables": count} for kind, count in counts.most_common()]
    write_figures(rows, options.output or default_output("browser-readings"), machine(threads=1))


def judged(seed: int, numbers: range) -> list[tuple[str, str]]:
    """What came of tables: the outcome and a detail of each."""
    contents = [make(seed, number) for number in numbers]
    cases = [{"base64": base64.b64encode(content).decode()} for content in contents]
    found = run_node(cases)["answers"]
    return [verdict(content, answer) for content, answer in zip(contents, found, strict=True)]


def verdict(content: bytes, answer: dict[str, Any]) -> tuple[str, str]:
    """Compares the page's answer with the library on the same file."""
    reading = read(content)
    if isinstance(reading, str) and reading.startswith(FAULT):
        return "the library fails", reading
    if "refused" in answer:
        kind = "both refuse" if isinstance(reading, str) else "the page refuses"
        return kind, answer["refused"]
    if isinstance(reading, str):
        return "read where the library refuses", reading
    other = difference(reading, answer)
    return ("read otherwise", other) if other else ("read alike", "")


def read(content: bytes) -> Reading | str:
    """The library's reading, or the line with which it refuses."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = Path(folder) / "table.csv"
        path.write_bytes(content)
        try:
            found = read_table(path, Layout())
            reading = read_frame(found.frame, Layout(), found.points)
            reading.panel.future(3)
        except UserError as error:
            return str(error)
        except Exception as error:  # a fault of the library, which is printed
            return f"{FAULT}{type(error).__name__}: {error}"
    return reading


def make(seed: int, number: int) -> bytes:
    """Makes the table of a seed and a number."""
    random = np.random.default_rng((seed, number, 24))
    table = base(int(random.integers(COUNT)), random) if random.random() < 0.2 else readable(random)
    if random.random() < 0.3:
        kept = random.random(len(table)) < random.choice([0.95, 0.8, 0.5])
        table = [row for row, keep in zip(table, [True, True, *kept[2:]], strict=False) if keep]
    if random.random() < 0.4:
        table = mutate_cells(table, random)
    if random.random() < 0.2:
        return render(table, random) if random.random() < 0.8 else mutate_bytes(render(table, random), random)
    text = io.StringIO()
    csv.writer(text, delimiter=str(random.choice([",", ";", "\t"]))).writerows(table)
    return text.getvalue().encode()


def readable(random: np.random.Generator) -> Table:
    """A table in forms that the page reads, before rows are lost and cells are changed."""
    step, form = str(random.choice(_STEPS)), str(random.choice(_NUMBERS))
    rows = int(random.choice([2, 3, 5, 8, 20, 60, 200]))
    names = [["unique_id", "ds", "y"], ["id", "date", "value"], ["unique_id", "time", "sales"], ["ds", "y", "note"]]
    head = names[int(random.integers(4))]
    series = int(random.choice([1, 1, 2, 3])) if head[0] != "ds" else 1
    table = [head if series > 1 or head[0] == "ds" else head[1:]]
    scale = float(random.choice([1, 10, 1000]))
    for index in range(series):
        lost = int(random.integers(0, 4))
        values = scale * (2 + np.sin(np.arange(rows) * 2 * np.pi / 7) + 0.2 * random.normal(size=rows))
        for stamp, value in list(zip(stamps(step, rows, random), values, strict=True))[lost:]:
            row = [stamp, form.format(float(value))]
            table.append([*([f"s{index}"] if series > 1 else []), *row, *(["good"] if head[0] == "ds" else [])])
    return table


def stamps(step: str, rows: int, random: np.random.Generator) -> list[str]:
    """Times of a step as text."""
    if step.startswith("count"):
        size, first = int(step[6:] or 1), int(random.choice([0, 1, 7, 1990, 2024, 100_000]))
        return [str(first + size * index) for index in range(rows)]
    first = pd.Timestamp(str(random.choice(["2024-01-01", "1996-03-05 09:30", "1965-12-31", "2020-02-29 23:00"])))
    times = pd.date_range(first, periods=rows, freq=step)
    form = str(random.choice(["%Y-%m-%d", "%Y-%m", "%Y-%m-%dT%H:%M:%S", "", ""]))
    return [time.strftime(form) if form else str(time) for time in times]


if __name__ == "__main__":
    main()
