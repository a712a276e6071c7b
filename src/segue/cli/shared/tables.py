"""How commands read a table: options of the command line become a layout, and notices go to standard error."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from segue.cli.shared.flags import notes_in_flags
from segue.errors import UserError

if TYPE_CHECKING:
    from segue.forecasting.table.files.read import FileFormat
    from segue.forecasting.table.layout import Layout
    from segue.forecasting.table.reading import Reading


def read_file(ctx: typer.Context, file: Path, layout: "Layout", form: "FileFormat", quiet: bool) -> "Reading":
    """Reads the series of a file, and prints a line for each notice unless `quiet`."""
    from segue.forecasting.table.files.read import read_table
    from segue.forecasting.table.reading import read_frame

    table = read_table(file, layout, form)
    reading = read_frame(table.frame, layout)
    if not quiet:
        for note in notes_in_flags((*table.notes, *reading.notes), ctx.command):
            typer.echo(f"note: {note}", err=True)
    return reading


def seasons(given: str | None) -> list[float] | None:
    """Reads the steps of seasons, such as `24,168`.

    Raises:
        UserError: One of them is no number.
    """
    if given is None:
        return None
    try:
        return [float(part) for part in given.split(",")]
    except ValueError as error:
        raise UserError("season", given, "give numbers of steps, such as 24 or 24,168") from error
