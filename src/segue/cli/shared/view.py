"""The table of a forecast on the terminal."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from rich.table import Table
from rich.text import Text

from segue.cli.shared.terminal import console, shown

MOST_SERIES = 8
"""How many series the terminal shows."""

_MOST_ROWS = 48
_TIMES = {"D": "%Y-%m-%d", "min": "%Y-%m-%d %H:%M", "s": "%Y-%m-%d %H:%M:%S", "ns": "%Y-%m-%d %H:%M:%S.%f"}


@dataclass(frozen=True)
class About:
    """What the head of the table says, and the roles of its columns.

    Attributes:
        ids: The columns that name the series, at least one.
        time: The column of times.
        series: The number of all series, of which the frame may hold the first ones only.
        horizon: Number of steps ahead.
        alias: The alias of the frequency.
        whole: Whether all values of each of the first series are whole, as counts are.
    """

    ids: tuple[str, ...]
    time: str
    series: int
    horizon: int
    alias: str
    whole: Sequence[bool]


def show_forecast(forecast: pd.DataFrame, about: About, written: Sequence[Path]) -> None:
    """Prints the first rows of a forecast, about one screen, and the written files.

    Args:
        forecast: The first rows of the frame of `segue.forecast`, with `horizon` rows for each series.
        about: The roles of its columns, and the size of the whole frame.
        written: The written files.
    """
    count = min(about.series, MOST_SERIES)
    steps = min(about.horizon, max(3, _MOST_ROWS // count))
    quantiles = [name for name in forecast.columns if name not in (*about.ids, about.time)]
    point, several = str(quantiles[0]), about.series > 1
    keys = [*(about.ids if several else ()), about.time]
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for name in (*keys, *quantiles):
        heading = shown(str(name).removeprefix(f"{point}-"))
        table.add_column(heading, justify="left" if name in keys else "right", no_wrap=True)
    for series in range(count):
        part = forecast.iloc[series * about.horizon : series * about.horizon + steps]
        for row in _cells(part, keys, quantiles, about.whole[series]):
            table.add_row(*row)
        if series < count - 1 and about.horizon > 1:
            table.add_row()
    screen = console()
    screen.print(_head(forecast, about, point), soft_wrap=True)
    screen.print(table)
    hidden = about.series * about.horizon - count * steps
    if hidden and not written:
        screen.print(f"\n{hidden:,} more rows; write them all with --output FILE.csv", soft_wrap=True)
    for path in written:
        screen.print(f"\nwritten: {shown(path)}", soft_wrap=True)


def _head(forecast: pd.DataFrame, about: About, point: str) -> Text:
    name = "/".join(shown(forecast[column].iloc[0]) for column in about.ids)
    noun = f"{about.series:,} series" if about.series > 1 else f"series {name}"
    plural = "step" if about.horizon == 1 else "steps"
    line = f": {noun}, {about.horizon:,} {plural} ahead, frequency {about.alias}\n"
    return Text.assemble((shown(point), "bold"), line)


def _cells(part: pd.DataFrame, keys: Sequence[str], quantiles: Sequence[str], whole: bool) -> list[list[str]]:
    """The text of each cell of one series; the last of the `keys` is the column of times."""
    *ids, time = keys
    texts = [list(map(shown, part[name])) for name in ids]
    times = part[time]
    if pd.api.types.is_datetime64_any_dtype(times):
        finest = next(form for unit, form in _TIMES.items() if bool((times == times.dt.floor(unit)).all()))
        texts.append(times.dt.strftime(finest).tolist())
    else:
        texts.append(list(map(shown, times)))
    numbers = part[list(quantiles)].to_numpy(dtype=float)
    form = _number_format([number for number in numbers.ravel().tolist() if math.isfinite(number)], whole)
    texts += [[format(number, form) for number in column] for column in numbers.T]
    return [list(row) for row in zip(*texts, strict=True)]


def _number_format(numbers: Sequence[float], whole: bool) -> str:
    """Makes a format with five significant digits of the largest number, and the same decimals for all numbers.

    Numbers that lie close together on a high level get up to ten digits, so that their range has three. Whole numbers
    of a series that is `whole` get no decimals.
    """
    largest = max(map(abs, numbers), default=0.0)
    if whole and largest < 1e15 and all(number == round(number) for number in numbers):
        return ",.0f"
    if largest == 0:
        return ".5g"
    extent = max(numbers) - min(numbers)
    digits = min(10, max(5, 3 + math.ceil(math.log10(largest) - math.log10(extent)))) if extent > 0 else 5
    if not 1e-4 <= largest < 1e9:
        return f".{digits}g"
    return f",.{max(0, digits - 1 - math.floor(math.log10(largest)))}f"
