"""The table of a forecast on the terminal."""

import math
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Table

_MOST_ROWS, _MOST_SERIES = 48, 8
_TIMES = {"D": "%Y-%m-%d", "min": "%Y-%m-%d %H:%M", "s": "%Y-%m-%d %H:%M:%S", "ns": "%Y-%m-%d %H:%M:%S.%f"}


def show_forecast(forecast: pd.DataFrame, horizon: int, alias: str, written: Sequence[Path]) -> None:
    """Prints the first rows of a forecast, about one screen, and the written files.

    Args:
        forecast: The frame of `segue.forecast`, with `horizon` rows for each series.
        horizon: Number of steps ahead.
        alias: The alias of the frequency.
        written: The written files.
    """
    count = len(forecast) // horizon
    shown = min(count, _MOST_SERIES)
    steps = min(horizon, max(3, _MOST_ROWS // shown))
    point = str(forecast.columns[2])
    headings = [escape(str(name).removeprefix(f"{point}-")) for name in forecast.columns]
    several = count > 1
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for index, heading in enumerate(headings[0 if several else 1 :], start=0 if several else 1):
        table.add_column(heading, justify="left" if index < 2 else "right", no_wrap=True)
    for series in range(shown):
        part = forecast.iloc[series * horizon : series * horizon + steps]
        for row in _cells(part):
            table.add_row(*row[0 if several else 1 :])
        if series < shown - 1 and horizon > 1:
            table.add_row()
    console = Console(highlight=False, width=10_000)  # a narrow terminal wraps lines, where rich would cut numbers
    noun = f"{count:,} series" if several else f"series {escape(str(forecast.iloc[0, 0]))}"
    plural = "step" if horizon == 1 else "steps"
    console.print(
        f"[bold]{escape(point)}[/bold]: {noun}, {horizon:,} {plural} ahead, frequency {alias}\n", soft_wrap=True
    )
    console.print(table)
    hidden = len(forecast) - shown * steps
    if hidden and not written:
        console.print(f"\n{hidden:,} more rows; write them all with --output FILE.csv", soft_wrap=True)
    for path in written:
        console.print(f"\nwritten: {path}", soft_wrap=True, markup=False)


def _cells(part: pd.DataFrame) -> list[list[str]]:
    times = part.iloc[:, 1]
    if pd.api.types.is_datetime64_any_dtype(times):
        finest = next(form for unit, form in _TIMES.items() if bool((times == times.dt.floor(unit)).all()))
        when = times.dt.strftime(finest).tolist()
    else:
        when = times.astype(str).tolist()
    numbers = part.iloc[:, 2:].to_numpy(dtype=float)
    form = _number_format([number for number in numbers.ravel().tolist() if math.isfinite(number)])
    cells = [[format(number, form) for number in row] for row in numbers]
    ids = map(escape, part.iloc[:, 0].astype(str))
    return [[identity, time, *row] for identity, time, row in zip(ids, when, cells, strict=True)]


def _number_format(numbers: Sequence[float]) -> str:
    """Makes a format with five significant digits of the largest number, and the same decimals for all numbers.

    Numbers that lie close together on a high level get up to ten digits, so that their range has three.
    """
    largest = max(map(abs, numbers), default=0.0)
    if largest == 0:
        return ".5g"
    extent = max(numbers) - min(numbers)
    digits = min(10, max(5, 3 + math.ceil(math.log10(largest) - math.log10(extent)))) if extent > 0 else 5
    if not 1e-4 <= largest < 1e9:
        return f".{digits}g"
    return f",.{max(0, digits - 1 - math.floor(math.log10(largest)))}f"
