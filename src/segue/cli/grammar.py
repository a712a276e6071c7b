"""`segue grammar`: what the model has learnt of the grammar's first sentences."""

from typing import Annotated

import typer

app = typer.Typer(help="The synthetic series that the forecaster learns from.", no_args_is_help=True)


@app.callback()
def grammar() -> None:
    """Keeps `grammar evaluate` a verb of its own while there is only one."""


@app.command()
def evaluate(
    model: Annotated[str, typer.Option(help="A model folder, or the name of a bundled model.")] = "nanotst",
    horizon: Annotated[int, typer.Option(help="Steps ahead.")] = 96,
) -> None:
    """Forecast a flat line, a line, a sine and a noisy sine: is the model right, and how sure is it?

    All errors are in the unit of the series: 3.0 for the flat one, 0 to 5 for the line, amplitude 1 for the sines.
    """
    from rich.console import Console
    from rich.table import Table

    from segue.forecast.grammar.report import evaluate_sentences
    from segue.forecast.nanotst import NanoTST

    table = Table("sentence", "RMSE of the median", "mean width of 80 %", "coverage of 80 %")
    for row in evaluate_sentences(NanoTST.from_pretrained(model), horizon):
        table.add_row(row.sentence, f"{row.rmse:.4f}", f"{row.width:.4f}", f"{row.coverage:.0%}")
    Console().print(table)
