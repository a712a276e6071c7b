"""The command line, one file for each verb.

No heavy module is imported here or at the head of a verb's file, so `segue --help` answers at once.
"""

import sys
from typing import Annotated

import typer

from segue import __version__
from segue.cli import (
    backtest,
    explain,
    export,
    forecast,
    grammar,
    language,
    pretrain,
    serve,
    simulate,
    translate,
    watch,
)
from segue.cli.shared.group import OneLineErrors
from segue.signals import Stops

app = typer.Typer(
    cls=OneLineErrors,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},  # of all verbs
)
app.command("forecast")(forecast.forecast)
app.command("backtest")(backtest.backtest)
app.command("simulate")(simulate.simulate)
app.command("explain")(explain.explain)
app.command("watch")(watch.watch)
app.command("serve")(serve.serve)
app.command("pretrain")(pretrain.pretrain)
app.command("export")(export.export)
app.add_typer(grammar.app, name="grammar")
app.add_typer(language.app, name="language")
app.add_typer(translate.app, name="translate")


def _version(wanted: bool) -> bool:
    if wanted:
        typer.echo(f"segue {__version__}")
        raise typer.Exit
    return wanted


@app.callback()
def segue(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Small sequence models that carry memory: probabilistic forecasts on a laptop, offline."""


def main() -> None:
    """Runs the command that the arguments name, or shows the help if there are none."""
    stops = Stops()
    with stops.raised():
        try:
            app(sys.argv[1:], prog_name="segue")
        except BaseException as error:
            if stops.number is None or isinstance(error, SystemExit):
                raise
            typer.echo("segue: stopped", err=True)  # the signal became another exception, as within an import
            sys.exit(stops.status)
