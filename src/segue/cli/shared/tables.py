"""How commands read a table: options of the command line become a layout, and notices go to standard error."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from segue.cli.shared import options
from segue.cli.shared.flags import notes_in_flags
from segue.cli.shared.terminal import shown
from segue.errors import UserError

if TYPE_CHECKING:
    from segue.forecasting.support import Limits
    from segue.forecasting.table.files.read import FileFormat
    from segue.forecasting.table.layout import Layout
    from segue.forecasting.table.reading import Reading

Given = tuple[float | None, float | None, bool]
"""--floor, --cap and --non-negative."""

_MOST_SKIPPED = 20  # the most skipped series that are listed by name


def read_file(ctx: options.Context, file: Path, layout: "Layout", form: "FileFormat", quiet: bool) -> "Reading":
    """Reads the series of a file, and prints a line for each notice unless `quiet`."""
    from segue.forecasting.table.files.read import read_table
    from segue.forecasting.table.reading import read_frame

    table = read_table(file, layout, form)
    reading = read_frame(table.frame, layout, table.points)
    if not quiet:
        notes = reading.notes[:-1] if reading.skipped else reading.notes  # the last note counts what is listed below
        print_notes((*table.notes, *notes), ctx)
        print_skipped(reading.skipped, len(reading.panel))
    return reading


def print_notes(notes: Iterable[str], ctx: options.Context) -> None:
    """Prints a line for each note on standard error; the arguments in it become flags."""
    for note in notes_in_flags(notes, ctx.command):
        typer.echo(f"note: {shown(note)}", err=True)


def print_skipped(skipped: Sequence[tuple[str, str]], kept: int) -> None:
    """Lists series that were left out, with the reason, on a line of standard error each; beyond 20 it counts them.

    Args:
        skipped: The names of these series, and the reasons.
        kept: The number of the other series.
    """
    if not skipped:
        return
    typer.echo(f"note: {len(skipped):,} of {len(skipped) + kept:,} series are left out:", err=True)
    for name, reason in skipped[:_MOST_SKIPPED]:
        typer.echo(f"  {shown(name)}: {shown(reason)}", err=True)
    if len(skipped) > _MOST_SKIPPED:
        typer.echo(f"  and {len(skipped) - _MOST_SKIPPED:,} more", err=True)


def seasons(given: str | None) -> list[float] | None:
    """Reads the steps of seasons, such as `24,168`.

    Raises:
        UserError: One of them is no number above 1.
    """
    if given is None:
        return None
    remedy = "give numbers of steps, such as 24 or 24,168"
    try:
        steps = [float(part) for part in given.split(",")]
    except ValueError as error:
        raise UserError("season", given, remedy) from error
    if not all(1 <= number < float("inf") for number in steps):
        raise UserError("season", given, remedy)
    return steps


def limits(ctx: options.Context, reading: "Reading", given: Given, quiet: bool) -> "Limits":
    """Makes the limits of the forecasts from --floor, --cap and --non-negative, and prints what is beyond them.

    Raises:
        UserError: The floor is given twice, lies above the cap or above all values, or the cap below all values.
    """
    from segue.forecasting.support import Limits

    floor, cap, non_negative = given
    if non_negative and floor is not None:
        raise UserError("non_negative", f"and --floor {floor:.12g}", "give one of them: it means a floor of 0")
    chosen = Limits(0.0 if non_negative else floor, cap)
    notes = list(chosen.notes(reading.panel.values))
    if not quiet:
        print_notes(notes, ctx)
    return chosen
