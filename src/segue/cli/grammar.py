"""`segue grammar`: draws samples of the grammar, and evaluates a model on its simplest series."""

from pathlib import Path
from typing import Annotated

import typer

from segue.cli.shared.checks import PICTURES, check_writable
from segue.cli.shared.group import OneLineErrors

app = typer.Typer(cls=OneLineErrors, help="The synthetic series that train the forecaster.", no_args_is_help=True)


@app.command()
def evaluate(
    model: Annotated[str, typer.Option(help="A model folder, or the name of a bundled model.")] = "nanotst",
    horizon: Annotated[int, typer.Option(help="Steps ahead.")] = 96,
) -> None:
    """Forecast a flat line, a line, a sine and a noisy sine, and report errors, band widths and coverage.

    All errors are in the unit of the series. The flat line is at 3.0, the line goes from 0 to 5, the sines have
    amplitude 1.
    """
    from rich.console import Console
    from rich.table import Table

    from segue.forecasting.nanotst.model import NanoTST
    from segue.forecasting.pretraining.report import evaluate_sentences

    table = Table("sentence", "RMSE of the median", "mean width of 80 %", "coverage of 80 %")
    for row in evaluate_sentences(NanoTST.from_pretrained(model), horizon):
        table.add_row(row.sentence, f"{row.rmse:.4f}", f"{row.width:.4f}", f"{row.coverage:.0%}")
    Console().print(table)


@app.command()
def show(
    production: Annotated[list[str] | None, typer.Option(help="Only this production; repeatable.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the samples.")] = 0,
    output: Annotated[Path, typer.Option(help="Draw to this .png, .pdf or .svg.")] = Path("sheet.png"),
) -> None:
    """Draw samples of the grammar's productions: one row each, or six rows of a single production.

    A quarter of the columns each show the last 72, 168, 504 and 1,008 steps. The samples include artefacts of real
    data.
    """
    from segue.atomic import atomic_file
    from segue.forecasting.pretraining.grammar.sheet import draw_sheet

    check_writable("output", output, PICTURES)
    figure = draw_sheet(production, seed=seed)
    with atomic_file(output, "output") as file:
        figure.savefig(file)
