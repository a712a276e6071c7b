"""`segue forecast --per` and `--over`: totals in the place of steps or of series."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from segue.atomic import atomic_file
from segue.cli.shared.checks import TABLES, suffix_of
from segue.cli.shared.terminal import shown

if TYPE_CHECKING:
    from segue.forecasting.predictor import Predictor
    from segue.forecasting.support import Limits
    from segue.forecasting.table.reading import Reading

_MOST = 24  # rows in the terminal


def show_totals(
    predictor: "Predictor",
    reading: "Reading",
    horizon: int,
    asked: tuple[str | None, str | None, str | None, int],
    columns: tuple[list[float], list[float]],
    bounds: "Limits",
    output: Path | None,
) -> None:
    """Writes the totals if a file is given; prints the beginning of their table."""
    from segue.forecasting.answers.totals import totals_asked
    from segue.forecasting.forecast import forecast_totals
    from segue.forecasting.table.files.write import write_table

    totals = totals_asked(*asked)
    if totals is None:
        return
    table = forecast_totals(predictor, reading, horizon, totals, *columns, bounds)
    if output is not None:
        with atomic_file(output, "output") as path:
            write_table(table, path, suffix_of(output, TABLES))
    typer.echo(shown_rows(table))


def shown_rows(table: Any) -> str:
    """The first rows of a table as text, and how many more there are."""
    import pandas as pd

    frame = pd.DataFrame(table)
    lines = frame.head(_MOST).to_string(index=False, float_format=lambda value: f"{value:,.6g}").splitlines()
    more = [f"... and {len(frame) - _MOST:,} rows more"] if len(frame) > _MOST else []
    return "\n".join(shown(line) for line in (*lines, *more))
