"""`segue language`: models of your own texts, one file for each verb."""

import typer

from segue.cli.language import evaluate, generate, train
from segue.cli.shared.group import OneLineErrors

app = typer.Typer(cls=OneLineErrors, help="Models of text: train, evaluate, continue a prompt.", no_args_is_help=True)
app.command("train")(train.train)
app.command("evaluate")(evaluate.evaluate)
app.command("generate")(generate.generate)
