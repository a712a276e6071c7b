"""A bar for work that cannot be resumed, such as scoring."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from segue.cli.shared.terminal import shown


@contextmanager
def counting(unit: str, quiet: bool = False) -> Iterator[Callable[[str, int, int], None]]:
    """Draws a bar for each name on standard error while work goes on; it draws none if that is no terminal.

    Args:
        unit: The noun of the counted items.
        quiet: Whether no bar is drawn at all.

    Yields:
        A function to call with a name, the number of items that are done, and the number of all items.
    """
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TextColumn(unit))
    times = (TimeElapsedColumn(), TimeRemainingColumn())
    console, hidden = Console(stderr=True), quiet or not sys.stderr.isatty()
    with Progress(*columns, *times, console=console, transient=True, disable=hidden) as progress:
        tasks = {}

        def report(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = progress.add_task(shown(name), total=total)
            progress.update(tasks[name], completed=done)

        yield report
