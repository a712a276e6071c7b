"""`segue forecast --per` and `--over`: totals instead of steps or of series."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from segue.atomic import atomic_file
from segue.cli.shared.checks import TABLES, suffix_of
from segue.cli.shared.terminal import shown
from segue.errors import UserError

if TYPE_CHECKING:
    from segue.forecasting.answers.totals import Totals
    from segue.forecasting.predictor import Predictor
    from segue.forecasting.table.reading import Reading

_MOST = 24  # rows in the terminal


def asked_totals(
    per: str | None, how: str | None, over: str | None, seed: int | None, steps: Mapping[str, Path | None]
) -> "Totals | None":
    """Returns the totals that the flags ask for; None if there are none.

    Args:
        per: See `Totals`, as the next three.
        how: How they are made.
        over: Series that are put together.
        seed: Of the paths.
        steps: Files of single steps, by the names of their flags: a fan chart, for instance.

    Raises:
        UserError: A flag is invalid, or totals are asked for together with a file of single steps.
    """
    from segue.forecasting.answers.totals import totals_asked

    totals = totals_asked(per, how, over, seed)
    for name, path in steps.items():
        if totals is not None and path is not None:
            raise UserError(name, path, "shows single steps; leave it out, or leave out `per` and `over`")
    return totals


def show_totals(
    predictor: "Predictor",
    reading: "Reading",
    horizon: int,
    totals: "Totals",
    asked: Mapping[str, Any],
    output: Path | None,
    quiet: bool,
    safe: bool,
) -> None:
    """Writes the totals if a file is given; prints the beginning of their table, unless `quiet` and it is written.

    `asked` holds the other arguments of `forecast_totals`.
    """
    from segue.forecasting.forecast import forecast_totals
    from segue.forecasting.table.files.write import write_table

    table = forecast_totals(predictor, reading, horizon, totals, **asked)
    if output is not None:
        with atomic_file(output, "output") as path:
            write_table(table, path, suffix_of(output, TABLES), safe=safe)
    if not (quiet and output is not None):
        typer.echo(shown_rows(table))


def shown_rows(table: Any) -> str:
    """The first rows of a table as text, and how many more there are."""
    import pandas as pd

    frame = pd.DataFrame(table)
    lines = frame.head(_MOST).to_string(index=False, float_format=lambda value: f"{value:,.6g}").splitlines()
    more = [f"... and {len(frame) - _MOST:,} rows more"] if len(frame) > _MOST else []
    return "\n".join(shown(line) for line in (*lines, *more))
