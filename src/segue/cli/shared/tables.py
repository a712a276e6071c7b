"""How commands read a table: their common options become a layout, and notices go to standard error."""

import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from segue.cli.shared import options
from segue.cli.shared.flags import notes_in_flags
from segue.cli.shared.terminal import shown
from segue.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

    from segue.forecasting.support import Limits
    from segue.forecasting.table.layout import Layout
    from segue.forecasting.table.reading import Reading

_MOST_SKIPPED = 20  # the most skipped series that are listed by name


def _common(
    ctx: options.Context,
    file: options.File,
    id_col: options.Id = None,
    time_col: options.Time = None,
    target_col: options.Target = None,
    freq: options.Freq = None,
    time_format: options.TimeFormat = None,
    duplicates: options.Duplicates = None,
    season: options.Season = None,
    decimal: options.Decimal = None,
    skip_bad: options.SkipBad = False,
    encoding: options.Encoding = None,
    skip_rows: options.SkipRows = None,
    comment: options.Comment = None,
    non_negative: options.NonNegative = False,
    floor: options.Floor = None,
    cap: options.Cap = None,
    safe_csv: options.SafeCsv = False,
    quiet: options.Quiet = False,
) -> None:
    """The parameters that every command on tables has."""


def reads_table(verb: Callable[..., None]) -> Callable[..., None]:
    """Makes a command of a function whose first parameter is a `TableFile`: the command has its options instead.

    A parameter of the function that a `TableFile` has, too, takes the place of the common one, for another flag.
    """
    _, *given_by_verb = inspect.signature(verb, eval_str=True).parameters.values()
    common = {**inspect.signature(_common, eval_str=True).parameters}
    common |= {one.name: one for one in given_by_verb if one.name in common}
    own = [one for one in given_by_verb if one.name not in common]
    ctx, file, *rest = common.values()

    def command(**given: Any) -> None:
        verb(TableFile(**{name: given.pop(name) for name in common}), **given)

    arguments = [ctx, file, *own[:1], *rest, *own[1:]]
    keywords = [argument.replace(kind=inspect.Parameter.KEYWORD_ONLY) for argument in arguments]
    command.__name__, command.__doc__ = verb.__name__, verb.__doc__
    command.__signature__ = inspect.Signature(keywords)  # type: ignore[attr-defined]
    command.__annotations__ = {argument.name: argument.annotation for argument in arguments}
    return command


@dataclass(frozen=True)
class TableFile:
    """A file of the command line and the options with which it is read and forecast."""

    ctx: Any
    file: Path
    id_col: str | None
    time_col: str | None
    target_col: str | None
    freq: str | None
    time_format: str | None
    duplicates: str | None
    season: str | None
    decimal: str | None
    skip_bad: bool
    encoding: str | None
    skip_rows: int | None
    comment: str | None
    non_negative: bool
    floor: float | None
    cap: float | None
    safe_csv: bool
    quiet: bool

    def read(self) -> "Reading":
        """Reads the series of the file, and prints a line for each notice unless `quiet`."""
        return self.read_whole()[0]

    @property
    def layout(self) -> "Layout":
        """The options of columns and times."""
        from segue.forecasting.table.layout import Layout

        return Layout(
            id_col=self.id_col,
            time_col=self.time_col,
            target_col=self.target_col,
            freq=self.freq,
            time_format=self.time_format,
            duplicates=self.duplicates,
            season=seasons(self.season),
            decimal=self.decimal,
            skip_bad=self.skip_bad,
        )

    def read_whole(self) -> "tuple[Reading, pd.DataFrame]":
        """Reads the series of the file as `read` does, and returns all of its columns, too."""
        from segue.forecasting.table.files.read import FileFormat, read_table
        from segue.forecasting.table.reading import read_frame

        layout = self.layout
        table = read_table(self.file, layout, FileFormat(self.encoding, self.skip_rows, self.comment))
        reading = read_frame(table.frame, layout, table.points)
        if not self.quiet:
            notes = reading.notes[:-1] if reading.skipped else reading.notes  # the last one counts what follows
            print_notes((*table.notes, *notes), self.ctx)
            print_skipped(reading.skipped, len(reading.panel))
        return reading, table.frame

    def limits(self, reading: "Reading") -> "Limits":
        """Makes the limits of the forecasts from --floor, --cap and --non-negative, and notes values beyond them.

        Raises:
            UserError: The floor is given twice, lies above the cap or above all values, or the cap below all values.
        """
        from segue.forecasting.support import Limits

        if self.non_negative and self.floor is not None:
            remedy = "give one of them; `non_negative` means a floor of 0"
            raise UserError("non_negative", f"and --floor {self.floor:.12g}", remedy)
        chosen = Limits(0.0 if self.non_negative else self.floor, self.cap)
        notes = list(chosen.notes(reading.panel.values))
        if not self.quiet:
            print_notes(notes, self.ctx)
        return chosen


def print_notes(notes: Iterable[str], ctx: options.Context) -> None:
    """Prints a line for each note on standard error; the arguments in it become flags."""
    for note in notes_in_flags(notes, ctx.command):
        typer.echo(f"note: {shown(note)}", err=True)


def print_skipped(skipped: Sequence[tuple[str, str]], kept: int) -> None:
    """Lists series that were left out on standard error: a line with its reason for each, and the count beyond 20.

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
        UserError: One of them is no number of at least 1.
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
