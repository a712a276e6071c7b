"""`segue translate`: models that turn one sequence into another, trained on pairs, one file for each verb."""

import typer

from segue.cli.shared.group import OneLineErrors
from segue.cli.translate import align, evaluate, run, split, train

app = typer.Typer(
    cls=OneLineErrors, help="Models of pairs: translation, spelling into sounds, and the like.", no_args_is_help=True
)
app.command("train")(train.train)
app.command("run")(run.run)
app.command("evaluate")(evaluate.evaluate)
app.command("align")(align.align)
app.command("split")(split.split)
