"""Covariates and holidays on the command line: the table is read with them, and what they were worth is printed."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from segue.cli.shared.tables import TableFile, print_notes

if TYPE_CHECKING:
    from segue.forecasting.predictor import Predictor
    from segue.forecasting.table.reading import Reading


@dataclass(frozen=True)
class KnownOptions:
    """The options of a command.

    Attributes:
        covariates: Names of columns, or None.
        holidays: Codes of places, or None.
        future: The file of the steps ahead, or None.
    """

    covariates: str | None = None
    holidays: str | None = None
    future: Path | None = None


def read_informed(
    table: TableFile, predictor: "Predictor", options: KnownOptions, horizon: int, held_out: int = 0
) -> "tuple[Predictor, Reading, Reading]":
    """Reads a table with its covariates and holidays.

    Args:
        table: The file.
        predictor: The model.
        options: The covariates and holidays.
        horizon: Steps ahead.
        held_out: See `informed`.

    Returns:
        The model that reads covariates and holidays, the table with them, and the table without them.
    """
    from segue.forecasting.answers.covariates import Given
    from segue.forecasting.answers.informed import informed
    from segue.forecasting.predictor import check_horizon
    from segue.forecasting.table.files.read import FileFormat, read_table

    check_horizon(horizon)
    reading, frame = table.read_whole()
    layout, form = table.layout, FileFormat(table.encoding, table.skip_rows, table.comment)
    future = None if options.future is None else read_table(options.future, layout, form).frame
    given = Given(frame, future, options.covariates, options.holidays)
    model, whole, notes = informed(predictor, reading, given, layout, horizon, held_out)
    if not table.quiet:
        print_notes(notes, table.ctx)
    return model, whole, reading
