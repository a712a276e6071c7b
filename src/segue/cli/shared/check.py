"""The check that follows a forecast on the command line: a line where a naive forecast would have been better."""

from typing import TYPE_CHECKING

import typer

from segue.cli.shared.flags import notes_in_flags
from segue.forecasting.evaluation.check import check
from segue.forecasting.predictor import Predictor
from segue.forecasting.registry import BASELINES

if TYPE_CHECKING:
    from segue.forecasting.table.reading import Reading


def show_check(ctx: typer.Context, reading: "Reading", predictor: Predictor, model: str, horizon: int) -> None:
    """Prints a line to standard error if a naive forecast was ahead of a learnt model by more than the spread.

    A baseline is not checked: whoever names one knows what it is, and some take a second for each window.
    """
    if model.partition(":")[0] in BASELINES:
        return
    found = check(reading, predictor, horizon)
    if found is not None and found.warning is not None:
        for line in notes_in_flags([found.warning], ctx.command):
            typer.echo(f"check: {line}", err=True)
