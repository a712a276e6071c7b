"""`segue language`: a model of your own texts; one file a verb."""

import typer

from segue.cli.language import evaluate, generate, train

app = typer.Typer(help="Models of text: what follows, how probable is it?", no_args_is_help=True)
app.command("train")(train.train)
app.command("evaluate")(evaluate.evaluate)
app.command("generate")(generate.generate)
