"""The tables of a backtest on the terminal."""

import math
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from rich.table import Table
from rich.text import Text

from segue.cli.shared.terminal import console, shown
from segue.forecasting.evaluation.backtest import Backtest
from segue.forecasting.evaluation.scores import best_of

_MOST_SERIES = 8
_LOWER_IS_BETTER = ("mase", "wql", "wape", "mae", "rmse")
_SHARES = ("wape", "bias")


def show_backtest(result: Backtest, alias: str, written: Sequence[Path]) -> None:
    """Prints the overall scores, the verdict, the scores of the first series, and the written files.

    Args:
        result: A backtest whose frames are of pandas.
        alias: The alias of the frequency.
        written: The written files.
    """
    screen = console()
    models, series = len(result.overall), len(result.scores) // len(result.overall)
    windows = result.scores["windows"].iloc[::models]
    about = f"{_count(int(windows.sum()), 'window')} of {_count(result.horizon, 'step')}, {series:,} series"
    screen.print(f"{about}, frequency {alias}, season {result.season}\n")
    screen.print(_table(result.overall))
    if result.verdict is not None:
        screen.print(f"\n{shown(result.verdict)}", soft_wrap=True)
        if result.verdict.warning is not None:
            screen.print(f"warning: {shown(result.verdict.warning)}", style="bold", soft_wrap=True)
    short, none = int(((windows > 0) & (windows < result.windows)).sum()), int((windows == 0).sum())
    if short:
        have = "has" if series == 1 else "have"
        screen.print(f"\n{short:,} of {series:,} series {have} room for fewer than {result.windows:,} windows")
    if none:
        screen.print(f"\n{none:,} of {series:,} series are too short for one window, and left out")
    if series > 1:
        beginning = result.scores.iloc[: models * _MOST_SERIES]
        screen.print()
        screen.print(_table(beginning, groups=models))
        if len(beginning) < len(result.scores):
            more = f"\n{series - _MOST_SERIES:,} more series"
            screen.print(more if written else f"{more}; write the scores of all with --output FILE.csv")
    for path in written:
        screen.print(f"\nwritten: {shown(path)}", soft_wrap=True)


def _table(scores: pd.DataFrame, groups: int | None = None) -> Table:
    """Makes a table of scores; the best model of each group of rows is in bold."""
    groups = groups or len(scores)
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for name in scores.columns:
        text = name == "model" or name == scores.columns[0]
        table.add_column(shown(_heading(str(name))), justify="left" if text else "right", no_wrap=True)
    for begin in range(0, len(scores), groups):
        part = scores.iloc[begin : begin + groups]
        columns = [_cells(str(name), part.iloc[:, index].tolist()) for index, name in enumerate(part.columns)]
        for row in zip(*columns, strict=True):
            table.add_row(*row)
        if begin + groups < len(scores):
            table.add_row()
    return table


def _heading(name: str) -> str:
    if name.startswith("coverage-"):
        return f"within {name.removeprefix('coverage-')} %"
    return name.upper() if name in _LOWER_IS_BETTER else name


def _cells(name: str, values: Sequence[object]) -> list[str | Text]:
    if name not in _LOWER_IS_BETTER and name != "bias" and not name.startswith("coverage-"):
        return [shown(value) for value in values]
    numbers = [float(str(value)) for value in values]
    texts = ["-" if math.isnan(number) else _formatted(name, number) for number in numbers]
    return [Text(text, "bold") if first else text for text, first in zip(texts, best_of(name, numbers), strict=True)]


def _formatted(name: str, number: float) -> str:
    if name in _SHARES:
        return f"{number:+.1%}" if name == "bias" else f"{number:.1%}"
    return f"{number:.1%}" if name.startswith("coverage-") else _short(number)


def _short(number: float) -> str:
    """Formats a number with four significant digits, and with all digits before the decimal point."""
    if not math.isfinite(number) or (number and not 1e-3 <= abs(number) < 1e9):
        return f"{number:.3g}"
    decimals = max(0, 3 - math.floor(math.log10(number))) if number else 3
    return f"{number:,.{min(decimals, 4)}f}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
